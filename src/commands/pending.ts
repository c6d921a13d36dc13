/**
 * Services that run with what is no longer so: told at one render, restarted at another.
 *
 * Each stands with systemd's InvocationID of that time, so that one which was started anew meanwhile,
 * by whatever hand, is not restarted for nothing. No clock is asked.
 */
import { join } from "node:path/posix";
import { QUADLET_FOLDER } from "../core/rune/mod.ts";
import { type Host, HostError } from "../host/host.ts";
import type { Write } from "./transaction.ts";

/** Where they are kept, relative to `$XDG_CONFIG_HOME`. */
export const PENDING_PATH = `${QUADLET_FOLDER}/.lychd-pending.json`;

/** InvocationIDs by service; an empty one is not known, and fits any. */
export type Pending = ReadonlyMap<string, string>;

/** Reads them; a file that cannot be read is none, since it only saves a restart by hand. */
export function readPending(host: Host, root: string): Pending {
  try {
    const value = JSON.parse(new TextDecoder().decode(host.read(join(root, PENDING_PATH))));
    return new Map(
      Object.entries(value ?? {}).filter((e): e is [string, string] => typeof e[1] === "string"),
    );
  } catch (error) {
    if (error instanceof HostError || error instanceof SyntaxError) return new Map();
    throw error;
  }
}

/** Keeps them for the next run. */
export function writePending(host: Host, root: string, pending: Pending): void {
  const place = join(root, PENDING_PATH);
  const staged = `${place}.new`;
  for (const path of [staged, ...(pending.size === 0 ? [place] : [])]) {
    if (host.lstat(path) !== undefined) host.remove(path);
  }
  if (pending.size === 0) return;
  host.create(staged, formatPending(pending), 0o600);
  host.rename(staged, place);
}

/**
 * The write that keeps `changed` in mind as part of the transaction that changes them: a crash behind
 * it must not lose that they run with what is no longer so.
 */
export function pendingWrites(host: Host, root: string, changed: readonly string[]): Write[] {
  if (changed.length === 0) return [];
  const unknown = changed.map((unit): [string, string] => [unit, ""]);
  const pending = new Map([...readPending(host, root), ...unknown]);
  return [{ path: PENDING_PATH, content: formatPending(pending), mode: 0o600 }];
}

function formatPending(pending: Pending): string {
  return `${JSON.stringify(Object.fromEntries(pending), null, 2)}\n`;
}
