/**
 * How fast and how large the binary is, against a compiled hello-world of the same base, in one run.
 *
 * `deno task bench`; needs `dist/lychd` and `dist/hello` as `.ci/compile` makes them, and for memory
 * the program `time`.
 */
import { join } from "node:path/posix";
import { manySoulstones } from "./many_soulstones.ts";

const ROUNDS = Number(Deno.env.get("LYCHD_BENCH_ROUNDS") ?? 15);
const ROOT = join(import.meta.dirname ?? ".", "../..");
const LYCHD = join(ROOT, "dist/lychd");
const HELLO = join(ROOT, "dist/hello");
const TIME = "/usr/bin/time";

/** One thing that is measured, and what it may take. */
interface Case {
  readonly name: string;
  readonly command: readonly string[];
  /** Of the median of hello-world. */
  readonly aimRatio?: number;
  readonly aimMilliseconds?: number;
}

/** What was measured. */
interface Measured extends Case {
  readonly medianMilliseconds: number;
  readonly ratio: number;
  readonly peakMib: number;
  readonly bytesOut: number;
}

const home = Deno.makeTempDirSync({ prefix: "lychd-bench-" });
try {
  report(measureAll(casesIn(home)));
} finally {
  Deno.removeSync(home, { recursive: true });
}

function casesIn(folder: string): Case[] {
  const facts = join(folder, "facts.json");
  Deno.writeFileSync(facts, run([LYCHD, "doctor", "--facts"]).stdout);
  const codex = (count: number, covens: number) => {
    const path = join(folder, `codex-${count}`);
    Deno.mkdirSync(join(path, "soulstones"), { recursive: true });
    for (const [name, text] of Object.entries(manySoulstones(count, covens))) {
      Deno.writeTextFileSync(join(path, name), text);
    }
    return path;
  };
  const dryRun = (path: string) => [LYCHD, "render", "--dry-run", "--codex", path];
  const [one, twelve, many] = [codex(1, 1), codex(12, 4), codex(300, 30)];
  return [
    { name: "hello-world", command: [HELLO] },
    { name: "--version", command: [LYCHD, "--version"], aimRatio: 1.3 },
    { name: "check, 12 Soulstones", command: [LYCHD, "check", "--codex", twelve] },
    { name: "render --dry-run, 1 Soulstone", command: dryRun(one) },
    { name: "render --dry-run, 12 Soulstones", command: dryRun(twelve), aimRatio: 3 },
    {
      name: "render --dry-run, 300 Soulstones in 30 Covens",
      command: dryRun(many),
      aimMilliseconds: 1500,
    },
    {
      name: "doctor --facts FILE",
      command: [LYCHD, "doctor", "--codex", one, "--facts", facts],
    },
  ];
}

/** Runs all in turn, again and again, so that what else goes on meets each of them. */
function measureAll(cases: readonly Case[]): Measured[] {
  const times = cases.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, { command }] of cases.entries()) {
      const begun = performance.now();
      run(command);
      times[i]?.push(performance.now() - begun);
    }
  }
  const [hello = NaN] = times.map(median);
  return cases.map((each, i) => ({
    ...each,
    medianMilliseconds: median(times[i] ?? []),
    ratio: median(times[i] ?? []) / hello,
    peakMib: peakMibOf(each.command),
    bytesOut: run(each.command).stdout.length,
  }));
}

function run([program = "", ...args]: readonly string[]): Deno.CommandOutput {
  const done = new Deno.Command(program, {
    args,
    clearEnv: true,
    env: { HOME: home, PATH: "/nonexistent" },
    stdin: "null",
  }).outputSync();
  if (done.code !== 0 && done.code !== 5) {
    throw new Error(`${args.join(" ")}: ${new TextDecoder().decode(done.stderr)}`);
  }
  return done;
}

function peakMibOf(command: readonly string[]): number {
  try {
    Deno.statSync(TIME);
  } catch {
    return NaN;
  }
  // It writes to stderr, behind what the program said.
  const { stderr } = run([TIME, "-f", "%M", ...command]);
  const last = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
  return Number(last) / 1024;
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}

function report(measured: readonly Measured[]): void {
  say(`medians of ${ROUNDS}\n`);
  say("| | ms | × hello-world | aim | peak MiB |\n| --- | ---: | ---: | ---: | ---: |");
  for (const { name, medianMilliseconds, ratio, peakMib, ...aims } of measured) {
    const aim = aims.aimRatio !== undefined
      ? verdict(ratio <= aims.aimRatio, `× ${aims.aimRatio}`)
      : aims.aimMilliseconds !== undefined
      ? verdict(medianMilliseconds <= aims.aimMilliseconds, `${aims.aimMilliseconds} ms`)
      : "";
    say(
      `| ${name} | ${medianMilliseconds.toFixed(0)} | ${ratio.toFixed(2)} | ${aim} | ${
        peakMib.toFixed(0)
      } |`,
    );
  }
  const [few, many] = measured.filter(({ name }) => /(?:12|300) Soulstones/.test(name)).slice(-2);
  if (few !== undefined && many !== undefined) {
    const grown = many.medianMilliseconds / few.medianMilliseconds;
    const written = many.bytesOut / few.bytesOut;
    say(
      `\nfrom 12 to 300 Soulstones the output grows ${written.toFixed(1)} times, ` +
        `the time ${verdict(grown <= written, `${grown.toFixed(1)} times`)}`,
    );
  }
  const over = (Deno.statSync(LYCHD).size - Deno.statSync(HELLO).size) / 1e6;
  say(`the binary is ${verdict(over <= 3, `${over.toFixed(2)} MB`)} over its base`);
}

function verdict(isMet: boolean, words: string): string {
  return `${words} ${isMet ? "✓" : "✗"}`;
}

function say(words: string): void {
  // deno-lint-ignore no-console
  console.log(words);
}
