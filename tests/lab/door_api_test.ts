/** Tests of what clients of the front door see of systemd and the journal, and of the commands that are its clients. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { planSchema, requestsSchema, statusSchema } from "../../src/core/api/schema.ts";
import { DOOR, installDoor } from "./door.ts";
import { must, waitUntil } from "./host_codex.ts";
import { labTest, labUp, lichShell } from "./lab.ts";
import { gpuEngine } from "./summon.ts";

const KEY = "a-key";
const DIGEST = createHash("sha256").update(KEY).digest("hex");

labTest("with a key, clients see why an engine failed, logs, requests and plans", async () => {
  await labUp();
  await using shell = lichShell();
  const table = {
    a: gpuEngine("a", 8780, { groups: ["one"], description: "50% <script>" }),
    bad: gpuEngine("bad", 8781, { groups: ["two"] }, ["--exit-after", "0", "--exit-code", "3"]),
  };
  await installDoor(shell, table, { keys: { alice: `sha256:${DIGEST}` } });
  const curl = (path: string, options = "") =>
    must(shell, `curl -sSN -m 60 -H 'x-api-key: ${KEY}' ${options} ${DOOR}/lychd/v1/${path}`);
  const order = (path: string, body: object) =>
    curl(path, `-H 'content-type: application/json' -d '${JSON.stringify(body)}'`);
  const soulstone = async (name: string) =>
    statusSchema.parse(JSON.parse(await curl("status"))).soulstones
      .find((each) => each.name === name)!;

  assert.deepEqual(planSchema.parse(JSON.parse(await curl("plan?wish=a"))).starts, ["a"]);
  const answer = await must(shell, `LYCHD_KEY=${KEY} lychd chat a w0 w1`);
  assert.match(answer, /^w0 w1\s*\n$/);
  const { requests: [request] } = requestsSchema.parse(JSON.parse(await curl("requests")));
  assert.deepEqual([request?.soulstone, request?.client, request?.result], ["a", "alice", "200"]);
  const a = await soulstone("a");
  assert.deepEqual([a.state, a.description, a.problem], ["ready", "50% <script>", null]);
  const unit = await must(
    shell,
    "systemctl --user show --timestamp=unix -P ActiveEnterTimestamp soulstone-a",
  );
  assert.equal(Date.parse(a.since ?? ""), Number(unit.trim().slice(1)) * 1000);

  const held = await order("summon", { wish: ["a"], hold: true });
  assert.equal(held, '{"done":true}\n');
  assert.match(await order("summon", { wish: ["bad"] }), /the operator keeps what runs/);
  assert.equal(await order("release", {}), '{"done":true}\n');
  assert.match(await order("summon", { wish: ["bad"] }), /bad is not ready/);
  await waitUntil("the failure is shown", 20, async () => {
    const { problem } = await soulstone("bad");
    return problem !== null && /status 3/.test(problem.why) &&
      problem.command === "lychd logs bad" && (problem.log ?? []).length > 0;
  });
  const top = await must(shell, `LYCHD_KEY=${KEY} timeout 5 lychd top | head -n 2`);
  assert.match(top, /^\d\d:\d\d:\d\d a \w+\n\d\d:\d\d:\d\d bad \w+\n$/);

  const log = must(
    shell,
    `curl -sN -m 8 -H 'x-api-key: ${KEY}' ${DOOR}/lychd/v1/logs/bad || test $? = 28`,
  );
  assert.match(await log, /^event: line\ndata: \{"time":"20[^"]*Z","text":".*status=3/m);
  await waitUntil(
    "no journal is read any more",
    20,
    async () => await must(shell, "pgrep -c -f '[j]ournalctl.*--follow' || true") === "0\n",
  );
});
