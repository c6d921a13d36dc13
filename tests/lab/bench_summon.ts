/**
 * What a summon adds to `systemctl --user start` of the same target with the same wait for health:
 * pairs of swaps in one lab, each from the same state, in turn in either order.
 *
 * Podman asks an engine for its health about once a second, and `Notify=healthy` waits for that: pairs
 * would differ by half a second by luck. These engines do without it; both sides wait for /health
 * themselves, as they do where an engine has no check of its own.
 *
 * `deno task bench:summon`; `LYCHD_BENCH_PAIRS` and `LYCHD_BENCH_LOAD_SECONDS` change 20 and 4, which
 * is less than a small model takes. What else the machine had to do is printed with the figures: they
 * say little without it.
 */
import { median } from "../bench/median.ts";
import { engine, must } from "./host_codex.ts";
import { freshHost, run, writeCodex } from "./host_program.ts";
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

/** The seconds that a swap takes, from the other Coven on. */
async function swapSeconds(shell: LichShell, script: string): Promise<number> {
  await must(shell, "systemctl --user start lychd-coven-two.target");
  const said = await must(
    shell,
    `begun=$EPOCHREALTIME; ${script}
     code=$?; echo "$begun $EPOCHREALTIME"; exit $code`,
  );
  const [begun = 0, ended = 0] = said.trim().split(" ").map(Number);
  return ended - begun;
}

/** Over one, five and fifteen minutes, and how many cores there are. */
function loadText(): string {
  const load = Deno.loadavg().map((n) => n.toFixed(1)).join(" ");
  return `${load} on ${navigator.hardwareConcurrency} cores`;
}

async function bench(): Promise<void> {
  await using shell = lichShell();
  await freshHost(shell);
  const flags = ["--load-seconds", LOAD_SECONDS];
  const quadlet = { Container: { Notify: false } };
  await writeCodex({
    a: engine(8780, { groups: ["one"], quadlet }, flags),
    b: engine(8781, { groups: ["one"], quadlet }, flags),
    c: engine(8782, { groups: ["two"], quadlet }),
  });
  const said = await run(shell, "render");
  if (said.code !== 0) throw new Error(said.stderr);
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
  console.log(`load average ${loadBefore} before, ${loadText()} behind`);
  console.log(`median ratio ${ratio.toFixed(3)}, median of what it adds ${added.toFixed(3)} s`);
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
