/**
 * The lab for tests: a thin typed cover of the script `lab` beside this file.
 *
 * A call of {@link lichExec} takes about 10 ms, a script sent to {@link lichShell} about 1 ms.
 *
 * @module
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A Debian to test on: the stable one, or the newest. */
export type Suite = "trixie" | "sid";

/** Which lab a call is for. */
export interface LabOptions {
  /** Default: the environment variable `LAB_SUITE`, or else `trixie`. */
  suite?: Suite;
  /** Which of several labs of the suite; default: the environment variable `LAB_NUMBER`, or else 1. */
  number?: number;
}

/** What {@link lichExec} can be told. */
export interface ExecOptions extends LabOptions {
  /** What the command reads; nothing by default. */
  stdin?: string | Uint8Array;
  /** After this time the command is killed inside, and `code` is 124. */
  timeoutSeconds?: number;
  /** As root instead of lich. */
  root?: boolean;
}

/** How a command inside the lab ended. */
export interface LabResult {
  code: number;
  stdout: string;
  stderr: string;
  /** `stdout` before it was decoded, for output that need not be UTF-8. */
  stdoutBytes: Uint8Array;
}

/** Where a lab stands. */
export interface LabStatus {
  up: boolean;
  suite: Suite;
  /** PID 1 of the lab as the host sees it; only when up. */
  pid?: number;
  /** IPv4 address of the lab as seen from the host; only when up. */
  address?: string;
}

/** One bash inside the lab, as lich, that lives as long as the test wants. */
export interface LichShell extends AsyncDisposable {
  /**
   * Runs a script in a subshell, so `cd`, `exit` and variables end with it. Calls queue up.
   * A job that it leaves in the background must not keep stdout or stderr: a later call would get
   * its output.
   */
  run(script: string, options?: { timeoutSeconds?: number }): Promise<LabResult>;
  /** Ends the shell. */
  close(): Promise<void>;
}

const SCRIPT = fileURLToPath(new URL("./lab", import.meta.url));
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/**
 * Why there can be no lab here, as one line, or nothing when there can be one.
 *
 * `LYCHD_LAB=skip` skips it everywhere; `LYCHD_LAB=require` never skips, so that a machine of the
 * CI that cannot have a lab fails.
 */
export function skipReason(): string | undefined {
  const wish = Deno.env.get("LYCHD_LAB");
  if (wish === "skip") return "LYCHD_LAB=skip";
  if (wish === "require") return undefined;
  if (Deno.build.os !== "linux") return `the lab needs Linux, this is ${Deno.build.os}`;
  if (Deno.uid() !== 0) return "the lab needs root";
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  if (!/^ID=debian$/m.test(release)) return "the lab needs Debian";
  return undefined;
}

/**
 * Registers a test that needs the lab. Where there can be none it is ignored, and its name ends in
 * the reason.
 */
export function labTest(name: string, body: () => Promise<void>): void {
  const reason = skipReason();
  Deno.test({
    name: reason === undefined ? name : `${name} [skipped: ${reason}]`,
    ignore: reason !== undefined,
    fn: body,
  });
}

/** Builds what is missing (about a minute, once) and boots, if it is down. */
export async function labUp(lab: LabOptions = {}): Promise<void> {
  await labCommand(["up"], lab);
}

/** Powers off. Does no harm when it is down, and also clears up after an `up` that failed. */
export async function labDown(lab: LabOptions = {}): Promise<void> {
  await labCommand(["down"], lab);
}

/** Stops and deletes all that lich has made: units, containers, files of the home directory. */
export async function labWipe(lab: LabOptions = {}): Promise<void> {
  await labCommand(["wipe"], lab);
}

/** Tells whether a lab is up. */
export async function labStatus(lab: LabOptions = {}): Promise<LabStatus> {
  const { suite } = which(lab);
  const { code, stdout, stderr } = await runScript(["status"], lab);
  if (code === 3) return { up: false, suite };
  const found = /^up suite=\S+ number=\d pid=(\d+) address=(\S+) /.exec(stdout);
  if (!found) throw new Error(`Cannot read the lab's status: ${stdout}${stderr}`);
  return { up: true, suite, pid: Number(found[1]), address: found[2]! };
}

