import { dirname } from "node:path/posix";
import {
  type FileStatus,
  type Host,
  HostError,
  type HostErrorReason,
  notOwnFile,
  type Ran,
  refuseUnreadable,
  type RunLimits,
  statusOf,
  tooLarge,
} from "./host.ts";

/** The time between two attempts to take a lock. */
const LOCK_POLL_MILLISECONDS = 50;

/** The size of the buffer for the output of a program. */
const READ_BYTES = 16_384;

/** The real host, limited by the permissions of the worker. */
export const DENO_HOST: Host = {
  list: (path, limit = Infinity) =>
    attempt(
      path,
      () => Iterator.from(Deno.readDirSync(path)).take(limit).map(({ name }) => name).toArray(),
    ),
  stat: (path) => orNothing(path, () => statusOf(Deno.statSync(path))),
  lstat: (path) => orNothing(path, () => statusOf(Deno.lstatSync(path))),
  realPath: (path) => attempt(path, () => Deno.realPathSync(path)),
  read: (path, limitBytes) =>
    attempt(path, () => {
      const { sizeBytes } = statusOfFile(path, limitBytes);
      const bytes = readUpTo(path, limitBytes + 1, sizeBytes + 1);
      if (bytes.length > limitBytes) throw tooLarge(path, limitBytes);
      return bytes;
    }),
  readHead: (path, limitBytes) =>
    attempt(path, () => {
      const { sizeBytes } = statusOfFile(path, Infinity);
      return readUpTo(path, limitBytes, sizeBytes + 1);
    }),
  readStream: (path, limitBytes) => attempt(path, () => readUpTo(path, limitBytes)),
  create(path, content, mode) {
    attempt(path, () => {
      using file = Deno.openSync(path, { write: true, createNew: true, mode });
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
      // The umask may have cleared bits.
      Deno.chmodSync(path, mode);
      file.syncSync();
    });
  },
  link: (from, to) => attempt(to, () => Deno.linkSync(from, to)),
  rename: (from, to) => attempt(to, () => Deno.renameSync(from, to)),
  remove(path) {
    attempt(path, () => {
      if (Deno.lstatSync(path).isDirectory) throw new Deno.errors.IsADirectory("it is a folder");
      Deno.removeSync(path);
    });
  },
  makeFolder: (path) => attempt(path, () => makeFolder(path)),
  removeEmptyFolder(path) {
    try {
      if (!Deno.lstatSync(path).isDirectory) return false;
      Deno.removeSync(path);
      return true;
    } catch {
      return false;
    }
  },
  syncFolder(path) {
    attempt(path, () => {
      using folder = Deno.openSync(path, { read: true });
      folder.syncSync();
    });
  },
  watch(folders, onChange) {
    const options = { recursive: false };
    const watcher = attempt(folders.join(", "), () => Deno.watchFs([...folders], options));
    void (async () => {
      for await (const { kind, paths } of watcher) {
        if (kind !== "access") paths.forEach(onChange);
      }
    })();
    return { close: () => watcher.close() };
  },
  async run(program, args, env = {}, limits) {
    try {
      const command = new Deno.Command(program, {
        args: [...args],
        env,
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
        // Ctrl-C would reach all programs in the terminal's group; only lychd handles it.
        detached: true,
      });
      // command.output() would ignore `detached`.
      const child = command.spawn();
      const end = waitFor(program, child, limits?.bytes);
      return await (limits === undefined ? end : within(limits, program, child, end));
    } catch (error) {
      throw hostError(program, error);
    }
  },
  async runAttached(program, args, { quiet = false, until, onStderr } = {}) {
    try {
      const child = new Deno.Command(program, {
        args: [...args],
        stdin: "null",
        stdout: quiet ? "null" : "inherit",
        stderr: onStderr === undefined ? "inherit" : "piped",
      }).spawn();
      const stop = () => signal(child, "SIGTERM");
      until?.addEventListener("abort", stop);
      if (onStderr !== undefined) {
        for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) onStderr(text);
      }
      const { code } = await child.status;
      until?.removeEventListener("abort", stop);
      return code;
    } catch (error) {
      throw hostError(program, error);
    }
  },
  async runFollowed(program, args, { until, onText }) {
    try {
      if (until.aborted) return 0;
      const child = new Deno.Command(program, {
        args: [...args],
        stdin: "null",
        stdout: "piped",
        stderr: "null",
        detached: true,
      }).spawn();
      const stop = () => signal(child, "SIGTERM");
      until.addEventListener("abort", stop);
      for await (const { text } of piecesOf(child.stdout)) if (!until.aborted) await onText(text);
      const { code } = await child.status;
      until.removeEventListener("abort", stop);
      return code;
    } catch (error) {
      throw hostError(program, error);
    }
  },
  tryLockFolder: (path) =>
    attempt(path, () => {
      const folder = Deno.openSync(path);
      if (folder.tryLockSync(true)) return { release: () => folder.close() };
      folder.close();
      return undefined;
    }),
  async lock(path, holder, waitSeconds) {
    const end = performance.now() + waitSeconds * 1000;
    for (;;) {
      const file = attempt(path, () => takeLock(path, `${holder}\n`));
      if (file !== undefined) return { release: () => file.close() };
      if (performance.now() >= end) {
        return { heldBy: new TextDecoder().decode(readUpTo(path, 1000)).trim() };
      }
      await new Promise((wake) => setTimeout(wake, LOCK_POLL_MILLISECONDS));
    }
  },
};

