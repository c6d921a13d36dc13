/**
 * Measures the time that a summon adds to `systemctl --user start` of the same target with the same
 * wait for health. It runs pairs of swaps in one lab, each from the same state and in alternating order.
 *
 * With a health check the times would vary by half a second at random, because Podman checks the
 * health of an engine about once a second. So these engines have none, and both sides poll /health
 * themselves.
 *
 * Run it with `deno task bench:summon`. `LYCHD_BENCH_PAIRS` sets the number of pairs (20), and
 * `LYCHD_BENCH_LOAD_SECONDS` the load time of an engine (4, less than a small model needs). The load
 * average of the machine is printed too, because it changes the figures.
 */
import { median } from "../bench/median.ts";
import { engine, freshHost, must, run, writeCodex } from "./host_codex.ts";
import { labDown, labUp, type LichShell, lichShell, skipReason } from "./lab.ts";
import { makeBinary } from "./run.ts";

const PAIRS = Number(Deno.env.get("LYCHD_BENCH_PAIRS") ?? 20);
const LOAD_SECONDS = Deno.env.get("LYCHD_BENCH_LOAD_SECONDS") ?? "4";
const PORTS = [8780, 8781];

const SUMMON = "lychd summon one >/dev/null 2>~/summon.log || { cat ~/summon.log; false; }";
const START = `systemctl --user start lychd-coven-one.target &&
  for port in ${PORTS.join(" ")}; do
    until curl -sf -o /dev/null http://127.0.0.1:$port/health; do sleep 0.05; done
  done`;

/** Starts the other Coven, then measures the seconds of a swap. */
async function swapSeconds(shell: LichShell, script: string): Promise<number> {
  await must(shell, "systemctl --user start lychd-coven-two.target");
  const times = await must(
    shell,
    `start=$EPOCHREALTIME; ${script}
     code=$?; echo "$start $EPOCHREALTIME"; exit $code`,
  );
  const [start = 0, end = 0] = times.trim().split(" ").map(Number);
  return end - start;
}

/** Returns the load averages over 1, 5 and 15 minutes, and the number of cores. */
function loadText(): string {
  const load = Deno.loadavg().map((n) => n.toFixed(1)).join(" ");
  return `${load} on ${navigator.hardwareConcurrency} cores`;
}

async function bench(): Promise<void> {
  await using shell = lichShell();
  await freshHost(shell);
  const flags = ["--load-seconds", LOAD_SECONDS];
  const health = { path: "/health", cmd: "none" };
  await writeCodex({
    a: engine(8780, { groups: ["one"], health }, flags),
    b: engine(8781, { groups: ["one"], health }, flags),
    c: engine(8782, { groups: ["two"], health }),
  });
  const { code, stderr } = await run(shell, "render");
  if (code !== 0) throw new Error(stderr);
  const loadBefore = loadText();
  const pairs: { summon: number; start: number }[] = [];
  for (let i = 0; i < PAIRS; i++) {
    const first = await swapSeconds(shell, i % 2 === 0 ? SUMMON : START);
    const second = await swapSeconds(shell, i % 2 === 0 ? START : SUMMON);
    pairs.push(
      i % 2 === 0 ? { summon: first, start: second } : { summon: second, start: first },
    );
  }
  const ratio = median(pairs.map(({ summon, start }) => summon / start));
  const added = median(pairs.map(({ summon, start }) => summon - start));
  console.log(
    `${PAIRS} pairs, engines that load for ${LOAD_SECONDS} s: ` +
      `summon ${median(pairs.map((p) => p.summon)).toFixed(3)} s, ` +
      `start ${median(pairs.map((p) => p.start)).toFixed(3)} s (medians)`,
  );
  console.log(`load average ${loadBefore} before, ${loadText()} after`);
  console.log(`median ratio ${ratio.toFixed(3)}, median difference ${added.toFixed(3)} s`);
}

const reason = skipReason();
if (reason !== undefined) console.log(`no measurement: ${reason}`);
else if (await makeBinary() !== 0) Deno.exitCode = 1;
else {
  await labUp();
  try {
    await bench();
  } finally {
    if (!Deno.env.get("LYCHD_LAB_KEEP")) await labDown();
  }
}
