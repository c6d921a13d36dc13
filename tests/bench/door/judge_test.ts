import { deepStrictEqual, match } from "node:assert/strict";
import { judge, type Load, type Measurements, type Round, type Target } from "./judge.ts";

const NOTHING: Round = {
  requests: 100,
  median_microseconds: 0,
  p99_microseconds: 0,
  requests_per_second: 0,
  cpu_microseconds: 0,
};

/** Ten equal rounds for each program, with one number for each. */
function load(key: keyof Round, numbers: Readonly<Record<Target, number>>): Load {
  const rounds = (target: Target) =>
    Array.from({ length: 10 }, () => ({ ...NOTHING, [key]: numbers[target] }));
  return {
    direct: rounds("direct"),
    proxy: rounds("proxy"),
    bundle: rounds("bundle"),
    binary: rounds("binary"),
  };
}

const PROCESS = { idleMib: 60, idleCpuSeconds: 0, afterMib: 290 };

const GOOD: Measurements = {
  oneClient: load("median_microseconds", { direct: 50, proxy: 150, bundle: 160, binary: 200 }),
  manyClients: load("requests_per_second", {
    direct: 30_000,
    proxy: 5000,
    bundle: 5100,
    binary: 4000,
  }),
  streams: load("cpu_microseconds", {
    direct: 10_000,
    proxy: 600_000,
    bundle: 720_000,
    binary: 800_000,
  }),
  chunksPerStream: 200,
  largeBodies: load("median_microseconds", {
    direct: 20_000,
    proxy: 110_000,
    bundle: 80_000,
    binary: 90_000,
  }),
  processes: { direct: PROCESS, proxy: PROCESS, bundle: PROCESS, binary: PROCESS },
};

/** Makes every round but the first one slower, as on a busy machine. */
function disturbed(load: Load): Load {
  const rounds = Object.entries(load).map(([target, rounds]) => [
    target,
    rounds.map((round: Round, i: number) =>
      i === 0 ? round : {
        ...round,
        median_microseconds: round.median_microseconds * (3 + i),
        requests_per_second: round.requests_per_second / (3 + i),
      }
    ),
  ]);
  return Object.fromEntries(rounds);
}

Deno.test("judge() shows the added time, and accepts measurements within the limits", () => {
  const { text, failures } = judge(GOOD);
  deepStrictEqual(failures, []);
  match(
    text,
    /\| Go, as llama-swap does it \| 100 \| 0 \| 0 \| 5000 \| 30\.0 \| 110 \| 60 \| 290 \|/,
  );
  match(text, /\| bundle: added latency, × Go \| 1\.10 \| 1\.2 ✓ \| 1\.8 ✓ \|/);
  match(text, /\| binary: added latency, × Go \| 1\.50 \| 1\.6 ✓ \| 3 ✓ \|/);
});

Deno.test("judge() shows a missed aim without a failure", () => {
  const oneClient = load("median_microseconds", {
    direct: 50,
    proxy: 150,
    bundle: 200,
    binary: 200,
  });
  const { text, failures } = judge({ ...GOOD, oneClient });
  deepStrictEqual(failures, []);
  match(text, /\| bundle: added latency, × Go \| 1\.50 \| 1\.2 ✗ \| 1\.8 ✓ \|/);
});

Deno.test("judge() compares the quietest rounds", () => {
  const { failures } = judge({
    ...GOOD,
    oneClient: disturbed(GOOD.oneClient),
    manyClients: disturbed(GOOD.manyClients),
    largeBodies: disturbed(GOOD.largeBodies),
  });
  deepStrictEqual(failures, []);
});

Deno.test("judge() fails for each number of the bundle beyond its limit", () => {
  const slow = { direct: 50, proxy: 150, bundle: 250, binary: 200 };
  const fails = (change: Partial<Measurements>, failure: string) =>
    deepStrictEqual(judge({ ...GOOD, ...change }).failures, [failure]);
  fails(
    { oneClient: load("median_microseconds", slow) },
    "bundle: added latency, × Go: 2.00, not 1.8",
  );
  fails({
    manyClients: load("requests_per_second", { ...slow, proxy: 600 }),
  }, "bundle: time per request of 16 clients, × Go: 2.40, not 2.2");
  fails(
    { streams: load("cpu_microseconds", { ...slow, bundle: 450 }) },
    "bundle: CPU time per SSE chunk, × Go: 3.00, not 2.2",
  );
  fails(
    { largeBodies: load("median_microseconds", slow) },
    "bundle: time of a body of 20 MB, × Go: 1.67, not 1.5",
  );
  const bundle = { idleMib: 60, idleCpuSeconds: 0.5, afterMib: 290 };
  fails(
    { processes: { ...GOOD.processes, bundle } },
    "bundle: CPU seconds while idle for 10 s: 0.50, not 0.1",
  );
  fails(
    { processes: { ...GOOD.processes, bundle: { ...PROCESS, afterMib: 500 } } },
    "bundle: MiB after large bodies: 500.00, not 400",
  );
});

Deno.test("judge() fails for a slow binary, and for a missing measurement", () => {
  const numbers = { direct: 50, proxy: 150, bundle: 160, binary: 400 };
  deepStrictEqual(
    judge({ ...GOOD, oneClient: load("median_microseconds", numbers) }).failures,
    ["binary: added latency, × Go: 3.50, not 3"],
  );
  const streams = { ...GOOD.streams, bundle: [] };
  deepStrictEqual(judge({ ...GOOD, streams }).failures, [
    "bundle: CPU time per SSE chunk, × Go: Infinity, not 2.2",
  ]);
});
