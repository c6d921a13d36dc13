import { basename, join } from "node:path/posix";
import type { Rune } from "../core/compile/mod.ts";
import { serviceOf } from "../core/rune/mod.ts";
import type { Folders } from "../folders.ts";
import { type Host, HostError } from "../host/host.ts";

/**
 * Files elsewhere that define a unit of the same name as one of `runes`: systemd would take one of
 * the two, and not tell which.
 */
export function findStrangers(host: Host, folders: Folders, runes: readonly Rune[]): string[] {
  const services = new Set<string>();
  const units = new Set<string>();
  for (const { path } of runes) {
    const file = basename(path);
    const service = serviceOf(file);
    if (service !== undefined) services.add(service);
    units.add(service ?? file);
  }
  const own = new Set(runes.map(({ path }) => join(folders.config, path)));
  const found = new Set<string>();
  for (const folder of folders.otherQuadlet) {
    walk(host, folder, folders.quadlet, (path) => {
      const service = serviceOf(basename(path));
      if (service !== undefined && services.has(service)) found.add(path);
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

/** Visits every file below `folder`, but for what is below `except`. */
function walk(host: Host, folder: string, except: string, visit: (path: string) => void): void {
  for (const name of namesIn(host, folder)) {
    const path = join(folder, name);
    // Below users/, a folder that is a number is for the user of that number alone.
    if (path === except || /\/systemd\/users\/\d+$/.test(path)) continue;
    if (host.lstat(path)?.kind === "folder") walk(host, path, except, visit);
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
