/** Compares the measurements of the bench with their limits, and formats them as a table. */
import { median } from "./median.ts";

/** The minimum number of rounds; with fewer, other work of the machine may have disturbed all of them. */
export const ENOUGH_ROUNDS = 30;

const MOST_MB_OVER_BASE = 3;

/** The measurements of one run of a program. */
export interface Run {
  readonly milliseconds: number;
  readonly peakMib: number;
  readonly bytesOut: number;
}

/** A command and its limits. */
export interface Limits {
  readonly name: string;
  /** In multiples of hello-world. */
  readonly mostTime: number;
  /** In multiples of hello-world. */
  readonly mostMemory: number;
  /** The desired time on a quiet machine, if it is less. It is shown, but never fails the bench. */
  readonly aim?: number;
}

/** A command and its runs, each with the hello-world that ran immediately before it. */
export interface Measured extends Limits {
  readonly rounds: readonly { readonly own: Run; readonly hello: Run }[];
}

/** A command with almost no work, which is the start, with much work, and with more. */
export type Growth = readonly [none: Measured, much: Measured, more: Measured];

/** All measurements. */
export interface Measurements {
  readonly commands: readonly Measured[];
  readonly growth: Growth;
  readonly bytesOverBase: number;
}

/** The printed text, and a line for each exceeded limit. */
export interface Verdict {
  readonly text: string;
  readonly failures: readonly string[];
}

/**
 * Compares the least time of all rounds, because other work of the machine can only make a run slower. The
 * runs of all commands alternate, so that each has the same quiet moments. Memory has no such noise, so its
 * median is compared.
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
  const few = rounds < ENOUGH_ROUNDS ? `, fewer than ${ENOUGH_ROUNDS}` : "";
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
    `${what}, both without the start: ${than} in ${time.toFixed(1)} times the time ${
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

/** Returns the least time of a program. */
function least(runs: readonly Run[]): number {
  return Math.min(...runs.map(({ milliseconds }) => milliseconds));
}

/** Returns the ratio of `more` to `much`, both without the start. */
function grown([none, much, more]: Growth, of: (runs: readonly Run[]) => number): number {
  const [start, middle, end] = [none, much, more]
    .map(({ rounds }) => of(rounds.map(({ own }) => own))) as [number, number, number];
  return (end - start) / (middle - start);
}
