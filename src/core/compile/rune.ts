import type { Provenance } from "../rune/mod.ts";

/** One file that lychd writes. */
export interface Rune {
  /** Relative to `$XDG_CONFIG_HOME`. */
  readonly path: string;
  readonly text: string;
  /** Permission bits. Units may hold what the operator put into `env`, so only they may read them. */
  readonly mode: number;
  /** Where in the Codex each line came from. */
  readonly provenance: Provenance;
}

/** The mode of every Rune. */
export const RUNE_MODE = 0o600;
