/**
 * Writes of many files as one: all of them, or none. Not even a crash leaves a mixture for good: a
 * journal says what was begun, and the next run undoes it.
 *
 * In order: the journal; every new text beside its place, where a full disk shows; then, file by
 * file, a second name for the old one and a rename. Undoing needs renames only, and no space.
 */
import { dirname, join } from "node:path/posix";
import { sha256 } from "../core/plan/digest.ts";
import { isOwnPath } from "../core/plan/receipt.ts";
import { QUADLET_FOLDER, SYSTEMD_FOLDER } from "../core/rune/mod.ts";
import { type Host, HostError } from "../host/host.ts";
import { refuseDetours } from "../trust/links.ts";
import { digestAt } from "../trust/own_digest.ts";
import { readOwn, refuseLarge } from "../trust/own_files.ts";

/** One file to write, or to remove when it has no content. `path` is relative to the root. */
export interface Write {
  readonly path: string;
  readonly content: string | Uint8Array | undefined;
  readonly mode: number;
  /** The digest of what is to be replaced: something else, written meanwhile, is not. */
  readonly expected?: string | undefined;
}

/** Writes that are in place, but not yet for good. */
export interface Transaction {
  /** Lets go of the old files. */
  commit(): void;
  /** Puts the old files back. */
  undo(): void;
}

/** While it is there, what it names is to be undone. */
const JOURNAL_PATH = `${QUADLET_FOLDER}/.lychd-journal.json`;

/** The journal of a transaction that is for good, but not yet tidied up. */
const DONE_PATH = `${QUADLET_FOLDER}/.lychd-done.json`;

/** What the journal holds of each write: enough to undo it. */
interface Entry {
  readonly path: string;
  readonly hadBefore: boolean;
  /** The digest of what is written; nothing for a removal. */
  readonly sha256: string | undefined;
}

/**
 * Puts `writes` in place below `root`, which no other transaction may be open on. On any fault the
 * state of before is back when it throws.
 */
