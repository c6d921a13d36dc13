/** The time of doctor grows linearly with the length of the facts, whatever repeats in them. */
import { ok } from "node:assert/strict";
import type { Facts } from "../../src/core/facts.ts";
import { examined, factsOf, readHost } from "./hosts.ts";

/** Texts to repeat: what the patterns of the readers look for, without its end. */
const PARTS = [
  ..."1 a : ( [ \" ' = . / # - , | { \t".split(" "),
  " ",
  "1.",
  "a:1:",
  "uid=1(",
  "groups=(",
  '("a',
  "append =",
  ":PCI_ID=",
  "pid=1",
  "/a",
];

/** The lengths of a short and a long text. Linear work takes at most 16 times as long, quadratic up to 256 times. */
const SHORT = 600;
const LONG = 16 * SHORT;
const MOST_TIMES = 40;

/** The best try counts, because other programs take time too. */
const TRIES = 3;

/** Measurements below this are noise. */
const NOISE_MILLISECONDS = 100;

Deno.test("no fact makes doctor slow, however its text repeats", async () => {
  const host = readHost("fedora-43-nvidia");
  const facts = await factsOf(host);
  const millisecondsOf = async (kept: readonly string[], part: string, length: number) => {
    const line = part.repeat(length / part.length);
    const commands = Object.entries(facts.commands).map(([id, fact]) => [
      id,
      kept.includes(id) ? fact : { command: id, exit: 0, stdout: [line], stderr: [line] },
    ]);
    const hostile: Facts = { ...facts, commands: Object.fromEntries(commands) };
    const start = performance.now();
    await examined(hostile, host.codex, { json: true });
    return performance.now() - start;
  };
  for (const part of PARTS) {
    // Most checks are skipped while Podman does not answer.
    for (const kept of [[], ["podman-info"]]) {
      if (await millisecondsOf(kept, part, LONG) < NOISE_MILLISECONDS) continue;
      let [long, short, tries] = [Infinity, Infinity, 0];
      do {
        long = Math.min(long, await millisecondsOf(kept, part, LONG));
        short = Math.min(short, await millisecondsOf(kept, part, SHORT));
      } while (long >= MOST_TIMES * short && ++tries < TRIES);
      const words = `repeated ${JSON.stringify(part)}: ${long / short} times as long`;
      ok(long < MOST_TIMES * short, words);
    }
  }
});