/**
 * Runs a command inside as lich, in the home directory with a clean environment.
 *
 * @example
 * ```ts ignore
 * const { stdout } = await lichExec(["systemctl", "--user", "is-system-running"]);
 * ```
 */
export function lichExec(argv: string[], options: ExecOptions = {}): Promise<LabResult> {
  const words = ["exec", "--user", options.root === true ? "root" : "lich", "--"];
  // Killing the command out here would leave it running in there.
  if (options.timeoutSeconds !== undefined) {
    words.push("timeout", "--kill-after=1", String(options.timeoutSeconds));
  }
  return runScript([...words, ...argv], options, options.stdin);
}

/**
 * Copies a file or a folder into the lab. `labPath` is absolute, the full name of the copy, and is
 * replaced. Below `/home/lich` it becomes lich's, else root's.
 */
export async function putTree(
  localPath: string,
  labPath: string,
  options: LabOptions = {},
): Promise<void> {
  const user = labPath.startsWith("/home/lich/") ? "lich" : "root";
  await labCommand(["cp", "--user", user, localPath, labPath], options);
}

/** Copies a file or a folder out of the lab; the counterpart of {@link putTree}. */
export async function getTree(
  labPath: string,
  localPath: string,
  options: LabOptions = {},
): Promise<void> {
  await labCommand(["cp", `lab:${labPath}`, localPath], options);
}

/**
 * Starts a shell inside, for tests that run very many small scripts.
 *
 * @example
 * ```ts ignore
 * await using shell = lichShell();
 * const { stdout } = await shell.run("systemctl --user show -P ActiveState x.service");
 * ```
 */
