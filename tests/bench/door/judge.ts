/** Compares the measurements of the front door with those of the stand-in for llama-swap, as a table. */
import type { Verdict } from "../judge.ts";

/** The measurements of one round, from `doorbench load`. */
export interface Round {
  readonly requests: number;
  readonly median_microseconds: number;
  readonly p99_microseconds: number;
  readonly requests_per_second: number;
  /** CPU time of the program's process, in steps of 10 ms. */
  readonly cpu_microseconds: number;
}

/** A program that clients send requests to. */
export type Target = "direct" | "proxy" | "bundle" | "binary";

/** The rounds of each program under one load. */
export type Load = Readonly<Record<Target, readonly Round[]>>;

/** The process of a program. */
export interface Process {
  readonly idleMib: number;
  readonly idleCpuSeconds: number;
  /** After the requests with large bodies. */
  readonly afterMib: number;
}

/** All measurements. */
export interface Measurements {
  readonly oneClient: Load;
  readonly manyClients: Load;
  readonly streams: Load;
  readonly chunksPerStream: number;
  readonly largeBodies: Load;
  readonly processes: Readonly<Record<Target, Process>>;
}

/** The names of the rows. */
const NAMES: Readonly<Record<Target, string>> = {
  direct: "direct",
  proxy: "Go, as llama-swap does it",
  bundle: "the front door, Deno " + Deno.version.deno,
  binary: "the front door, compiled on an older base",
};

const TARGETS = Object.keys(NAMES) as Target[];

/** The numbers of a program: each is better if it is smaller, except requests per second. */
interface Row extends Process {
  readonly addedMicroseconds: number;
  readonly addedP99Microseconds: number;
  readonly cpuPerRequest: number;
  readonly requestsPerSecond: number;
  readonly cpuPerChunk: number;
  readonly largeBodyMilliseconds: number;
}

/**
 * A bound on a ratio or an amount. The aim is for a quiet machine, and is only shown; the limit fails the
 * bench, and leaves room for a busy machine.
 */
interface Bound {
  readonly what: string;
  readonly of: (row: Row, proxy: Row) => number;
  readonly aim: number;
  readonly most: number;
}

const LATENCY = "added latency, × Go";

const BOUNDS: readonly Bound[] = [
  {
    what: LATENCY,
    of: (row, proxy) => row.addedMicroseconds / proxy.addedMicroseconds,
    aim: 1.2,
    most: 1.8,
  },
  {
    what: "time per request of 16 clients, × Go",
    of: (row, proxy) => proxy.requestsPerSecond / row.requestsPerSecond,
    aim: 1,
    most: 2.2,
  },
  {
    what: "CPU time per SSE chunk, × Go",
    of: (row, proxy) => row.cpuPerChunk / proxy.cpuPerChunk,
    aim: 1.3,
    most: 2.2,
  },
  {
    what: "time of a body of 20 MB, × Go",
    of: (row, proxy) => row.largeBodyMilliseconds / proxy.largeBodyMilliseconds,
    aim: 1,
    most: 1.5,
  },
  { what: "MiB after large bodies", of: (row) => row.afterMib, aim: 300, most: 400 },
  { what: "CPU seconds while idle for 10 s", of: (row) => row.idleCpuSeconds, aim: 0, most: 0.1 },
];

/** The base of the binary is older and slower, so only its latency is judged. */
const BINARY_BOUNDS: readonly Bound[] = BOUNDS.filter(({ what }) => what === LATENCY)
  .map((bound) => ({ ...bound, aim: 1.6, most: 3 }));

/**
 * Takes the best of all rounds for each number, because other work of the machine can only make a round
 * worse. The rounds of all programs alternate, so that each has the same quiet moments.
 */
export function judge(measured: Measurements): Verdict {
  const rowOf = (target: Target): Row => ({
    addedMicroseconds: added(measured.oneClient, target, (round) => round.median_microseconds),
    addedP99Microseconds: added(measured.oneClient, target, (round) => round.p99_microseconds),
    cpuPerRequest: cpuPerRequest(measured.oneClient[target]),
    requestsPerSecond: Math.max(
      ...measured.manyClients[target].map((round) => round.requests_per_second),
    ),
    cpuPerChunk: cpuPerRequest(measured.streams[target]) / measured.chunksPerStream,
    largeBodyMilliseconds:
      least(measured.largeBodies[target], (round) => round.median_microseconds) / 1000,
    ...measured.processes[target],
  });
  const rows = Object.fromEntries(TARGETS.map((target) => [target, rowOf(target)])) as Record<
    Target,
    Row
  >;
  const failures: string[] = [];
  const lines = [
    "| | added µs | p99 | CPU µs/request | requests/s, 16 clients | CPU µs/SSE chunk | 20 MB, ms | MiB idle | MiB after 20 MB bodies | CPU s, 10 s idle |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ...TARGETS.map((target) => `| ${[NAMES[target], ...cells(rows[target])].join(" | ")} |`),
    "",
    "| | ratio or amount | aim | at most |",
    "| --- | ---: | ---: | ---: |",
  ];
  for (const [target, bounds] of [["bundle", BOUNDS], ["binary", BINARY_BOUNDS]] as const) {
    for (const { what, of, aim, most } of bounds) {
      const amount = of(rows[target], rows.proxy);
      // A missing measurement is infinite or not a number, and within no limit.
      const mark = (bound: number) => amount <= bound ? "✓" : "✗";
      const name = `${target}: ${what}`;
      lines.push(
        `| ${name} | ${amount.toFixed(2)} | ${aim} ${mark(aim)} | ${most} ${mark(most)} |`,
      );
      if (!(amount <= most)) failures.push(`${name}: ${amount.toFixed(2)}, not ${most}`);
    }
  }
  return { text: lines.join("\n"), failures };
}

function cells(row: Row): string[] {
  return [
    row.addedMicroseconds.toFixed(0),
    row.addedP99Microseconds.toFixed(0),
    row.cpuPerRequest.toFixed(0),
    row.requestsPerSecond.toFixed(0),
    row.cpuPerChunk.toFixed(1),
    row.largeBodyMilliseconds.toFixed(0),
    row.idleMib.toFixed(0),
    row.afterMib.toFixed(0),
    row.idleCpuSeconds.toFixed(2),
  ];
}

/** Returns the time of a program minus that of the engine without anything before it. */
function added(load: Load, target: Target, of: (round: Round) => number): number {
  return least(load[target], of) - least(load.direct, of);
}

function least(rounds: readonly Round[], of: (round: Round) => number): number {
  return Math.min(...rounds.map(of));
}

function cpuPerRequest(rounds: readonly Round[]): number {
  return least(rounds, (round) => round.cpu_microseconds / round.requests);
}
