/**
 * Measures the speed and size of the binary, compared with a compiled hello-world of the same base.
 *
 * `deno task bench`; needs `dist/lychd` and `dist/hello` from `.ci/compile`, and GNU time(1).
 * Exits with 1 if a limit is exceeded. `--rounds N` makes a shorter run.
 */
import { parseArgs } from "node:util";
import { join } from "node:path/posix";
import { EXIT } from "../../src/run/invocation.ts";
import { ENOUGH_ROUNDS, judge, type Limits, type Run } from "./judge.ts";
import { manySoulstones } from "./many_soulstones.ts";

const ROOT = join(import.meta.dirname ?? ".", "../..");
const LYCHD = join(ROOT, "dist/lychd");
const HELLO = join(ROOT, "dist/hello");

/** A command of lychd and its runs so far. */
interface Case extends Limits {
  readonly args: readonly string[];
  /** Runs only in every n-th round, because it takes long. */
  readonly every?: number;
  readonly rounds: { readonly own: Run; readonly hello: Run }[];
}

/** Success, errors that doctor found, or `status` on a host without the user's systemd. */
const GOOD: ReadonlySet<number> = new Set([EXIT.ok, EXIT.doctorErrors, EXIT.hostRefused]);

const { values: options } = parseArgs({ options: { rounds: { type: "string" } } });
const rounds = Number(options.rounds ?? ENOUGH_ROUNDS);
if (!Number.isInteger(rounds) || rounds < 1) {
  throw new RangeError("--rounds must be a whole number of at least 1");
}

const home = Deno.makeTempDirSync({ prefix: "lychd-bench-" });
try {
  bench();
} finally {
  Deno.removeSync(home, { recursive: true });
}

/**
 * The commands, which run in turn, each immediately after a hello-world. A limit fails the gate. It is
 * about 1.4 times the measured value, because starting a thread costs more on some machines of CI.
 */
function bench(): void {
  // A worker starts, and loads the Codex, the compiler and zod.
  const small = { mostTime: 8, mostMemory: 2.3 };
  // No worker starts; a hello-world has no options to parse.
  const version = caseOf("--version", ["--version"], { mostTime: 1.5, mostMemory: 1.3, aim: 1.3 });
  const one = dryRun(1, 1, small);
  const twelve = dryRun(12, 4, { ...small, aim: 4.5 });
  // In proportion to the Soulstones: the start, and 0.09 hello-worlds for each.
  const much = { ...dryRun(150, 15, { mostTime: 20, mostMemory: 3.7 }), every: 3 };
  // The aim is 1500 ms: 35 times a hello-world of 43.
  const more = { ...dryRun(300, 30, { mostTime: 35, mostMemory: 5.5 }), every: 3 };
  const codex = ["--codex", codexOf(12, 4)];
  const facts = join(home, "facts.json");
  Deno.writeFileSync(facts, output(LYCHD, "doctor", "--facts"));
  output(LYCHD, "render", ...codex, "--no-verify", "--no-reload");
  const commands = [
    version,
    // It also runs systemctl, if there is one.
    caseOf("status, 12 Soulstones", ["status"], { mostTime: 5, mostMemory: 2.3, aim: 2.6 }),
    caseOf("check, 12 Soulstones", ["check", ...codex], small),
    one,
    twelve,
    much,
    more,
    caseOf("doctor --facts FILE", ["doctor", ...codex, "--facts", facts], small),
  ];
  for (let round = 0; round < rounds; round++) {
    for (const each of commands) {
      if (round % (each.every ?? 1) !== 0) continue;
      each.rounds.push({ hello: run(HELLO), own: run(LYCHD, ...each.args) });
    }
  }
  const bytesOverBase = Deno.statSync(LYCHD).size - Deno.statSync(HELLO).size;
  const { text, failures } = judge({ commands, growth: [one, much, more], bytesOverBase });
  // deno-lint-ignore no-console
  console.log(text);
  if (failures.length === 0) return;
  // deno-lint-ignore no-console
  console.error(`\nmore than may be:\n  ${failures.join("\n  ")}`);
  Deno.exitCode = 1;
}

function dryRun(count: number, covens: number, limits: Omit<Limits, "name">): Case {
  const name = `render --dry-run, ${count} Soulstone${count === 1 ? "" : `s in ${covens} Covens`}`;
  return caseOf(name, ["render", "--dry-run", "--codex", codexOf(count, covens)], limits);
}

function caseOf(name: string, args: readonly string[], limits: Omit<Limits, "name">): Case {
  return { name, args, ...limits, rounds: [] };
}

/** Writes a Codex and returns its folder. */
function codexOf(count: number, covens: number): string {
  const folder = join(home, `codex-${count}`);
  Deno.mkdirSync(join(folder, "soulstones"), { recursive: true });
  for (const [name, text] of Object.entries(manySoulstones(count, covens))) {
    Deno.writeTextFileSync(join(folder, name), text);
  }
  return folder;
}

function run(program: string, ...args: readonly string[]): Run {
  const report = join(home, "memory");
  const begun = performance.now();
  const bytesOut = output("/usr/bin/time", "-q", "-f", "%M", "-o", report, program, ...args).length;
  const milliseconds = performance.now() - begun;
  return { milliseconds, peakMib: Number(Deno.readTextFileSync(report)) / 1024, bytesOut };
}

/** Returns the output of a program. */
function output(program: string, ...args: readonly string[]): Uint8Array {
  const { code, stdout, stderr } = new Deno.Command(program, {
    args: [...args],
    clearEnv: true,
    env: { HOME: home, PATH: "/nonexistent" },
    stdin: "null",
  }).outputSync();
  if (GOOD.has(code)) return stdout;
  throw new Error(`${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}
