import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { Events } from "./events.ts";

const ANYONE = { client: undefined, isAdmitted: () => true };

Deno.test("a follower that does not read is dropped, and the others go on", async () => {
  const events = new Events();
  const slow = events.follow(ANYONE, "first")?.getReader();
  const fast = events.follow(ANYONE, "first")?.getReader();
  const text = async () => new TextDecoder().decode((await fast?.read())?.value);
  strictEqual(await text(), 'event: state\ndata: "first"\n\n');
  for (let i = 0; i < 10; i++) {
    const state = `${i}`.padEnd(40_000, "x");
    // What is already known is not sent again.
    for (const _ of ["once", "twice"]) events.publish(() => state);
    strictEqual(await text(), `event: state\ndata: "${state}"\n\n`);
  }
  await rejects(async () => {
    while (!(await slow?.read())?.done);
  }, /it reads too slowly/);
  events.close();
  strictEqual((await fast?.read())?.done, true);
});

Deno.test("the first follower and the end of the last one are reported", async () => {
  const reported: boolean[] = [];
  const events = new Events((isFollowed) => reported.push(isFollowed));
  const [first, second] = [events.follow(ANYONE), events.follow(ANYONE)];
  await first?.cancel();
  deepStrictEqual(reported, [true]);
  await second?.cancel();
  events.follow(ANYONE);
  events.close();
  deepStrictEqual(reported, [true, false, true, false]);
});

Deno.test("only so many clients follow at once, and one that leaves makes room", async () => {
  const events = new Events();
  const followers = Array.from({ length: 64 }, () => events.follow(ANYONE, "state"));
  strictEqual(events.follow(ANYONE, "state"), undefined);
  await followers[0]?.cancel();
  strictEqual(events.follow(ANYONE, "state") === undefined, false);
  events.close();
});

Deno.test("a client with a key leaves room for others", () => {
  const events = new Events();
  const follow = (client: string) => events.follow({ ...ANYONE, client }, "state");
  for (let i = 0; i < 16; i++) strictEqual(follow("alice") === undefined, false);
  strictEqual(follow("alice"), undefined);
  strictEqual(follow("bob") === undefined, false);
  events.close();
});
