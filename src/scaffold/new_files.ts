import { basename, dirname, join } from "node:path/posix";
import { type Host, HostError } from "../host/host.ts";
import { refuseSymlinks } from "../trust/files.ts";

/** The operator's own files, but for nobody else to read. */
const MODE = 0o600;

/** A file that is not there yet; `path` is relative to a root. */
export interface NewFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Writes new files below `root`: all of them, or none. One that is there already is never written
 * over, whoever made it in the meantime, and a file is never there in part. Only `root` may be a link.
 */
export function writeNewFiles(host: Host, root: string, files: readonly NewFile[]): void {
  for (const { path } of files) refuseSymlinks(host, root, path);
  const folders = missingFolders(host, root, files);
  const written: string[] = [];
  try {
    for (const { path, text } of files) {
      const place = join(root, path);
      host.makeFolder(dirname(place));
      writeNewFile(host, place, text);
      written.push(place);
    }
    for (const folder of new Set(written.map((place) => dirname(place)))) host.syncFolder(folder);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    for (const place of written) host.remove(place);
    for (const folder of folders) host.removeEmptyFolder(folder);
    throw error;
  }
}

function writeNewFile(host: Host, place: string, text: string): void {
  // Hidden, so that it is no part of a Codex. One that is there is left from a crash.
  const staged = join(dirname(place), `.${basename(place)}.lychd-new`);
  const sweep = () => {
    if (host.lstat(staged) !== undefined) host.remove(staged);
  };
  sweep();
  try {
    host.create(staged, text, MODE);
    // A second name, unlike a rename, refuses a place that is taken.
    host.link(staged, place);
  } finally {
    sweep();
  }
}

/** The folders that are not there yet, each after those in it. */
function missingFolders(host: Host, root: string, files: readonly NewFile[]): string[] {
  const all = new Set([root, ...files.map(({ path }) => dirname(join(root, path)))]);
  return [...all].filter((folder) => host.lstat(folder) === undefined)
    .sort((a, b) => b.length - a.length);
}