/** Waits for the end of a program, and reads what it prints, up to `limitBytes` on each stream. */
async function waitFor(
  program: string,
  child: Deno.ChildProcess,
  limitBytes = Infinity,
): Promise<Ran> {
  const [stdout, stderr, { code }] = await Promise.all([
    readStream(program, child.stdout, limitBytes),
    readStream(program, child.stderr, limitBytes),
    child.status,
  ]);
  return { code, stdout, stderr };
}

/**
 * Waits for a program within limits, and kills it otherwise. A program that the kernel cannot kill, such as a
 * tool that waits for a driver, is left running.
 */
async function within(
  limits: RunLimits,
  program: string,
  child: Deno.ChildProcess,
  end: Promise<Ran>,
): Promise<Ran> {
  const timeout = AbortSignal.timeout(limits.milliseconds);
  const stop = AbortSignal.any([timeout, ...limits.until === undefined ? [] : [limits.until]]);
  const stopped = new Promise<never>((_, reject) => {
    const refuse = () =>
      reject(
        timeout.aborted
          ? new HostError("timeout", program, `no answer in ${limits.milliseconds} ms`)
          : new HostError("interrupted", program, "it was interrupted"),
      );
    if (stop.aborted) refuse();
    stop.addEventListener("abort", refuse);
  });
  // After a timeout, its result is ignored.
  end.catch(() => {});
  try {
    return await Promise.race([end, stopped]);
  } catch (error) {
    signal(child, "SIGKILL");
    throw error;
  }
}

/** Sends a signal to a program, unless it has ended. */
function signal(child: Deno.ChildProcess, name: Deno.Signal): void {
  try {
    child.kill(name);
  } catch {
    // It has ended.
  }
}

/** Reads a stream to its end, which comes after at most `limitBytes`. */
async function readStream(
  program: string,
  stream: ReadableStream<Uint8Array>,
  limitBytes: number,
): Promise<string> {
  let all = "";
  let read = 0;
  for await (const { text, bytes } of piecesOf(stream)) {
    read += bytes;
    if (read > limitBytes) {
      throw new HostError("other", program, `it printed more than ${limitBytes} bytes`);
    }
    all += text;
  }
  return all;
}

/**
 * Reads a stream into one buffer. A program that runs for months needs that: the stream would otherwise make
 * one of 64 KiB for each read, which the runtime frees late (Deno 2.9.6: 130 KiB for each program).
 */
