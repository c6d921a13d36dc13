/** What lychd does to the outside world. Everything else is pure. */

/** What a path is; links are followed by `stat` and not by `lstat`. */
export interface FileStatus {
  readonly kind: "file" | "folder" | "link" | "other";
  /** Permission bits. */
  readonly mode: number;
  readonly sizeBytes: number;
  /** The same for two paths that are the same file or folder. */
  readonly identity: string;
}

/** Why the host refused: stable words for the few cases that callers tell apart. */
export type HostFault = "not-found" | "denied" | "no-space" | "read-only" | "other";

/** A refused operation, in words for the operator. */
export class HostError extends Error {
  override readonly name = "HostError";
  constructor(readonly fault: HostFault, readonly path: string, message: string) {
    super(message);
  }
}

/** The file system, as far as lychd needs it. All paths are absolute; every fault is a HostError. */
export interface Host {
  /** The names in a folder, unsorted. */
  list(path: string): string[];
  /** What `path` is, following links; nothing when there is nothing. */
  stat(path: string): FileStatus | undefined;
  /** What `path` itself is; nothing when there is nothing. */
  lstat(path: string): FileStatus | undefined;
  /** The contents, at most `limitBytes` of them. */
  read(path: string, limitBytes?: number): Uint8Array;
  /** Writes a new file, and makes sure that it is on the disk; refuses one that is there. */
  create(path: string, content: string, mode: number): void;
  /** Puts `from` in the place of `to`, at once. */
  rename(from: string, to: string): void;
  /** Removes one file. */
  remove(path: string): void;
  /** Makes a folder and those above it. */
  makeFolder(path: string): void;
  /** Removes a folder if it is empty; true when it did. */
  removeEmptyFolder(path: string): boolean;
  /** Makes sure that the names in a folder are on the disk. */
  syncFolder(path: string): void;
}
