/** What lychd does to the outside world. Everything else is pure. */

/** How a program ended. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a program may take before it is killed, which is a fault. */
export interface RunLimits {
  readonly milliseconds: number;
  /** Of each of its two streams. */
  readonly bytes: number;
  /** Ends it before, which is a fault too. */
  readonly until?: AbortSignal;
}

/** What a path is; links are followed by `stat` and not by `lstat`. */
export interface FileStatus {
  readonly kind: "file" | "folder" | "link" | "other";
  /** Permission bits. */
  readonly mode: number;
  readonly sizeBytes: number;
  /** The number of the user whose it is. */
  readonly owner: number;
  /** The number of its group. */
  readonly group: number;
  /** The same for two paths that are the same file or folder. */
  readonly identity: string;
  /**
   * When its contents, its name or its mode changed last, in whole seconds of the Unix epoch, rounded
   * down: no program can set that.
   */
  readonly changedSeconds: number;
}

/** Why the host refused: stable words for the few cases that callers tell apart. */
export type HostFault =
  | "not-found"
  | "denied"
  | "no-space"
  | "too-large"
  | "read-only"
  | "timeout"
  | "interrupted"
  | "other";

/** A refused operation, in words for the operator. */
export class HostError extends Error {
  override readonly name = "HostError";
  constructor(readonly fault: HostFault, readonly path: string, message: string) {
    super(message);
  }
}

/** What is at a path, in words: a pipe cannot be told from a device. */
export function kindWords(kind: FileStatus["kind"]): string {
  return kind === "other" ? "pipe, socket or device" : kind;
}

/** Refuses, in the words of `read`, what is no plain file or has too many bytes. */
export function refuseUnreadable(
  path: string,
  status: FileStatus | undefined,
  limitBytes: number,
): asserts status is FileStatus {
  if (status === undefined) throw new HostError("not-found", path, "it does not exist");
  if (status.kind !== "file") {
    throw new HostError("other", path, `it is a ${kindWords(status.kind)}, and no file`);
  }
  if (status.sizeBytes > limitBytes) throw tooLarge(path, limitBytes);
}

/** What `read` says of a file that has more bytes than it may. */
export function tooLarge(path: string, limitBytes: number): HostError {
  const limit = limitBytes >= 2 ** 20 ? `${limitBytes / 2 ** 20} MiB` : `${limitBytes} bytes`;
  return new HostError("too-large", path, `it has more than ${limit}`);
}

/**
 * The file system and the programs of a host, as far as lychd needs them. All paths are absolute;
 * every fault is a HostError.
 */
export interface Host {
  /**
   * The names in a folder, unsorted, and no more than `limit` of them. In one that is not UTF-8 each
   * byte that is none stands as U+FFFD (Deno 2.7 leaves it out): nothing is there by
   * that name.
   */
  list(path: string, limit?: number): string[];
  /** What `path` is, following links; nothing when there is nothing. */
  stat(path: string): FileStatus | undefined;
  /** What `path` itself is; nothing when there is nothing. */
  lstat(path: string): FileStatus | undefined;
  /** The path of what is at `path`, links followed. */
  realPath(path: string): string;
  /**
   * The contents of a file, links followed. Refuses one that has more than `limitBytes`
   * (`too-large`), and what is no plain file: a pipe would make it wait for ever.
   */
  read(path: string, limitBytes: number): Uint8Array;
  /** The first `limitBytes` of a file, links followed. Refuses what is no plain file too. */
  readHead(path: string, limitBytes: number): Uint8Array;
  /** The first `limitBytes` of whatever the operator named: also of a pipe, for which it waits. */
  readStream(path: string, limitBytes: number): Uint8Array;
  /** Writes a new file, and makes sure that it is on the disk; refuses one that is there. */
  create(path: string, content: string | Uint8Array, mode: number): void;
  /** Gives a file a second name; refuses one that is there. */
  link(from: string, to: string): void;
  /** Puts `from` in the place of `to`, at once. */
  rename(from: string, to: string): void;
  /** Removes one file. */
  remove(path: string): void;
  /** Makes a folder and those above it, for nobody else to write to. */
  makeFolder(path: string): void;
  /** Removes a folder if it is empty; true when it did. */
  removeEmptyFolder(path: string): boolean;
  /** Makes sure that the names in a folder are on the disk. */
  syncFolder(path: string): void;
  /** Runs a program; `env` is added to what lychd itself was given. */
  run(
    program: string,
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
    limits?: RunLimits,
  ): Promise<Ran>;
  /** Runs a program that speaks for itself on lychd's own stdout and stderr; its exit code. */
  runAttached(program: string, args: readonly string[]): Promise<number>;
  /**
   * Takes the lock that `path` stands for, and writes `holder` into it for those who wait. The
   * result gives it back, or after `waitSeconds` says who holds it.
   */
  lock(
    path: string,
    holder: string,
    waitSeconds: number,
  ): Promise<{ release(): void } | { heldBy: string }>;
}