async function* piecesOf(stream: ReadableStream<Uint8Array>) {
  const reader = stream.getReader({ mode: "byob" });
  const decoder = new TextDecoder();
  let buffer = new ArrayBuffer(READ_BYTES);
  for (;;) {
    const { done, value } = await reader.read(new Uint8Array(buffer));
    if (done) {
      yield { text: decoder.decode(), bytes: 0 };
      return;
    }
    yield { text: decoder.decode(value, { stream: true }), bytes: value.length };
    buffer = value.buffer;
  }
}

/** Locks the file and writes the holder into it. Returns nothing if another process has the lock. */
function takeLock(path: string, holder: string): Deno.FsFile | undefined {
  // The former holder may have removed the file and its folder.
  makeFolder(dirname(path));
  const info = orNothing(path, () => Deno.lstatSync(path));
  const kind = info === undefined ? "file" : statusOf(info).kind;
  if (kind !== "file") throw notOwnFile(path, kind);
  if ((info?.nlink ?? 1) > 1) {
    throw new HostError("other", path, "it has a second name (hard link) elsewhere: remove it");
  }
  const options = { read: true, write: true, create: true, mode: 0o600 };
  // The folder may disappear now, when another holder releases its lock.
  const file = orNothing(path, () => Deno.openSync(path, options));
  if (file === undefined) return undefined;
  if (file.tryLockSync(true)) {
    file.truncateSync();
    file.writeSync(new TextEncoder().encode(holder));
    // A lock on a removed file excludes no one. (FsFile.stat cannot compare the two: it
    // needs permission for the target of a symlinked ~/.config.)
    if (orNothing(path, () => Deno.readTextFileSync(path)) === holder) return file;
  }
  file.close();
  return undefined;
}

/** Makes a folder and those above it; the umask may only clear more bits. */
function makeFolder(path: string): void {
  Deno.mkdirSync(path, { recursive: true, mode: 0o755 });
}

function statusOfFile(path: string, limitBytes: number): FileStatus {
  const status = statusOf(Deno.statSync(path));
  refuseUnreadable(path, status, limitBytes);
  return status;
}

/** Reads a file or pipe. Starts with a buffer of `expectedBytes`, since the size may change. */
function readUpTo(path: string, limitBytes: number, expectedBytes = 65_536): Uint8Array {
  using file = Deno.openSync(path);
  let buffer = new Uint8Array(Math.min(limitBytes, expectedBytes));
  let length = 0;
  while (length < limitBytes) {
    if (length === buffer.length) {
      const larger = new Uint8Array(Math.min(limitBytes, 2 * length));
      larger.set(buffer);
      buffer = larger;
    }
    const read = file.readSync(buffer.subarray(length));
    if (read === null) break;
    length += read;
  }
  return buffer.subarray(0, length);
}

function attempt<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw hostError(path, error);
  }
}

function orNothing<T>(path: string, act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    const found = hostError(path, error);
    if (found.reason === "not-found") return undefined;
    throw found;
  }
}

function hostError(path: string, error: unknown): HostError {
  if (error instanceof HostError) return error;
  const code = (error as { code?: string }).code;
  const [, reason, words] =
    EXPLANATIONS.find(([kind]) =>
      typeof kind === "string" ? kind === code : error instanceof kind
    ) ?? [undefined, "other", error instanceof Error ? error.message : String(error)] as const;
  return new HostError(reason, path, words);
}

type ErrorClass = new (...args: never[]) => Error;

/** The words for an error code or a class of errors; the first match applies. */
const EXPLANATIONS: readonly (readonly [string | ErrorClass, HostErrorReason, string])[] = [
  ["ENOSPC", "no-space", "no space left on the device"],
  ["EDQUOT", "no-space", "no space left on the device"],
  ["EROFS", "read-only", "the file system is read-only"],
  ["ELOOP", "other", "too many levels of symlinks"],
  [Deno.errors.NotFound, "not-found", "it does not exist"],
  [Deno.errors.NotADirectory, "not-found", "a part of its path is not a folder"],
  [Deno.errors.PermissionDenied, "denied", "permission denied"],
  [Deno.errors.NotCapable, "denied", "the sandbox of this command does not allow it"],
];
