/**
 * What the next run must know of the last one: services that run with what is no longer so, services
 * whose units are gone while they run, and whether systemd was told at all.
 *
 * A service stands with systemd's InvocationID of that time, so that one which was started anew
 * meanwhile, by whatever hand, is not restarted for nothing. No clock is asked.
 */
import { join } from "node:path/posix";
import { QUADLET_FOLDER } from "../core/rune/mod.ts";
import { type Host, HostError } from "../host/host.ts";
import { readOwn } from "../trust/own_files.ts";
import type { Write } from "./transaction.ts";

/** Where the notes are, relative to `$XDG_CONFIG_HOME`. */
export const NOTES_PATH = `${QUADLET_FOLDER}/.lychd-notes.json`;

/** InvocationIDs by service; an empty one is not known, and fits any. */
export type Services = ReadonlyMap<string, string>;

/** The notes of the last run. */
export interface Notes {
  /** To be restarted. */
  readonly restart: Services;
  /** To be told to read their files again. */
  readonly reread: Services;
  /** To be stopped: their units are gone. */
  readonly stop: Services;
  /** Whether units were written that were not tried, or of which systemd was not told. */
  readonly untold: boolean;
}

/** Reads the notes; those that cannot be read are none, since they only save a hand's work. */
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
    untold: value?.["untold"] === true,
  };
}

function services(value: unknown): Services {
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return new Map(
    entries.filter((e): e is [string, string] => OURS.test(e[0]) && typeof e[1] === "string"),
  );
}

/** Units that lychd may ever have had. */
const OURS =
  /^(?:soulstone-[A-Za-z0-9._-]+\.service|lychd-(?:pod|observer)\.service|(?:harvester|scribe)(?:-data-volume)?\.service|gpu-exporter\.service|lychd-observer\.timer|lychd-watchers\.target)$/;

/** The write that keeps notes as part of a transaction, or removes the file when there are none. */
export function notesWrite(host: Host, root: string, notes: Notes): Write[] {
  const { restart, reread, stop, untold } = notes;
  const isEmpty = restart.size === 0 && reread.size === 0 && stop.size === 0 && !untold;
  const isThere = host.lstat(join(root, NOTES_PATH)) !== undefined;
  if (isEmpty && !isThere) return [];
  return [{ path: NOTES_PATH, content: isEmpty ? undefined : formatNotes(notes), mode: 0o600 }];
}

/** Keeps notes for the next run. */
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

function formatNotes({ restart, reread, stop, untold }: Notes): string {
  const value = {
    restart: Object.fromEntries(restart),
    reread: Object.fromEntries(reread),
    stop: Object.fromEntries(stop),
    untold,
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}
