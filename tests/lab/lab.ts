/**
 * The lab for tests: a typed wrapper around the script `lab` in this folder.
 *
 * A call of {@link lichExec} takes about 10 ms, a script sent to {@link lichShell} about 1 ms.
 *
 * @module
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A Debian release to test on: stable, or the newest. */
export type Suite = "trixie" | "sid";

/** The lab that a call uses. */
export interface LabOptions {
  /** Defaults to the environment variable `LAB_SUITE`, then to `trixie`. */
  suite?: Suite;
  /** The number of the lab. Defaults to the environment variable `LAB_NUMBER`, then to 1. */
  number?: number;
}

/** Options of {@link lichExec}. */
export interface ExecOptions extends LabOptions {
  /** The stdin of the command; empty by default. */
  stdin?: string | Uint8Array;
  /** Kills the command inside the lab after this time; `code` is then 124. */
  timeoutSeconds?: number;
  /** Runs as root instead of lich. */
  root?: boolean;
}

/** The result of a command inside the lab. */
export interface LabResult {
  code: number;
  stdout: string;
  stderr: string;
  /** The raw bytes of `stdout`, for output that may not be UTF-8. */
  stdoutBytes: Uint8Array;
}

/** The state of a lab. */
export interface LabStatus {
  up: boolean;
  suite: Suite;
  /** PID 1 of the lab as the host sees it; only when up. */
  pid?: number;
  /** IPv4 address of the lab as seen from the host; only when up. */
  address?: string;
}

/** A bash inside the lab that runs as lich until it is closed. */
export interface LichShell extends AsyncDisposable {
  /**
   * Runs a script in a subshell, so `cd`, `exit` and variables do not affect later calls. Calls run
   * one after the other. A background job must not keep stdout or stderr open: a later call would
   * get its output.
   */
  run(script: string, options?: { timeoutSeconds?: number }): Promise<LabResult>;
  /** Ends the shell. */
  close(): Promise<void>;
}

const SCRIPT = fileURLToPath(new URL("./lab", import.meta.url));
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/**
 * Returns why this machine cannot run a lab, in one line; undefined if it can.
 *
 * `LYCHD_LAB=skip` always skips the lab. `LYCHD_LAB=require` never skips it, so that the tests fail
 * on a CI machine that cannot run a lab.
 */
export function skipReason(): string | undefined {
  const mode = Deno.env.get("LYCHD_LAB");
  if (mode === "skip") return "LYCHD_LAB=skip";
  if (mode === "require") return undefined;
  if (Deno.build.os !== "linux") return `the lab needs Linux, this is ${Deno.build.os}`;
  if (Deno.uid() !== 0) return "the lab needs root";
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  if (!/^ID=debian$/m.test(release)) return "the lab needs Debian";
  return undefined;
}

/**
 * Registers a test that needs the lab. On a machine that cannot run one, the test is ignored and its
 * name ends with the reason.
 */
export function labTest(name: string, body: () => Promise<void>): void {
  const reason = skipReason();
  Deno.test({
    name: reason === undefined ? name : `${name} [skipped: ${reason}]`,
    ignore: reason !== undefined,
    fn: body,
  });
}

/** Builds the lab if it is missing (about a minute, once) and boots it if it is down. */
export async function labUp(lab: LabOptions = {}): Promise<void> {
  await labCommand(["up"], lab);
}

/** Powers the lab off, if it is up. Also cleans up after an `up` that failed. */
export async function labDown(lab: LabOptions = {}): Promise<void> {
  await labCommand(["down"], lab);
}

/** Stops and deletes everything of lich: units, containers, files in the home directory. */
export async function labWipe(lab: LabOptions = {}): Promise<void> {
  await labCommand(["wipe"], lab);
}

/** Returns the state of a lab. */
export async function labStatus(lab: LabOptions = {}): Promise<LabStatus> {
  const { suite } = selectedLab(lab);
  const { code, stdout, stderr } = await runScript(["status"], lab);
  if (code === 3) return { up: false, suite };
  const found = /^up suite=\S+ number=\d pid=(\d+) address=(\S+) /.exec(stdout);
  if (!found) throw new Error(`Cannot read the lab's status: ${stdout}${stderr}`);
  return { up: true, suite, pid: Number(found[1]), address: found[2]! };
}

