import { basename, join } from "node:path/posix";
import type { Rune } from "../core/compile/mod.ts";
import type { Receipt } from "../core/plan/mod.ts";
import { serviceOf, unitOf } from "../core/rune/mod.ts";
import type { Folders } from "../run/folders.ts";
import { type Host, HostError } from "../host/host.ts";

/**
 * Files elsewhere that define a unit of the same name as one of `runes`: systemd would take one of
 * the two, and not tell which.
 */
export function findStrangers(
  host: Host,
  folders: Folders,
  runes: readonly Rune[],
  receipt: Receipt,
): string[] {
  const units = new Set(runes.flatMap(({ path }) => unitOf(path) ?? []));
  const paths = [...runes.map(({ path }) => path), ...Object.keys(receipt.files)];
  const own = new Set(paths.map((path) => join(folders.config, path)));
  const found = new Set<string>();
  for (const folder of folders.otherQuadlet) {
    walk(host, folder, (path) => {
      const service = own.has(path) ? undefined : serviceMadeOf(host, path);
      if (service !== undefined && units.has(service)) found.add(path);
    });
  }
  for (const folder of folders.otherSystemd) {
    for (const name of namesIn(host, folder)) {
      const path = join(folder, name);
      if (units.has(name) && !own.has(path)) found.add(path);
    }
  }
  return [...found].sort();
}

/** So much of a unit is read. */
const HEAD_BYTES = 1_000_000;

/**
 * The service that Quadlet makes of a file: by its name, or as it says itself. What cannot be read, or
 * is no file, says nothing.
 */
function serviceMadeOf(host: Host, path: string): string | undefined {
  const service = serviceOf(basename(path));
  if (service === undefined) return undefined;
  try {
    const text = new TextDecoder().decode(host.readHead(path, HEAD_BYTES));
    const named = [...text.matchAll(/^[ \t]*ServiceName[ \t]*=[ \t]*(\S+)[ \t\r]*$/gm)].at(-1)?.[1];
    return named === undefined ? service : `${named}.service`;
  } catch (error) {
    if (error instanceof HostError) return service;
    throw error;
  }
}

/** Visits every file below `folder`. */
function walk(host: Host, folder: string, visit: (path: string) => void): void {
  for (const name of namesIn(host, folder)) {
    const path = join(folder, name);
    // Below users/, a folder that is a number is for the user of that number alone.
    if (/\/systemd\/users\/\d+$/.test(path)) continue;
    if (host.lstat(path)?.kind === "folder") walk(host, path, visit);
    else visit(path);
  }
}

function namesIn(host: Host, folder: string): string[] {
  try {
    return host.stat(folder)?.kind === "folder" ? host.list(folder) : [];
  } catch (error) {
    // A folder that this user cannot read, systemd as this user cannot either.
    if (error instanceof HostError) return [];
    throw error;
  }
}
