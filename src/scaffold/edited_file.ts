/** A file of the Codex that is edited: the editor gets a copy, which replaces the file at the end. */
import { basename, dirname, join } from "node:path/posix";
import { FILE_LIMIT_KIB } from "../core/codex/limits.ts";
import { sha256 } from "../core/plan/digest.ts";
import type { Host } from "../host/host.ts";
import { copyName, copyPrefix } from "../run/editor.ts";
import { Refusal } from "../run/refusal.ts";
import { refuseSymlinks } from "../trust/files.ts";

/** New files are readable by their owner only. */
const MODE = 0o600;

/** A file of the Codex that is edited. */
export type EditedFile = ReturnType<typeof openEditedFile>;

/**
 * Makes a copy of the file at `path` below the Codex `root`, or finds the one of an edit that was not
 * finished. The name of the copy contains the digest of the file, so an edit of an older version is
 * never continued by mistake. Refuses to edit through a symlink.
 */
export function openEditedFile(host: Host, root: string, path: string) {
  refuseSymlinks(host, root, path);
  const place = join(root, path);
  const status = host.lstat(place);
  if (status?.kind === "symlink") {
    const words = `${place} is a symlink to ${
      host.realPath(place)
    }; lychd never writes through one`;
    throw new Refusal(words, { hint: "edit that file, then: lychd render" });
  }
  const folder = dirname(place);
  const read = (at: string) => host.read(at, FILE_LIMIT_KIB * 1024);
  const before = status === undefined ? new Uint8Array() : read(place);
  const mode = status?.mode ?? MODE;
  const copy = join(folder, copyName(basename(path), sha256(before)));
  const isContinued = host.lstat(copy)?.kind === "file";
  if (!isContinued) host.create(copy, before, MODE);

  /** Replaces the file atomically; without content, removes it. */
  function put(bytes: Uint8Array | undefined): void {
    if (bytes === undefined) host.remove(place);
    else {
      const staged = `${copy}.new`;
      if (host.lstat(staged) !== undefined) host.remove(staged);
      host.create(staged, bytes, mode);
      host.rename(staged, place);
    }
    host.syncFolder(folder);
  }
  return {
    place,
    copy,
    isContinued,
    /** Returns the copies that edits of older versions left. */
    olderCopies: () =>
      host.list(folder).filter((name) => name.startsWith(copyPrefix(basename(path))))
        .map((name) => join(folder, name)).filter((at) => at !== copy).sort(),
    /** Reads the copy. */
    text: () => read(copy),
    /** Returns true if the copy is the same as the file. */
    isUnchanged: () => sha256(read(copy)) === sha256(before),
    /** Replaces the file with the text of the copy, unless it was changed meanwhile. */
    save(bytes: Uint8Array): void {
      const now = host.lstat(place) === undefined ? new Uint8Array() : read(place);
      if (sha256(now) !== sha256(before)) {
        throw new Refusal(`${place} was changed while you edited it; your text is in ${copy}`, {
          hint: `diff -u ${place} ${copy}`,
        });
      }
      put(bytes);
    },
    /** Restores the file as it was before it was saved. */
    restore: () => put(status === undefined ? undefined : before),
    /** Removes the copy. */
    discard: () => host.remove(copy),
  };
}
