/**
 * Writes many files as one transaction. After a crash, the next run undoes the writes by a journal.
 *
 * The order: the journal; every new file beside its target, where a full disk shows; then, for each
 * file, a hard link to the old one and a rename. Undoing needs only renames, and no disk space.
 */
import { dirname, join } from "node:path/posix";
import { sha256 } from "../core/plan/digest.ts";
import { isOwnPath, type Tree, UNITS } from "../core/plan/receipt.ts";
import { type Host, HostError } from "../host/host.ts";
import { limitOf, readOwn, refuseLarge, refuseSymlinks } from "../trust/files.ts";

/** A file to write, or to remove if it has no content. `path` is relative to the root. */
export interface Write {
  readonly path: string;
  readonly content: string | Uint8Array | undefined;
  readonly mode: number;
  /** The digest of the old file: the transaction fails if the file has changed since then. */
  readonly expected?: string | undefined;
}

/** Writes that are in place and can still be undone. */
export interface Transaction {
  /** Removes the old files. */
  commit(): void;
  /** Restores the old files. */
  undo(): void;
}

/** Returns the path of the journal of writes that the next run must undo. */
function journalOf({ own }: Tree): string {
  return join(own, ".lychd-journal.json");
}

/** The version of its format. */
const JOURNAL_VERSION = 1;

/** Returns the path of the journal of a committed transaction whose old files are not removed yet. */
function doneOf({ own }: Tree): string {
  return join(own, ".lychd-done.json");
}

/** An entry of the journal: enough to undo a write. */
interface Entry {
  readonly path: string;
  readonly hadBefore: boolean;
  /** The digest of the new file; undefined for a removal. */
  readonly sha256: string | undefined;
}

/**
 * Puts `writes` in place below `root`, which must have no other open transaction. Restores the old state
 * before it throws.
 */
export function beginTransaction(
  host: Host,
  root: string,
  writes: readonly Write[],
  tree = UNITS,
): Transaction {
  if (writes.length === 0) return { commit() {}, undo() {} };
  const entries = writes.map(({ path, content }): Entry => ({
    path,
    hadBefore: host.lstat(join(root, path)) !== undefined,
    sha256: content === undefined ? undefined : sha256(content),
  }));
  const transaction: Transaction = {
    commit: () => commit(host, root, entries, tree),
    undo: () => undo(host, root, entries, tree),
  };
  for (const { path } of [...entries, { path: journalOf(tree) }]) refuseSymlinks(host, root, path);
  for (const { path, content } of writes) {
    if (content !== undefined) refuseLarge(join(root, path), path, content);
  }
  for (const { path } of entries) sweep(host, root, path);
  writeJournal(host, root, entries, tree);
  try {
    for (const { path, content, mode } of writes) {
      const place = join(root, path);
      host.makeFolder(dirname(place));
      if (content !== undefined) host.create(transientName("new", root, path), content, mode);
    }
    for (const [i, { path, hadBefore, sha256: digest }] of entries.entries()) {
      const place = join(root, path);
      const old = transientName("old", root, path);
      if (hadBefore) host.link(place, old);
      const expected = writes[i]?.expected;
      if (expected !== undefined && (!hadBefore || digestAt(host, old, path) !== expected)) {
        throw new HostError("other", place, "it was edited while lychd was running");
      }
      if (digest !== undefined) host.rename(transientName("new", root, path), place);
      else if (hadBefore) host.remove(place);
    }
    syncFolders(host, root, entries);
  } catch (error) {
    if (error instanceof HostError) transaction.undo();
    throw error;
  }
  return transaction;
}

/**
 * Removes files one after the other, and needs no space on the disk. If it is interrupted, the files that
 * are left must say what is still to remove.
 */
export function removeInOrder(
  host: Host,
  root: string,
  paths: readonly string[],
  tree = UNITS,
): void {
  for (const path of paths) {
    refuseSymlinks(host, root, path);
    removeIfThere(host, join(root, path));
    removeIfEmptied(host, root, path, tree);
  }
}

/**
 * Undoes a transaction that was interrupted, or cleans up after one that was committed. Returns true if
 * it undid something. Refuses a journal with files outside of lychd's folders, or with a symlink on
 * the path.
 */
export function recover(host: Host, root: string, tree = UNITS): boolean {
  refuseSymlinks(host, root, journalOf(tree));
  const done = readJournal(host, root, { name: doneOf(tree), tree });
  if (done !== undefined) cleanUp(host, root, done, tree);
  sweep(host, root, journalOf(tree));
  const interrupted = readJournal(host, root, { name: journalOf(tree), tree });
  if (interrupted !== undefined) undo(host, root, interrupted, tree);
  return interrupted !== undefined;
}

/** Returns true if a transaction below `root` was interrupted. */
export function isInterrupted(host: Host, root: string, tree = UNITS): boolean {
  return host.lstat(join(root, journalOf(tree))) !== undefined;
}

/** Returns true for names that only a transaction uses. */
export function isTransient(name: string): boolean {
  return /^\.lychd-(?:new|old)-[0-9a-f]{16}$/.test(name);
}

/** The name depends only on the path below the root: the next run may reach the root by a symlink. */
function transientName(kind: "new" | "old", root: string, path: string): string {
  return join(root, dirname(path), `.lychd-${kind}-${sha256(path).slice(0, 16)}`);
}

