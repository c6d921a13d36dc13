/** Links: which are read through, and that none is written through. */
import { dirname, extname, join } from "node:path/posix";
import { type Host, HostError, kindWords } from "../host/host.ts";

/**
 * Why a file is not read: it links to one of another ending, such as a key, of which a report would
 * show lines. Those who keep their dotfiles elsewhere link to files with the same ending.
 */
export function strangeLink(host: Host, path: string): string | undefined {
  const real = host.realPath(path);
  return extname(real) === extname(path)
    ? undefined
    : `it links to ${real}, and only a link to a file with the same ending is followed`;
}

/** Refuses a path below `root` that leads through a link, or through what is no folder. */
export function refuseDetours(host: Host, root: string, path: string): void {
  for (let folder = dirname(path); folder !== "."; folder = dirname(folder)) {
    const kind = host.lstat(join(root, folder))?.kind ?? "folder";
    if (kind === "folder") continue;
    const words = `it is a ${
      kindWords(kind)
    }, and lychd writes through none: make it a folder of its own`;
    throw new HostError("other", join(root, folder), words);
  }
}
