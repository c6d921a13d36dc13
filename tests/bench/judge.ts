/** What is said of the measurements of the bench: its table, and what takes more than it may. */
import { median } from "./median.ts";

/** With fewer, a median says little on a machine that does other work besides. */
export const ENOUGH_ROUNDS = 15;

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

/** A command, and what it took in each round, beside a hello-world that ran right before it. */
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
 * Judges by medians. A ratio is the median of those to the hello-world of the same moment, so that
 * other work of the machine, which meets both, does not count.
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

  const rounds = Math.min(...commands.map((each) => each.rounds.length));
  const lines = [
    `medians of ${rounds}${
      rounds < ENOUGH_ROUNDS ? `, which are fewer than ${ENOUGH_ROUNDS}` : ""
    }`,
    "",
    "| | ms | × hello-world | at most | aim | peak MiB | × hello-world | at most |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
  ];
  const hellos = commands.flatMap((each) => each.rounds.map(({ hello }) => hello));
  lines.push(
    `| hello-world | ${absolute(hellos, "milliseconds")} | | | | ${
      absolute(hellos, "peakMib")
    } | | |`,
  );
  for (const each of commands) {
    const own = each.rounds.map((round) => round.own);
    const time = ratio(each, "milliseconds");
    const aim = each.aim === undefined ? "" : `${each.aim} ${time <= each.aim ? "✓" : "✗"}`;
    lines.push(
      `| ${each.name} | ${absolute(own, "milliseconds")} | ${
        most(`the time of ${each.name}`, time, each.mostTime)
      } | ${aim} | ${absolute(own, "peakMib")} | ${
        most(`the memory of ${each.name}`, ratio(each, "peakMib"), each.mostMemory)
      } |`,
    );
  }
  const [, much, more] = growth;
  const [time, bytes] = [grown(growth, "milliseconds"), grown(growth, "bytesOut")];
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

function absolute(runs: readonly Run[], key: keyof Run): string {
  return median(runs.map((run) => run[key])).toFixed(0);
}

function ratio({ rounds }: Measured, key: keyof Run): number {
  return median(rounds.map(({ own, hello }) => own[key] / hello[key]));
}

/** How many times as much `more` has as `much`, both less the start. */
function grown([none, much, more]: Growth, key: keyof Run): number {
  const of = (each: Measured, round: number) => each.rounds[round]?.own[key] ?? NaN;
  return median(
    none.rounds.map(({ own }, round) =>
      (of(more, round) - own[key]) / (of(much, round) - own[key])
    ),
  );
}
