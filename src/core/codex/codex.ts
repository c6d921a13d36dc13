import type { Place } from "../report/finding.ts";
import type { LychdFields, PortalFields, SoulstoneFields } from "./schema.ts";
import type { TomlPath } from "./toml.ts";

/** An inference engine, as defined by its table. */
export interface Soulstone extends Omit<SoulstoneFields, "exec" | "groups" | "capabilities"> {
  /** The name of its table. */
  readonly name: string;
  /** The words of `exec`, or undefined if it is not set. */
  readonly exec: readonly string[] | undefined;
  /** Sorted, without duplicates. */
  readonly groups: readonly string[];
  /** Sorted, without duplicates. */
  readonly capabilities: readonly string[];
  /** True if fields with problems were left out. */
  readonly partial: boolean;
  /** The required fields that hold a placeholder, because they are missing or invalid. */
  readonly unknown: readonly string[];
  /** True if some of its groups could not be read. */
  readonly groupsUnknown: boolean;
  /** The path of its file in the Codex folder. */
  readonly file: string;
  /** Returns the place of a field, or of the table header if the field has its default. */
  placeOf(path: TomlPath): Place;
  /** Returns the place of the key of a field. */
  keyOf(path: TomlPath): Place;
}

/** Another server with models, as defined by its file. */
export interface Portal extends PortalFields {
  /** The name of its file, without `.toml`. */
  readonly name: string;
  /** The path of its file in the Codex folder. */
  readonly file: string;
  /** The certificates of `ca_file`, as PEM. */
  readonly authorities: string | undefined;
  /** Returns the place of a field, or the start of the file if the field has its default. */
  placeOf(path: TomlPath): Place;
  /** Returns the place of the key of a field. */
  keyOf(path: TomlPath): Place;
}

/** The configuration of a host. Soulstones are sorted by name. */
export interface Codex {
  readonly settings: LychdFields;
  /** True if some settings have problems and hold their defaults. */
  readonly settingsPartial: boolean;
  readonly soulstones: readonly Soulstone[];
  /** Sorted by name. */
  readonly portals: readonly Portal[];
  /** Returns the place of a setting, or the start of `lychd.toml` if it has its default. */
  settingsPlaceOf(path: TomlPath): Place;
  /** Returns the place of the key of a setting. */
  settingsKeyOf(path: TomlPath): Place;
}

/** Returns which of the Watchers run. The Scribe runs with the Harvester by default. */
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

/** Returns `http://localhost:PORT/v1`. */
export function uriOf(soulstone: { readonly port: number }): string {
  return `http://localhost:${soulstone.port}/v1`;
}
