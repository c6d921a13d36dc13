import type { EngineName } from "../codex/kinds.ts";

/** What is wanted of a new Soulstone; what is left out is found. */
export interface SoulstoneRequest {
  readonly engine: EngineName;
  readonly name: string | undefined;
  readonly image: string | undefined;
  /** A repository id, or a path of the host. */
  readonly model: string | undefined;
  readonly port: number | "auto" | undefined;
  readonly covens: readonly string[];
  readonly capabilities: readonly string[];
  /** Nothing for those of `lychd.toml`. */
  readonly devices: readonly string[] | undefined;
}
