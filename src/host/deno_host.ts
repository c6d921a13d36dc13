import { dirname } from "node:path/posix";
import {
  type FileStatus,
  type Host,
  HostError,
  type HostFault,
  kindWords,
  type Ran,
  refuseUnreadable,
  type RunLimits,
  tooLarge,
} from "./host.ts";
import { statusOf } from "./status.ts";

/** How often a lock that somebody holds is tried again. */
const LOCK_POLL_MILLISECONDS = 50;

/** The real host, within what the worker's permissions allow. */
export const DENO_HOST: Host = {
  list: (path, limit) => attempt(path, () => namesIn(path, limit)),
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
      // The umask may have taken bits away.
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
  async run(program, args, env = {}, limits) {
    try {
      const command = new Deno.Command(program, {
        args: [...args],
        env,
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
        // Ctrl-C goes to all programs of the terminal's group; what it means is for lychd to say.
        detached: true,
      });
      // Not command.output(): that one does not detach.
      const child = command.spawn();
      if (limits !== undefined) return await runWithin(program, child, limits);
      const { code, stdout, stderr } = await child.output();
      const decoder = new TextDecoder();
      return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
    } catch (error) {
      throw hostError(program, error);
    }
  },
  async runAttached(program, args) {
    try {
      const command = new Deno.Command(program, { args: [...args], stdin: "null" });
      return (await command.spawn().status).code;
    } catch (error) {
      throw hostError(program, error);
    }
  },
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

/**
 * Waits for a program within limits. One that the kernel does not let go, as a driver's tool can be,
 * is left behind: nobody waits for it.
 */
async function runWithin(
  program: string,
  child: Deno.ChildProcess,
  limits: RunLimits,
): Promise<Ran> {
  const { milliseconds, until } = limits;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let interrupt = () => {};
  const end = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new HostError("timeout", program, `no answer in ${milliseconds} ms`)),
      milliseconds,
    );
    interrupt = () => reject(new HostError("interrupted", program, "it was not waited for"));
    if (until?.aborted) interrupt();
    until?.addEventListener("abort", interrupt);
  });
  const whole = Promise.all([
    readStream(program, child.stdout, limits.bytes),
    readStream(program, child.stderr, limits.bytes),
    child.status,
  ]);
  // When the time is over nobody listens to what becomes of it.
  whole.catch(() => {});
  try {
    const [stdout, stderr, { code }] = await Promise.race([whole, end]);
    return { code, stdout, stderr };
  } catch (error) {
    kill(child);
    throw error;
  } finally {
    clearTimeout(timer);
    until?.removeEventListener("abort", interrupt);
  }
}

async function readStream(
  program: string,
  stream: ReadableStream<Uint8Array>,
  limitBytes: number,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > limitBytes) {
      throw new HostError("other", program, `it printed more than ${limitBytes} bytes`);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It ended by itself.
  }
}

/** The locked file, which then names its holder, or nothing when somebody else has it. */
function takeLock(path: string, holder: string): Deno.FsFile | undefined {
  // Whoever held it may have removed it, and its folder.
  makeFolder(dirname(path));
  refuseStrangeLock(path);
  const options = { read: true, write: true, create: true, mode: 0o600 };
  // The folder may go just now, with a lock in it that its holder lets go.
  const file = orNothing(path, () => Deno.openSync(path, options));
  if (file === undefined) return undefined;
  if (file.tryLockSync(true)) {
    file.truncateSync();
    file.writeSync(new TextEncoder().encode(holder));
    // A lock on a file without a name keeps nobody out. (FsFile.stat asks for a permission to where
    // a linked ~/.config leads, so that the two cannot be compared by it.)
    if (isText(path, holder)) return file;
  }
  file.close();
  return undefined;
}

/** Makes a folder and those above it, of which the umask may only take more away. */
function makeFolder(path: string): void {
  Deno.mkdirSync(path, { recursive: true, mode: 0o755 });
}

function refuseStrangeLock(path: string): void {
  const status = orNothing(path, () => statusOf(Deno.lstatSync(path)));
  if (status === undefined || status.kind === "file") return;
  const words = status.kind === "link"
    ? "it is a link, and lychd writes through none"
    : `it is a ${kindWords(status.kind)} where lychd keeps a file: move it away`;
  throw new HostError("other", path, words);
}

function isText(path: string, text: string): boolean {
  return orNothing(path, () => Deno.readTextFileSync(path)) === text;
}

function namesIn(path: string, limit = Infinity): string[] {
  const names: string[] = [];
  for (const { name } of Deno.readDirSync(path)) {
    if (names.length >= limit) break;
    names.push(name);
  }
  return names;
}

function statusOfFile(path: string, limitBytes: number): FileStatus {
  const status = statusOf(Deno.statSync(path));
  refuseUnreadable(path, status, limitBytes);
  return status;
}

/** Begins with room for `expectedBytes`: what a file has may change, and that of a pipe is not known. */
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
    const fault = hostError(path, error);
    if (fault.fault === "not-found") return undefined;
    throw fault;
  }
}

function hostError(path: string, error: unknown): HostError {
  if (error instanceof HostError) return error;
  const [fault, words] = explain(error);
  return new HostError(fault, path, words);
}

function explain(error: unknown): [HostFault, string] {
  const code = error instanceof Error ? (error as { code?: string }).code : undefined;
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return ["no-space", "no space is left on the device"];
    case "EROFS":
      return ["read-only", "the file system is read-only"];
    case "ELOOP":
      return ["other", "its links lead in a circle"];
  }
  if (error instanceof Deno.errors.NotFound) return ["not-found", "it does not exist"];
  if (error instanceof Deno.errors.NotADirectory) {
    return ["not-found", "a part of its path is no folder"];
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return ["denied", "this user has no permission for it"];
  }
  if (error instanceof Deno.errors.NotCapable) {
    return ["denied", "lychd itself may not do that: the command has no such permission"];
  }
  return ["other", error instanceof Error ? error.message : String(error)];
}
