/** The effects of lychd on the outside world. The core has none. */

/** The result of a program that ended. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The limits of a program; it is killed when it exceeds one. */
export interface RunLimits {
  readonly milliseconds: number;
  /** Applies to stdout and stderr separately. */
  readonly bytes: number;
  /** Kills the program earlier. */
  readonly until?: AbortSignal;
}

/** The options of a program that prints to lychd's own stdout and stderr. */
export interface AttachedOptions {
  /** Drops its stdout. */
  readonly quiet?: boolean;
  /** Sends it SIGTERM. */
  readonly until?: AbortSignal;
  /** Receives its stderr instead; a terminal is then none to the program. */
  readonly onStderr?: ((text: string) => void) | undefined;
}

/** The options of a program whose output is read while it runs. */
export interface FollowedOptions {
  /** Sends it SIGTERM. */
  readonly until: AbortSignal;
  /** Receives the next piece of its stdout. Nothing more is read before the promise is fulfilled. */
  readonly onText: (text: string) => Promise<void>;
}

/** The status of a path; `stat` follows symlinks and `lstat` does not. */
export interface FileStatus {
  readonly kind: "file" | "folder" | "symlink" | "other";
  /** Permission bits. */
  readonly mode: number;
  readonly sizeBytes: number;
  /** User number. */
  readonly owner: number;
  /** Group number. */
  readonly group: number;
  /** Equal for two paths to the same file or folder. */
  readonly identity: string;
  /** The ctime in whole seconds of the Unix epoch, rounded down. No program can set it. */
  readonly changedSeconds: number;
}

/** The reasons of a HostError that callers tell apart. */
export type HostErrorReason =
  | "not-found"
  | "denied"
  | "no-space"
  | "too-large"
  | "read-only"
  | "timeout"
  | "interrupted"
  | "other";

/** A failed operation on a path, in words for the operator. */
export class HostError extends Error {
  override readonly name = "HostError";
  constructor(readonly reason: HostErrorReason, readonly path: string, message: string) {
    super(message);
  }
}

/** Returns the noun for a kind: lstat does not tell a pipe from a device. */
export function kindWords(kind: FileStatus["kind"]): string {
  return kind === "other" ? "pipe, socket or device" : kind;
}

/** Refuses, as `read` does, a path that is not a regular file or that has too many bytes. */
export function refuseUnreadable(
  path: string,
  status: FileStatus | undefined,
  limitBytes: number,
): asserts status is FileStatus {
  if (status === undefined) throw new HostError("not-found", path, "it does not exist");
  if (status.kind !== "file") {
    throw new HostError("other", path, `it is a ${kindWords(status.kind)}, not a file`);
  }
  if (status.sizeBytes > limitBytes) throw tooLarge(path, limitBytes);
}

/** Makes the error for a file with more than `limitBytes`. */
export function tooLarge(path: string, limitBytes: number): HostError {
  const limit = limitBytes >= 2 ** 20 ? `${limitBytes / 2 ** 20} MiB` : `${limitBytes} bytes`;
  return new HostError("too-large", path, `it has more than ${limit}`);
}

/** Makes the error for another kind of entry at the path of a file that only lychd writes. */
export function notOwnFile(path: string, kind: FileStatus["kind"]): HostError {
  const words = `it is a ${kindWords(kind)}, but lychd keeps a file here: move it away`;
  return new HostError("other", path, words);
}

/** Statuses that the gate read for a sandbox; nothing for a path that does not exist. */
export type SeenStatuses = ReadonlyMap<string, FileStatus | undefined>;

/**
 * Returns a host whose `lstat` answers for some paths from `seen`. A sandbox may not look at them
 * itself: permission to stat a folder also allows reading everything in it.
 */
export function hostWithSeen(host: Host, seen: SeenStatuses): Host {
  return { ...host, lstat: (path) => seen.has(path) ? seen.get(path) : host.lstat(path) };
}

/** Converts a status of the runtime. */
export function statusOf(info: Deno.FileInfo): FileStatus {
  return {
    kind: info.isFile ? "file" : info.isDirectory ? "folder" : info.isSymlink ? "symlink" : "other",
    mode: (info.mode ?? 0) & 0o7777,
    sizeBytes: info.size,
    owner: info.uid ?? 0,
    group: info.gid ?? 0,
    identity: `${info.dev}:${info.ino}`,
    changedSeconds: Math.floor((info.ctime?.getTime() ?? Infinity) / 1000),
  };
}

/**
 * The file system and the programs of a host. All paths are absolute; every failure is a HostError.
 */
export interface Host {
  /**
   * Lists the names in a folder, unsorted, at most `limit`. Bytes that are not UTF-8 become U+FFFD
   * (Deno 2.7 drops them), so that no file has the returned name.
   */
  list(path: string, limit?: number): string[];
  /** Returns the status of `path`, following symlinks; nothing if it does not exist. */
  stat(path: string): FileStatus | undefined;
  /** Returns the status of `path` itself; nothing if it does not exist. */
  lstat(path: string): FileStatus | undefined;
  /** Returns the path with all symlinks resolved. */
  realPath(path: string): string;
  /**
   * Reads a file, following symlinks. Refuses one with more than `limitBytes` (`too-large`), and
   * anything but a regular file: a pipe would block.
   */
  read(path: string, limitBytes: number): Uint8Array;
  /** Reads the first `limitBytes` of a regular file, following symlinks. */
  readHead(path: string, limitBytes: number): Uint8Array;
  /** Reads the first `limitBytes` of anything, also of a pipe, for which it waits. */
  readStream(path: string, limitBytes: number): Uint8Array;
  /** Writes a new file and syncs it to disk; refuses to overwrite. */
  create(path: string, content: string | Uint8Array, mode: number): void;
  /** Makes a hard link; refuses to overwrite. */
  link(from: string, to: string): void;
  /** Moves `from` to `to` atomically, overwriting it. */
  rename(from: string, to: string): void;
  /** Removes one file. */
  remove(path: string): void;
  /** Makes a folder and those above it, writable only by their owner. */
  makeFolder(path: string): void;
  /** Removes a folder if it is empty. Returns true if it did. */
  removeEmptyFolder(path: string): boolean;
  /** Syncs the names in a folder to disk. */
  syncFolder(path: string): void;
  /**
   * Watches existing folders, without those below them. Calls `onChange` with the path of each entry
   * that changed, until the watch is closed. Nothing reports the end of a folder.
   */
  watch(folders: readonly string[], onChange: (path: string) => void): { close(): void };
  /** Runs a program; `env` is added to the environment of lychd. */
  run(
    program: string,
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
    limits?: RunLimits,
  ): Promise<Ran>;
  /** Runs a program that prints to lychd's own stdout and stderr. Returns its exit code. */
  runAttached(
    program: string,
    args: readonly string[],
    options?: AttachedOptions,
  ): Promise<number>;
  /** Runs a program and reads its output while it runs; a program that prints faster waits. */
  runFollowed(
    program: string,
    args: readonly string[],
    options: FollowedOptions,
  ): Promise<number>;
  /**
   * Locks the file `path` and writes `holder` into it. Returns how to release it; after `waitSeconds`
   * of waiting, returns the present holder.
   */
  lock(
    path: string,
    holder: string,
    waitSeconds: number,
  ): Promise<{ release(): void } | { heldBy: string }>;
  /** Locks an existing folder. Returns how to release it; undefined if another process has the lock. */
  tryLockFolder(path: string): { release(): void } | undefined;
}
