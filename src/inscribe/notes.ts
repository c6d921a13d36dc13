/**
 * Notes for the next run: services that still run with previous units, services that run although
 * their units were removed, and whether verification or reload was skipped.
 *
 * Records the InvocationID of each service, so that a service that was restarted since then is not
 * restarted again.
 */
import { join } from "node:path/posix";
import { QUADLET_FOLDER, soulstoneOf } from "../core/rune/names.ts";
import { type Host, HostError } from "../host/host.ts";
import { readOwn } from "../trust/files.ts";
import type { Write } from "./transaction.ts";

/** The path of the notes, relative to `$XDG_CONFIG_HOME`. */
export const NOTES_PATH = `${QUADLET_FOLDER}/.lychd-notes.json`;

/** InvocationIDs by service; an empty one is unknown and matches any. */
export type Services = ReadonlyMap<string, string>;

/** The notes of the last run. */
export interface Notes {
  /** Services to restart. */
  readonly restart: Services;
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
    restart: services(value?.["restart"]),
    reread: services(value?.["reread"]),
    stop: services(value?.["stop"]),
    unconfirmed: value?.["untold"] === true,
  };
}

function services(value: unknown): Services {
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return new Map(
    entries.filter((e): e is [string, string] => isOwnUnit(e[0]) && typeof e[1] === "string"),
  );
}

/** Returns true for the units that any version of lychd has made. */
function isOwnUnit(unit: string): boolean {
  return /^(?:lychd-(?:pod|observer)\.service|(?:harvester|scribe)(?:-data-volume)?\.service|gpu-exporter\.service|lychd-observer\.timer|lychd-watchers\.target)$/
    .test(unit) || unit.endsWith(".service") && /^[A-Za-z0-9._-]+$/.test(soulstoneOf(unit) ?? "");
}

/** Returns the write of the notes for a transaction; empty notes remove the file. */
export function notesWrite(host: Host, root: string, notes: Notes): Write[] {
  const { restart, reread, stop, unconfirmed } = notes;
  const isEmpty = restart.size === 0 && reread.size === 0 && stop.size === 0 && !unconfirmed;
  const isThere = host.lstat(join(root, NOTES_PATH)) !== undefined;
  if (isEmpty && !isThere) return [];
  return [{ path: NOTES_PATH, content: isEmpty ? undefined : formatNotes(notes), mode: 0o600 }];
}

/** Writes the notes for the next run. */
export function writeNotes(host: Host, root: string, notes: Notes): void {
  for (const { path, content, mode } of notesWrite(host, root, notes)) {
    const place = join(root, path);
    if (content === undefined) {
      host.remove(place);
      continue;
    }
    const staged = `${place}.new`;
    if (host.lstat(staged) !== undefined) host.remove(staged);
    host.create(staged, content, mode);
    host.rename(staged, place);
  }
}

function formatNotes({ restart, reread, stop, unconfirmed }: Notes): string {
  const value = {
    restart: Object.fromEntries(restart),
    reread: Object.fromEntries(reread),
    stop: Object.fromEntries(stop),
    untold: unconfirmed,
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}
