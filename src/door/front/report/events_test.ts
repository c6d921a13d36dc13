import { rejects, strictEqual } from "node:assert/strict";
import { Events } from "./events.ts";

Deno.test("a follower that does not read is dropped, and the others go on", async () => {
  const events = new Events();
  const slow = events.follow("first")?.getReader();
  const fast = events.follow("first")?.getReader();
  const text = async () => new TextDecoder().decode((await fast?.read())?.value);
  strictEqual(await text(), 'event: state\ndata: "first"\n\n');
  for (let i = 0; i < 10; i++) {
    events.publish(() => "x".repeat(40_000));
    strictEqual((await text()).length, 40_000 + 'event: state\ndata: ""\n\n'.length);
  }
  await rejects(async () => {
    while (!(await slow?.read())?.done);
  }, /it reads too slowly/);
  events.close();
  strictEqual((await fast?.read())?.done, true);
});

Deno.test("only so many clients follow at once, and one that leaves makes room", async () => {
  const events = new Events();
  const followers = Array.from({ length: 64 }, () => events.follow("state"));
  strictEqual(events.follow("state"), undefined);
  await followers[0]?.cancel();
  strictEqual(events.follow("state") === undefined, false);
  events.close();
});
