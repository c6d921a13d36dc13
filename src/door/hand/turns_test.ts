import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { Turns } from "./turns.ts";

Deno.test("works are done one after the other, also after one that failed", async () => {
  const turns = new Turns(0);
  const log: string[] = [];
  const work = (name: string) => async () => {
    log.push(`${name} starts`);
    await Promise.resolve();
    log.push(`${name} ends`);
    if (name === "a") throw new Error("no");
  };
  const [a, b] = [turns.take(work("a")), turns.take(work("b"))];
  await rejects(async () => await a, /no/);
  await b;
  deepStrictEqual(log, ["a starts", "a ends", "b starts", "b ends"]);
});

Deno.test("a work begins no earlier than its pause after the begin of the one before", async () => {
  const turns = new Turns(200);
  const begins: number[] = [];
  const work = () => Promise.resolve(begins.push(performance.now()));
  await Promise.all([turns.take(work), turns.take(work)]);
  const [first = 0, second = 0] = begins;
  strictEqual(second - first >= 199, true);
});

Deno.test("too many works that wait are refused, until one is done", async () => {
  const turns = new Turns(0);
  const work = () => Promise.resolve();
  const taken = Array.from({ length: 20 }, () => turns.take(work));
  strictEqual(turns.take(work), undefined);
  await taken[0];
  await turns.take(work);
});
