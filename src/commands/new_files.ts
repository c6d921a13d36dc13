import { basename, dirname, join } from "node:path/posix";
import { type Host, HostError } from "../host/host.ts";

/** The operator's own files, as they would be made by hand, but for nobody else to read. */
const MODE = 0o600;

/**
 * Writes new files below `root`: all of them, or none. One that is there already is never written
 * over, whoever made it in the meantime.
 */
export function writeNewFiles(
  host: Host,
  root: string,
  files: readonly { readonly path: string; readonly text: string }[],
): void {
  const written: string[] = [];
  const folders = foldersToMake(host, root, files);
  try {
    for (const { path, text } of files) {
      const place = join(root, path);
      const staged = join(dirname(place), `.${basename(place)}.lychd-new`);
      host.makeFolder(dirname(place));
      if (host.lstat(staged) !== undefined) host.remove(staged);
      host.create(staged, text, MODE);
      try {
        // A second name, unlike a rename, refuses a place that is taken.
        host.link(staged, place);
        written.push(place);
      } finally {
        host.remove(staged);
      }
    }
    for (const folder of new Set(written.map((place) => dirname(place)))) host.syncFolder(folder);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    for (const place of written) host.remove(place);
    for (const folder of folders) host.removeEmptyFolder(folder);
    throw error;
  }
}

/** The folders that are not there yet, the deepest first. */
function foldersToMake(
  host: Host,
  root: string,
  files: readonly { readonly path: string }[],
): string[] {
  const all = new Set(files.map(({ path }) => dirname(join(root, path)))).add(root);
  return [...all].filter((folder) => host.lstat(folder) === undefined)
    .sort((a, b) => b.length - a.length);
}