/** Returns a free name beside `path` that is not a unit, to keep an edited file. */
export function editedName(host: Host, root: string, path: string): string {
  for (let n = 1;; n++) {
    const name = `${path}.edited${n === 1 ? "" : `-${n}`}`;
    if (host.lstat(join(root, name)) === undefined) return name;
  }
}

/** Removes the new and the old file beside `path`. */
function sweep(host: Host, root: string, path: string): void {
  removeIfThere(host, transientName("new", root, path));
  removeIfThere(host, transientName("old", root, path));
}

function removeIfThere(host: Host, path: string): void {
  if (host.lstat(path) !== undefined) host.remove(path);
}

function writeJournal(host: Host, root: string, entries: readonly Entry[], tree: Tree): void {
  const path = journalOf(tree);
  const place = join(root, path);
  const staged = transientName("new", root, path);
  host.makeFolder(dirname(place));
  sweep(host, root, path);
  try {
    host.create(staged, `${JSON.stringify({ lychd: JOURNAL_VERSION, entries }, null, 2)}\n`, 0o600);
    host.rename(staged, place);
  } catch (error) {
    if (error instanceof HostError) sweep(host, root, path);
    throw error;
  }
  host.syncFolder(dirname(place));
}

function readJournal(
  host: Host,
  root: string,
  { name, tree }: { readonly name: string; readonly tree: Tree },
): Entry[] | undefined {
  const file = readOwn(host, root, name);
  if (file === undefined) return undefined;
  const text = new TextDecoder().decode(file.bytes);
  const words = "the journal was not written by lychd: move it away";
  const broken = new HostError("other", join(root, name), words);
  let value: { lychd?: unknown; entries?: unknown };
  try {
    value = JSON.parse(text);
  } catch {
    throw broken;
  }
  if (typeof value?.lychd === "number" && value.lychd > JOURNAL_VERSION) {
    const newer = `the journal is of a newer lychd (version ${value.lychd}, this one reads ` +
      `${JOURNAL_VERSION}): run that lychd again, which finishes its work`;
    throw new HostError("other", join(root, name), newer);
  }
  const entries = value?.lychd === JOURNAL_VERSION && Array.isArray(value.entries)
    ? value.entries
    : undefined;
  if (!entries?.every((e) => typeof e?.path === "string" && isOwnPath(e.path, tree))) throw broken;
  for (const { path } of entries) refuseSymlinks(host, root, path);
  return entries;
}

function undo(host: Host, root: string, entries: readonly Entry[], tree: Tree): void {
  for (const { path, hadBefore, sha256: digest } of entries) {
    const place = join(root, path);
    const old = transientName("old", root, path);
    if (host.lstat(old) !== undefined) {
      keepEdit(host, root, path, [digest, digestAt(host, old, path)]);
      host.rename(old, place);
      // If both are names of one file, the rename keeps both.
      removeIfThere(host, old);
    } else if (!hadBefore && digest !== undefined && digestAt(host, place, path) === digest) {
      host.remove(place);
    }
    removeIfThere(host, transientName("new", root, path));
    removeIfEmptied(host, root, path, tree);
  }
  syncFolders(host, root, entries);
  host.remove(join(root, journalOf(tree)));
  host.syncFolder(join(root, tree.own));
}

/** Returns the digest of `place`, another name of our file `path`; nothing if it is not such a file. */
function digestAt(host: Host, place: string, path: string): string | undefined {
  const status = host.lstat(place);
  if (status?.kind !== "file" || status.sizeBytes > limitOf(path)) return undefined;
  return sha256(host.read(place, limitOf(path)));
}

/** Renames the file at `path` if it is none of `known`: it was edited by hand. */
function keepEdit(
  host: Host,
  root: string,
  path: string,
  known: readonly (string | undefined)[],
): void {
  const place = join(root, path);
  if (host.lstat(place)?.kind !== "file") return;
  const digest = digestAt(host, place, path);
  if (digest !== undefined && known.includes(digest)) return;
  host.rename(place, join(root, editedName(host, root, path)));
}

/** Commits with the rename of the journal. */
function commit(host: Host, root: string, entries: readonly Entry[], tree: Tree): void {
  syncFolders(host, root, entries);
  host.rename(join(root, journalOf(tree)), join(root, doneOf(tree)));
  host.syncFolder(join(root, tree.own));
  try {
    cleanUp(host, root, entries, tree);
  } catch (error) {
    // It is committed anyway; the next run cleans up.
    if (!(error instanceof HostError)) throw error;
  }
}

/** Removes the old files. */
function cleanUp(host: Host, root: string, entries: readonly Entry[], tree: Tree): void {
  for (const { path } of entries) {
    sweep(host, root, path);
    removeIfEmptied(host, root, path, tree);
  }
  host.remove(join(root, doneOf(tree)));
}

function syncFolders(host: Host, root: string, entries: readonly Entry[]): void {
  for (const folder of new Set(entries.map(({ path }) => dirname(join(root, path))))) {
    if (host.lstat(folder) !== undefined) host.syncFolder(folder);
  }
}

/** Removes the empty folders above `path`, for example that of a drop-in, but not lychd's own. */
function removeIfEmptied(host: Host, root: string, path: string, { folders }: Tree): void {
  const isOurs = (folder: string) => folders.some((own) => folder.startsWith(`${own}/`));
  for (let folder = dirname(path); isOurs(folder); folder = dirname(folder)) {
    if (!host.removeEmptyFolder(join(root, folder))) return;
  }
}
