/**
 * Notes about services that run with the units of an earlier render: what they were started with,
 * and which of them have no unit any more; and whether verification or reload was skipped.
 *
 * Records the InvocationID of each service: a service that has started again since then has the new
 * settings.
 */
import type { Started } from "../core/plan/started.ts";
import { QUADLET_FOLDER, soulstoneOf } from "../core/rune/names.ts";
import { type Host, HostError } from "../host/host.ts";
import { readOwn } from "../trust/files.ts";

/** The path of the notes, relative to `$XDG_CONFIG_HOME`. */
export const NOTES_PATH = `${QUADLET_FOLDER}/.lychd-notes.json`;

/** InvocationIDs by service; an empty one is unknown and matches any. */
export type Services = ReadonlyMap<string, string>;

/** The notes of the last run. */
export interface Notes {
  /** Services whose units changed while they ran. */
  readonly started: ReadonlyMap<string, Started>;
  /** Services to reload. */
  readonly reread: Services;
  /** Services to stop: their units were removed. */
  readonly stop: Services;
  /** True if units were written without verification or without a reload; `untold` in the file. */
  readonly unconfirmed: boolean;
}

/** Reads the notes. Ignores notes that it cannot read, since they only save manual restarts. */
export function readNotes(host: Host, root: string): Notes {
  let value: Record<string, unknown> | null = null;
  try {
    value = JSON.parse(new TextDecoder().decode(readOwn(host, root, NOTES_PATH)?.bytes));
  } catch (error) {
    if (!(error instanceof HostError || error instanceof SyntaxError)) throw error;
  }
  return {
    started: startedServices(value?.["started"]),
    reread: services(value?.["reread"]),
    stop: services(value?.["stop"]),
    unconfirmed: value?.["untold"] === true,
  };
}

function startedServices(value: unknown): Map<string, Started> {
  return new Map(
    entriesOf(value).flatMap(([unit, entry]) => {
      const { invocation_id: invocationId, settings } = (entry ?? {}) as Record<string, unknown>;
      const isValid = typeof invocationId === "string" && Array.isArray(settings) &&
        settings.every((line) => typeof line === "string");
      return isValid ? [[unit, { invocationId, settings }]] : [];
    }),
  );
}

function services(value: unknown): Services {
  return new Map(
    entriesOf(value).filter((e): e is [string, string] => typeof e[1] === "string"),
  );
}

function entriesOf(value: unknown): [string, unknown][] {
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return entries.filter(([unit]) => isOwnUnit(unit));
}

/** Returns true for the units that any version of lychd has made. */
function isOwnUnit(unit: string): boolean {
  return /^(?:lychd-(?:pod|vessel|hold|observer)\.service|(?:harvester|scribe)(?:-data-volume)?\.service|gpu-exporter\.service|lychd-observer\.timer|lychd-watchers\.target)$/
    .test(unit) || unit.endsWith(".service") && /^[A-Za-z0-9._-]+$/.test(soulstoneOf(unit) ?? "");
}