/**
 * Runs a command inside the lab as lich, in the home directory and with a clean environment.
 *
 * @example
 * ```ts ignore
 * const { stdout } = await lichExec(["systemctl", "--user", "is-system-running"]);
 * ```
 */
export function lichExec(argv: string[], options: ExecOptions = {}): Promise<LabResult> {
  const words = ["exec", "--user", options.root === true ? "root" : "lich", "--"];
  // Killing the process outside would leave the command running inside.
  if (options.timeoutSeconds !== undefined) {
    words.push("timeout", "--kill-after=1", String(options.timeoutSeconds));
  }
  return runScript([...words, ...argv], options, options.stdin);
}

/**
 * Copies a file or a folder into the lab. `labPath` is the absolute path of the copy and is replaced.
 * The owner is lich below `/home/lich`, and root otherwise.
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
 * Starts a shell inside the lab, for tests that run many small scripts.
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
    // The pipes are closed only after they are read to the end.
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

/** Quotes a string as one shell word. Throws on NUL, which a word cannot contain. */
export function shellQuote(word: string): string {
  if (word.includes("\0")) throw new TypeError("Cannot quote a word with NUL in it");
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * Returns what a lab has left on the host: processes, mounts, the network interface and cgroups, one
 * line each. The list is empty after `labDown`.
 */
export async function labTraces(lab: LabOptions = {}): Promise<string[]> {
  const { suite, number } = selectedLab(lab);
  const name = number === 1 ? suite : `${suite}${number}`;
  const cgroup = `lychd-tests-${name}`;
  const isOfCgroup = new RegExp(`/${cgroup}(/|$)`, "m");
  const rootfs = `${Deno.env.get("LAB_DIR") ?? "/var/tmp/lychd-tests-lab"}/${name}/rootfs`;
  const traces: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    if (isOfCgroup.test(await readQuietly(`/proc/${pid}/cgroup`))) {
      traces.push(`process ${pid}: ${await readQuietly(`/proc/${pid}/comm`)}`.trim());
    }
    // Every process is checked, because a mount may survive in another mount namespace.
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

function selectedLab(options: LabOptions): Required<Pick<LabOptions, "suite" | "number">> {
  const suite = options.suite ?? Deno.env.get("LAB_SUITE") ?? "trixie";
  if (suite !== "trixie" && suite !== "sid") {
    throw new RangeError(`LAB_SUITE must be trixie or sid, not \`${suite}\``);
  }
  return { suite, number: options.number ?? Number(Deno.env.get("LAB_NUMBER") ?? 1) };
}

/** Returns the environment variables that select a lab for the script `lab`. */
export function labEnvironment(lab: LabOptions = {}): Record<string, string> {
  const { suite, number } = selectedLab(lab);
  return { LAB_SUITE: suite, LAB_NUMBER: String(number) };
}

async function labCommand(words: string[], lab: LabOptions): Promise<void> {
  const { code, stdout, stderr } = await runScript(words, lab);
  if (code !== 0) {
    throw new Error(
      `lab ${words.join(" ")} (${selectedLab(lab).suite}) failed:\n${stdout}${stderr}`,
    );
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
    // A command may exit without reading all of its input.
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
      if (done) throw new Error(`The shell of the lab ended: ${decoder.decode(buffer)}`);
      const joined = new Uint8Array(buffer.length + value.length);
      joined.set(buffer);
      joined.set(value, buffer.length);
      buffer = joined;
    }
  };
}

function indexOf(bytes: Uint8Array, pattern: Uint8Array, from: number): number {
  for (
    let at = bytes.indexOf(pattern[0]!, from);
    at >= 0;
    at = bytes.indexOf(pattern[0]!, at + 1)
  ) {
    if (pattern.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return -1;
}

/** Reads a file. Returns an empty string if it is gone, because its process may have exited. */
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
