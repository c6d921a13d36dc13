import { basename, join } from "node:path/posix";
import type { Rune } from "../core/compile/compile.ts";
import type { Receipt } from "../core/plan/receipt.ts";
import { serviceOf, unitOf } from "../core/rune/names.ts";
import { type Host, HostError } from "../host/host.ts";
import type { Folders } from "../run/folders.ts";

/**
 * Returns files in other folders that define a unit of the same name as one of `runes`: systemd would
 * silently use one of the two. A mask (a symlink to /dev/null) is the choice of the operator.
 */
export function nameClashes(
  host: Host,
  folders: Folders,
  runes: readonly Rune[],
  receipt: Receipt,
): string[] {
  const units = new Set(runes.flatMap(({ path }) => unitOf(path) ?? []));
  const paths = [...runes.map(({ path }) => path), ...Object.keys(receipt.files)];
  const own = new Set(paths.map((path) => join(folders.config, path)));
  const files = [
    ...folders.otherQuadlet.flatMap((folder) =>
      filesBelow(host, folder).filter((path) => !own.has(path))
        .map((path) => ({ path, unit: serviceMadeOf(host, path) }))
    ),
    ...folders.otherSystemd.flatMap((folder) =>
      namesIn(host, folder).map((unit) => ({ path: join(folder, unit), unit }))
    ),
  ];
  const clashes = files.filter(({ path, unit }) =>
    unit !== undefined && units.has(unit) && !own.has(path) && !isMask(host, path)
  );
  return [...new Set(clashes.map(({ path }) => path))].sort();
}

function isMask(host: Host, path: string): boolean {
  try {
    return host.lstat(path)?.kind === "symlink" && host.realPath(path) === "/dev/null";
  } catch (error) {
    if (error instanceof HostError) return false;
    throw error;
  }
}

/** The part of a unit that is read. */
const HEAD_BYTES = 1_000_000;

/** Returns the service that Quadlet makes of a file: by its name, or by its `ServiceName=`. */
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

function filesBelow(host: Host, folder: string): string[] {
  return namesIn(host, folder).flatMap((name) => {
    const path = join(folder, name);
    // Below users/, a folder with a number is only for the user of that number.
    if (/\/systemd\/users\/\d+$/.test(path)) return [];
    return host.lstat(path)?.kind === "folder" ? filesBelow(host, path) : [path];
  });
}

function namesIn(host: Host, folder: string): string[] {
  try {
    return host.stat(folder)?.kind === "folder" ? host.list(folder) : [];
  } catch (error) {
    // systemd, as this user, cannot read such a folder either.
    if (error instanceof HostError) return [];
    throw error;
  }
}