export function lichShell(options: LabOptions = {}): LichShell {
  const child = new Deno.Command(SCRIPT, {
    args: ["exec", "--user", "lich", "--", "bash", "--norc"],
    env: labEnvironment(options),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const marker = crypto.randomUUID();
  const nextStdout = frames(child.stdout, marker);
  const nextStderr = frames(child.stderr, marker);
  let queue: Promise<unknown> = Promise.resolve();

  async function exchange(script: string, timeoutSeconds?: number): Promise<LabResult> {
    const command = timeoutSeconds === undefined
      ? `eval ${shellQuote(script)}`
      : `timeout --kill-after=1 ${timeoutSeconds} bash -c ${shellQuote(script)}`;
    await writer.write(encoder.encode(
      `( ${command} ) </dev/null; printf '\\0%s %d\\n' ${marker} $?; printf '\\0%s 0\\n' ${marker} >&2\n`,
    ));
    const [stdout, stderr] = await Promise.all([nextStdout(), nextStderr()]);
    return {
      code: stdout.status,
      stdout: decoder.decode(stdout.bytes),
      stderr: decoder.decode(stderr.bytes),
      stdoutBytes: stdout.bytes,
    };
  }
  async function close(): Promise<void> {
    await queue;
    await writer.close();
    await child.status;
    // Reading on to the end is what lets go of the pipes.
    await Promise.allSettled([nextStdout(), nextStderr()]);
  }
  return {
    run(script, { timeoutSeconds } = {}) {
      const result = queue.then(() => exchange(script, timeoutSeconds));
      queue = result.catch(() => {});
      return result;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A string as one word of a shell; refuses NUL, which no word can hold. */
export function shellQuote(word: string): string {
  if (word.includes("\0")) throw new TypeError("Cannot quote a word with NUL in it");
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * What the host has of a lab: processes, mounts, the network interface, cgroups; one line each.
 * After `labDown` there is nothing.
 */
export async function labTraces(lab: LabOptions = {}): Promise<string[]> {
  const { suite, number } = which(lab);
  const name = number === 1 ? suite : `${suite}${number}`;
  const cgroup = `lychd-tests-${name}`;
  const isOfCgroup = new RegExp(`/${cgroup}(/|$)`, "m");
  const rootfs = `${Deno.env.get("LAB_DIR") ?? "/var/tmp/lychd-tests-lab"}/${name}/rootfs`;
  const traces: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    if (isOfCgroup.test(await readQuietly(`/proc/${pid}/cgroup`))) {
      traces.push(`process ${pid}: ${await readQuietly(`/proc/${pid}/comm`)}`.trim());
    }
    // Of every process, as a mount may live on in a forgotten namespace.
    if ((await readQuietly(`/proc/${pid}/mountinfo`)).includes(rootfs)) {
      traces.push(`mount, seen by ${pid}`);
    }
  }
  if (await exists(`/sys/class/net/lychd-t-${name}`)) traces.push(`interface lychd-t-${name}`);
  for (const line of (await readQuietly("/proc/self/mountinfo")).split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const folder = `${before.split(" ")[4]}/${cgroup}`;
    if (/^cgroup2? /.test(after) && await exists(folder)) traces.push(`cgroup ${folder}`);
  }
  return traces;
}

function which(options: LabOptions): Required<Pick<LabOptions, "suite" | "number">> {
  const suite = options.suite ?? Deno.env.get("LAB_SUITE") ?? "trixie";
  if (suite !== "trixie" && suite !== "sid") {
    throw new RangeError(`LAB_SUITE must be trixie or sid, not \`${suite}\``);
  }
  return { suite, number: options.number ?? Number(Deno.env.get("LAB_NUMBER") ?? 1) };
}

/** The environment variables by which the script `lab` knows which lab is meant. */
export function labEnvironment(lab: LabOptions = {}): Record<string, string> {
  const { suite, number } = which(lab);
  return { LAB_SUITE: suite, LAB_NUMBER: String(number) };
}

async function labCommand(words: string[], lab: LabOptions): Promise<void> {
  const { code, stdout, stderr } = await runScript(words, lab);
  if (code !== 0) {
    throw new Error(`lab ${words.join(" ")} (${which(lab).suite}) failed:\n${stdout}${stderr}`);
  }
}

async function runScript(
  args: string[],
  lab: LabOptions,
  stdin?: string | Uint8Array,
): Promise<LabResult> {
  const command = new Deno.Command(SCRIPT, {
    args,
    env: labEnvironment(lab),
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  });
  const child = command.spawn();
  const output = child.output();
  if (stdin !== undefined) await feed(child.stdin, stdin);
  const { code, stdout, stderr } = await output;
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
    stdoutBytes: stdout,
  };
}

async function feed(
  stdin: WritableStream<Uint8Array>,
  content: string | Uint8Array,
): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(typeof content === "string" ? encoder.encode(content) : content);
    await writer.close();
  } catch (error) {
    // A command need not read all that it is given.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** Splits a stream at the lines `NUL marker status`. */
function frames(
  stream: ReadableStream<Uint8Array>,
  marker: string,
): () => Promise<{ bytes: Uint8Array; status: number }> {
  const reader = stream.getReader();
  const end = encoder.encode(`\0${marker} `);
  let buffer: Uint8Array = new Uint8Array(0);
  return async function next() {
    let searched = 0;
    while (true) {
      const at = indexOf(buffer, end, searched);
      const newline = at < 0 ? -1 : buffer.indexOf(10, at + end.length);
      if (newline >= 0) {
        const status = Number(decoder.decode(buffer.subarray(at + end.length, newline)));
        const bytes = buffer.slice(0, at);
        buffer = buffer.slice(newline + 1);
        return { bytes, status };
      }
      searched = Math.max(0, buffer.length - end.length);
      const { done, value } = await reader.read();
      if (done) throw new Error(`The lab's shell has ended: ${decoder.decode(buffer)}`);
      const joined = new Uint8Array(buffer.length + value.length);
      joined.set(buffer);
      joined.set(value, buffer.length);
      buffer = joined;
    }
  };
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(wanted[0]!, from); at >= 0; at = bytes.indexOf(wanted[0]!, at + 1)) {
    if (wanted.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return -1;
}

/** A process may be gone by the time its files are read. */
async function readQuietly(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return "";
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}