export function beginTransaction(host: Host, root: string, writes: readonly Write[]): Transaction {
  if (writes.length === 0) return { commit() {}, undo() {} };
  const entries = writes.map(({ path, content }): Entry => ({
    path,
    hadBefore: host.lstat(join(root, path)) !== undefined,
    sha256: content === undefined ? undefined : sha256(content),
  }));
  const transaction: Transaction = {
    commit: () => commit(host, root, entries),
    undo: () => undo(host, root, entries),
  };
  for (const { path } of [...entries, { path: JOURNAL_PATH }]) refuseDetours(host, root, path);
  for (const { path, content } of writes) {
    if (content !== undefined) refuseLarge(join(root, path), path, content);
  }
  for (const { path } of entries) sweep(host, root, path);
  writeJournal(host, root, entries);
  try {
    for (const { path, content, mode } of writes) {
      const place = join(root, path);
      host.makeFolder(dirname(place));
      if (content !== undefined) host.create(newName(root, path), content, mode);
    }
    for (const [i, { path, hadBefore, sha256: digest }] of entries.entries()) {
      const place = join(root, path);
      const old = oldName(root, path);
      if (hadBefore) host.link(place, old);
      const expected = writes[i]?.expected;
      if (expected !== undefined && (!hadBefore || digestAt(host, old, path) !== expected)) {
        throw new HostError("other", place, "it was changed while lychd was at work");
      }
      if (digest !== undefined) host.rename(newName(root, path), place);
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
 * Undoes a transaction that a crash cut off, or tidies up behind one that was for good; true when
 * something was undone.
 *
 * Refuses a journal that names files outside of lychd's folders, or that is reached by a link.
 */
export function recover(host: Host, root: string): boolean {
  refuseDetours(host, root, JOURNAL_PATH);
  const done = readJournal(host, root, DONE_PATH);
  if (done !== undefined) tidy(host, root, done);
  sweep(host, root, JOURNAL_PATH);
  const begun = readJournal(host, root, JOURNAL_PATH);
  if (begun !== undefined) undo(host, root, begun);
  return begun !== undefined;
}

/** Whether a transaction below `root` was cut off, and is to be undone. */
export function isCutOff(host: Host, root: string): boolean {
  return host.lstat(join(root, JOURNAL_PATH)) !== undefined;
}

/** The names that only a transaction uses. */
export function isTransient(name: string): boolean {
  return /^\.lychd-(?:new|old)-[0-9a-f]{16}$/.test(name);
}

/** Names that depend on the path below the root alone: the root may be found by another way. */
function newName(root: string, path: string): string {
  return join(root, dirname(path), `.lychd-new-${sha256(path).slice(0, 16)}`);
}

function oldName(root: string, path: string): string {
  return join(root, dirname(path), `.lychd-old-${sha256(path).slice(0, 16)}`);
}

/** A name beside `path` for an edit that is kept: the first that is free, and no unit. */
export function editedName(host: Host, root: string, path: string): string {
  for (let n = 1;; n++) {
    const name = `${path}.edited${n === 1 ? "" : `-${n}`}`;
    if (host.lstat(join(root, name)) === undefined) return name;
  }
}

/** Removes the new or old text that waits beside `path`. */
function sweep(host: Host, root: string, path: string): void {
  for (const name of [newName(root, path), oldName(root, path)]) {
    if (host.lstat(name) !== undefined) host.remove(name);
  }
}

function writeJournal(host: Host, root: string, entries: readonly Entry[]): void {
  const place = join(root, JOURNAL_PATH);
  const staged = newName(root, JOURNAL_PATH);
  host.makeFolder(dirname(place));
  sweep(host, root, JOURNAL_PATH);
  try {
    host.create(staged, `${JSON.stringify({ lychd: 1, entries }, null, 2)}\n`, 0o600);
    host.rename(staged, place);
  } catch (error) {
    if (error instanceof HostError) sweep(host, root, JOURNAL_PATH);
    throw error;
  }
  host.syncFolder(dirname(place));
}

function readJournal(host: Host, root: string, name: string): Entry[] | undefined {
  const file = readOwn(host, root, name);
  if (file === undefined) return undefined;
  const text = new TextDecoder().decode(file.bytes);
  const broken = new HostError(
    "other",
    join(root, name),
    "the journal of a former run is not lychd's own",
  );
  let value: { lychd?: unknown; entries?: unknown };
  try {
    value = JSON.parse(text);
  } catch {
    throw broken;
  }
  const entries = value?.lychd === 1 && Array.isArray(value.entries) ? value.entries : undefined;
  if (!entries?.every((e) => typeof e?.path === "string" && isOwnPath(e.path))) throw broken;
  for (const { path } of entries) refuseDetours(host, root, path);
  return entries;
}

function undo(host: Host, root: string, entries: readonly Entry[]): void {
  for (const { path, hadBefore, sha256: digest } of entries) {
    const place = join(root, path);
    const old = oldName(root, path);
    if (host.lstat(old) !== undefined) {
      keepEdit(host, root, path, [digest, digestAt(host, old, path)]);
      host.rename(old, place);
      // Where nothing was renamed over it yet, both are names of one file, and both stay.
      if (host.lstat(old) !== undefined) host.remove(old);
    } else if (!hadBefore && digest !== undefined && digestAt(host, place, path) === digest) {
      host.remove(place);
    }
    if (host.lstat(newName(root, path)) !== undefined) host.remove(newName(root, path));
    removeIfEmptied(host, root, path);
  }
  syncFolders(host, root, entries);
  host.remove(join(root, JOURNAL_PATH));
  host.syncFolder(join(root, QUADLET_FOLDER));
}

/** Whatever stands at `path` and is none of `known` is somebody's edit, and is put aside. */
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

/** From the rename of the journal on, the new state is for good. */
function commit(host: Host, root: string, entries: readonly Entry[]): void {
  syncFolders(host, root, entries);
  host.rename(join(root, JOURNAL_PATH), join(root, DONE_PATH));
  host.syncFolder(join(root, QUADLET_FOLDER));
  try {
    tidy(host, root, entries);
  } catch (error) {
    // The new state is for good all the same; the next run tidies up.
    if (!(error instanceof HostError)) throw error;
  }
}

/** Lets go of the old files. */
function tidy(host: Host, root: string, entries: readonly Entry[]): void {
  for (const { path } of entries) {
    sweep(host, root, path);
    removeIfEmptied(host, root, path);
  }
  host.remove(join(root, DONE_PATH));
}

function foldersOf(root: string, entries: readonly Entry[]): string[] {
  return [...new Set(entries.map(({ path }) => dirname(join(root, path))))];
}

function syncFolders(host: Host, root: string, entries: readonly Entry[]): void {
  for (const folder of foldersOf(root, entries)) {
    if (host.lstat(folder) !== undefined) host.syncFolder(folder);
  }
}

/** A folder below ours, such as that of a drop-in, goes with its last file, and those above it too. */
function removeIfEmptied(host: Host, root: string, path: string): void {
  const isOurs = (folder: string) =>
    folder.startsWith(`${QUADLET_FOLDER}/`) || folder.startsWith(`${SYSTEMD_FOLDER}/`);
  for (let folder = dirname(path); isOurs(folder); folder = dirname(folder)) {
    if (!host.removeEmptyFolder(join(root, folder))) return;
  }
}
