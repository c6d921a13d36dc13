/** What is said of the measurements of the bench: its table, and what takes more than it may. */
import { median } from "./median.ts";

/** With fewer, a machine that does other work may have disturbed every one of them. */
export const ENOUGH_ROUNDS = 30;

const MOST_MB_OVER_BASE = 3;

/** What one run of a program took. */
export interface Run {
  readonly milliseconds: number;
  readonly peakMib: number;
  readonly bytesOut: number;
}

/** A command, and what it may take. */
export interface Limits {
  readonly name: string;
  /** Times that of hello-world. */
  readonly mostTime: number;
  /** Times that of hello-world. */
  readonly mostMemory: number;
  /** What the time shall be on a quiet machine, where that is less. It is shown, and fails nothing. */
  readonly aim?: number;
}

/** A command, and what it took each time, beside a hello-world that ran right before it. */
export interface Measured extends Limits {
  readonly rounds: readonly { readonly own: Run; readonly hello: Run }[];
}

/** The same with next to nothing to do, which is the start, with much, and with more. */
export type Growth = readonly [none: Measured, much: Measured, more: Measured];

/** All that was measured. */
export interface Measurements {
  readonly commands: readonly Measured[];
  readonly growth: Growth;
  readonly bytesOverBase: number;
}

/** What is printed, and a line for each thing that takes more than it may. */
export interface Verdict {
  readonly text: string;
  readonly failures: readonly string[];
}

/**
 * Judges times by the least of all rounds: other work of the machine can only make a run slower. The
 * runs of all commands alternate, so that each has the same quiet moments. Memory has no such noise: a
 * median is fine.
 */
export function judge({ commands, growth, bytesOverBase }: Measurements): Verdict {
  const failures: string[] = [];
  const verdict = (what: string, amount: string, isMet: boolean) => {
    if (!isMet) failures.push(`${what}: ${amount}`);
    return isMet ? "✓" : "✗";
  };
  const most = (what: string, ratio: number, limit: number) =>
    `${ratio.toFixed(2)} | ${limit} ${
      verdict(what, `${ratio.toFixed(2)} times hello-world, not ${limit}`, ratio <= limit)
    }`;

  const rounds = Math.max(...commands.map((each) => each.rounds.length));
  const few = rounds < ENOUGH_ROUNDS ? `, which are fewer than ${ENOUGH_ROUNDS}` : "";
  const lines = [
    `least times and median memory of ${rounds} rounds${few}`,
    "",
    "| | ms | × hello-world | at most | aim | peak MiB | × hello-world | at most |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
  ];
  const hellos = commands.flatMap((each) => each.rounds.map(({ hello }) => hello));
  const helloMilliseconds = least(hellos);
  const helloMib = median(hellos.map(({ peakMib }) => peakMib));
  lines.push(
    `| hello-world | ${helloMilliseconds.toFixed(0)} | | | | ${helloMib.toFixed(0)} | | |`,
  );
  for (const each of commands) {
    const own = each.rounds.map((round) => round.own);
    const [milliseconds, mib] = [least(own), median(own.map(({ peakMib }) => peakMib))];
    const time = milliseconds / helloMilliseconds;
    const aim = each.aim === undefined ? "" : `${each.aim} ${time <= each.aim ? "✓" : "✗"}`;
    lines.push(
      `| ${each.name} | ${milliseconds.toFixed(0)} | ${
        most(`the time of ${each.name}`, time, each.mostTime)
      } | ${aim} | ${mib.toFixed(0)} | ${
        most(`the memory of ${each.name}`, mib / helloMib, each.mostMemory)
      } |`,
    );
  }
  const [, much, more] = growth;
  const time = grown(growth, least);
  const bytes = grown(growth, (runs) => runs[0]?.bytesOut ?? NaN);
  const [what, than] = [`${more.name}, over ${much.name}`, `${bytes.toFixed(1)} times the output`];
  lines.push(
    "",
    `${what}, both less the start: ${than} in ${time.toFixed(1)} times the time ${
      verdict(what, `${than} in ${time.toFixed(1)} times the time`, time <= bytes)
    }`,
  );
  const over = `${(bytesOverBase / 1e6).toFixed(2)} MB`;
  lines.push(
    "",
    `the binary is ${over} over its base ${
      verdict("the binary", `${over} over its base`, bytesOverBase <= MOST_MB_OVER_BASE * 1e6)
    }`,
  );
  return { text: lines.join("\n"), failures };
}

/** The least time of a program. */
function least(runs: readonly Run[]): number {
  return Math.min(...runs.map(({ milliseconds }) => milliseconds));
}

/** How many times as much `more` has as `much`, both less the start. */
function grown([none, much, more]: Growth, of: (runs: readonly Run[]) => number): number {
  const [start, middle, end] = [none, much, more]
    .map(({ rounds }) => of(rounds.map(({ own }) => own))) as [number, number, number];
  return (end - start) / (middle - start);
}
