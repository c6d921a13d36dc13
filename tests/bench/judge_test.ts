import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { judge, type Measured, type Measurements } from "./judge.ts";
import { median } from "./median.ts";

const HELLO = { milliseconds: 40, peakMib: 50, bytesOut: 6 };

/** A command that takes as long as `hellos` hello-worlds. */
function command(name: string, hellos: number, limits: Partial<Measured> = {}): Measured {
  const own = { milliseconds: 40 * hellos, peakMib: 90, bytesOut: 1000 * hellos };
  const rounds = Array.from({ length: 30 }, () => ({ own, hello: HELLO }));
  return { name, mostTime: 100, mostMemory: 2, ...limits, rounds };
}

const GOOD: Measurements = {
  commands: [command("check", 4, { mostTime: 6, aim: 3 })],
  growth: [command("1", 4), command("150", 12), command("300", 24)],
  bytesOverBase: 9e5,
};

/** The measurements with each run of `check` changed. */
function withEach(change: (run: typeof HELLO, round: number) => typeof HELLO): Measurements {
  const commands = GOOD.commands.map((each) => ({
    ...each,
    rounds: each.rounds.map(({ own, hello }, round) => ({ own: change(own, round), hello })),
  }));
  return { ...GOOD, commands };
}

Deno.test("judge() accepts measurements within the limits, and shows a missed aim", () => {
  const { text, failures } = judge(GOOD);
  deepStrictEqual(failures, []);
  match(text, /^least times and median memory of 30 rounds\n/);
  match(text, /\| check \| 160 \| 4\.00 \| 6 ✓ \| 3 ✗ \| 90 \| 1\.80 \| 2 ✓ \|/);
});

Deno.test("judge() fails if a command is 1.5 times slower or larger", () => {
  const slow = withEach((run) => ({ ...run, milliseconds: run.milliseconds * 1.6 }));
  deepStrictEqual(judge(slow).failures, ["the time of check: 6.40 times hello-world, not 6"]);
  const fat = withEach((run) => ({ ...run, peakMib: 600 }));
  deepStrictEqual(judge(fat).failures, ["the memory of check: 12.00 times hello-world, not 2"]);
  match(judge(fat).text, /12\.00 \| 2 ✗ \|/);
});

Deno.test("judge() accepts a binary even if most of its runs were disturbed", () => {
  const noisy = withEach((run, round) => round % 9 !== 0 ? { ...run, milliseconds: 900 } : run);
  deepStrictEqual(judge(noisy).failures, []);
});

Deno.test("judge() compares growth without the start, so that a slow start does not hide it", () => {
  const [none, much, more] = GOOD.growth;
  const later = (each: Measured, milliseconds: number): Measured => ({
    ...each,
    rounds: each.rounds.map(({ own, hello }) => ({
      own: { ...own, milliseconds: own.milliseconds + milliseconds },
      hello,
    })),
  });
  for (const start of [0, 400, 4000]) {
    const steep = [later(none, start), later(much, start), later(more, start + 320)] as const;
    deepStrictEqual(judge({ ...GOOD, growth: steep }).failures, [
      "300, over 150: 2.5 times the output in 3.5 times the time",
    ]);
    const even = [later(none, start), later(much, start), later(more, start)] as const;
    deepStrictEqual(judge({ ...GOOD, growth: even }).failures, []);
  }
});

Deno.test("judge() fails if the binary is more than 3 MB over its base", () => {
  deepStrictEqual(judge({ ...GOOD, bytesOverBase: 47e6 }).failures, [
    "the binary: 47.00 MB over its base",
  ]);
});

Deno.test("judge() reports too few rounds", () => {
  const commands = GOOD.commands.map((each) => ({ ...each, rounds: each.rounds.slice(0, 5) }));
  match(judge({ ...GOOD, commands }).text, /^least [^\n]*of 5 rounds, fewer than 30\n/);
});

Deno.test("median() returns the middle number, or the mean of the two middle ones", () => {
  strictEqual(median([9, 1, 2]), 2);
  strictEqual(median([9, 1, 4, 2]), 3);
  ok(Number.isNaN(median([])));
});
