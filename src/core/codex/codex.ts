import type { Place } from "../report/finding.ts";
import type { EngineName } from "./kinds.ts";
import type { LychdFields, SoulstoneFields } from "./schema.ts";
import type { TomlPath } from "./toml.ts";

/** One inference engine, as its table defines it. */
export interface Soulstone extends Omit<SoulstoneFields, "exec" | "groups" | "capabilities"> {
  /** The name of its table. */
  readonly name: string;
  /** The words of `exec`, split; nothing when there is none. */
  readonly exec: readonly string[] | undefined;
  /** Sorted, each once. */
  readonly groups: readonly string[];
  /** Sorted, each once. */
  readonly capabilities: readonly string[];
  /** Whether fields with faults were left out: then only what is left can be judged. */
  readonly partial: boolean;
  /** Fields that it must have but that are missing or wrong: they hold a stand-in. */
  readonly unknown: readonly string[];
  /** Whether it may be in groups that could not be read. */
  readonly groupsUnknown: boolean;
  /** The file that defines it, relative to the Codex. */
  readonly file: string;
  /** Where a field stands; the table's head for one that has its default. */
  placeOf(path: TomlPath): Place;
  /** Where the key of a field stands. */
  keyOf(path: TomlPath): Place;
}

/** The whole Codex: what an operator wants to run. Soulstones are sorted by name. */
export interface Codex {
  readonly settings: LychdFields;
  /** Whether some settings have faults and are left at their defaults. */
  readonly settingsPartial: boolean;
  readonly soulstones: readonly Soulstone[];
  /** Where a setting stands; the start of `lychd.toml` for one that has its default. */
  settingsPlaceOf(path: TomlPath): Place;
  /** Where the key of a setting stands. */
  settingsKeyOf(path: TomlPath): Place;
}

/** Which of the Watchers run: the Scribe shows what the Harvester holds, so it goes with it. */
export function watchersOf({ harvester, scribe, gpu_exporter }: LychdFields): {
  harvester: boolean;
  scribe: boolean;
  gpuExporter: boolean;
} {
  return {
    harvester: harvester.enabled,
    scribe: scribe.enabled ?? harvester.enabled,
    gpuExporter: gpu_exporter.enabled,
  };
}

/** `http://localhost:PORT/v1`: always computed, never set. */
export function uriOf(soulstone: { readonly port: number }): string {
  return `http://localhost:${soulstone.port}/v1`;
}

export type { EngineName };
