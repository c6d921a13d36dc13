/**
 * Measures what the front door adds to a request, compared with a stand-in for llama-swap in Go.
 *
 * `deno task bench:door`; needs `dist/bench-front` from `.ci/compile`, and Go, which it installs on
 * Debian as root. Exits with 1 if a limit is exceeded. `--rounds N` makes a shorter or longer run.
 */
import { join } from "node:path/posix";
import { parseArgs } from "node:util";
import { judge, type Load, type Process, type Target } from "./judge.ts";

const ROOT = join(import.meta.dirname ?? ".", "../../..");
const DOORBENCH = join(ROOT, "dist/doorbench");
const FRONT = join(ROOT, "dist/front/tests/bench/door/front.js");
const COMPILED_FRONT = join(ROOT, "dist/bench-front");

const CHUNKS_PER_STREAM = 200;
const IDLE_MILLISECONDS = 10_000;

/** A running program. */
interface Program {
  readonly port: number;
  readonly process: Deno.ChildProcess;
}

const { values: options } = parseArgs({ options: { rounds: { type: "string" } } });
const rounds = Number(options.rounds ?? 4);
if (!Number.isInteger(rounds) || rounds < 1) {
  throw new RangeError("--rounds must be a whole number of at least 1");
}
await buildDoorbench();
await run([Deno.execPath(), "task", "bundle:front"]);
const programs = new Map<Target, Program>();
try {
  await bench();
} finally {
  for (const { process } of programs.values()) process.kill();
}

async function bench(): Promise<void> {
  const engine = await start("direct", (port) => [DOORBENCH, "engine", port]);
  await start("proxy", (port) => [DOORBENCH, "proxy", port, engine]);
  await start("bundle", (port) => [
    Deno.execPath(),
    "run",
    "--no-config",
    "--unstable-worker-options",
    "--unstable-net",
    "--unstable-no-legacy-abort",
    "--allow-net",
    "--allow-read",
    FRONT,
    port,
    engine,
  ]);
  await start("binary", (port) => [COMPILED_FRONT, port, engine]);

  const oneClient = await load("--requests", "500");
  const idle = new Map<Target, Pick<Process, "idleMib" | "idleCpuSeconds">>();
  const before = cpuSeconds();
  await new Promise((done) => setTimeout(done, IDLE_MILLISECONDS));
  const after = cpuSeconds();
  for (const target of programs.keys()) {
    const idleCpuSeconds = (after.get(target) ?? NaN) - (before.get(target) ?? NaN);
    idle.set(target, { idleMib: residentMib(target), idleCpuSeconds });
  }
  const manyClients = await load("--clients", "16", "--requests", "1600");
  // 16 streams of 100 tokens per second: each chunk arrives by itself.
  const streams = await load(
    ...["--clients", "16", "--requests", "16"],
    ...["--chunks", `${CHUNKS_PER_STREAM}`, "--gap", "5000"],
  );
  const largeBodies = await load("--requests", "3", "--size", "20000000");
  const processes = Object.fromEntries(
    [...idle].map(([target, each]) => [target, { ...each, afterMib: residentMib(target) }]),
  ) as Record<Target, Process>;

  const { text, failures } = judge({
    ...{ oneClient, manyClients, streams, largeBodies, processes },
    chunksPerStream: CHUNKS_PER_STREAM,
  });
  console.log(text);
  if (failures.length === 0) return;
  console.error(`\nmore than may be:\n  ${failures.join("\n  ")}`);
  Deno.exitCode = 1;
}

/** Builds the programs in Go, and installs Go first if it can. */
async function buildDoorbench(): Promise<void> {
  const hasGo = await run(["go", "version"]).then(() => true, () => false);
  if (!hasGo) {
    if (Deno.uid() !== 0) {
      throw new Error("Go is not installed; run `apt-get install golang-go` as root");
    }
    await run(["apt-get", "update", "-qq"]);
    await run(["apt-get", "install", "-y", "-qq", "golang-go"]);
  }
  await run(["go", "build", "-o", DOORBENCH, "."], join(import.meta.dirname ?? ".", "go"));
}

/** Starts a program on a free port, waits until it accepts connections, and returns its port. */
async function start(target: Target, command: (port: string) => string[]): Promise<string> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const [program = "", ...args] = command(`${port}`);
  const process = new Deno.Command(program, { args, stdin: "null", stdout: "null" }).spawn();
  programs.set(target, { port, process });
  const ended = process.status.then(({ code }) => {
    programs.delete(target);
    throw new Error(`${program} exited with ${code}`);
  });
  // It is killed at the end.
  ended.catch(() => {});
  await Promise.race([ended, accepts(port)]);
  return `${port}`;
}

async function accepts(port: number): Promise<void> {
  for (;;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      await new Promise((wake) => setTimeout(wake, 20));
    }
  }
}

/** Sends requests to all programs in turn. */
async function load(...args: readonly string[]): Promise<Load> {
  const targets = [...programs].map(([name, { port, process }]) =>
    `${name}=${port}:${process.pid}`
  );
  const output = await run(
    [DOORBENCH, "load", "--targets", targets.join(","), "--rounds", `${rounds}`, ...args],
  );
  return JSON.parse(output);
}

/** Returns the CPU time that each program has used. */
function cpuSeconds(): Map<Target, number> {
  return new Map([...programs].map(([target, { process }]) => {
    const stat = Deno.readTextFileSync(`/proc/${process.pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return [target, (Number(fields[11]) + Number(fields[12])) / 100];
  }));
}

function residentMib(target: Target): number {
  const status = Deno.readTextFileSync(`/proc/${programs.get(target)?.process.pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

/** Runs a program and returns its stdout. Throws its stderr if it fails. */
async function run([program = "", ...args]: readonly string[], cwd = ROOT): Promise<string> {
  const command = new Deno.Command(program, { args, cwd, stdin: "null" });
  const { success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
