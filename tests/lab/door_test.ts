/** Tests of the front door under a real systemd, with clients and an operator at the same time. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { type Action, countByEnd, unexplained } from "./door_judge.ts";
import { DOOR, FOLDER, installDoor } from "./door.ts";
import type { Attempt, AttemptEnd, Chat, Load } from "./door_load.ts";
import { type Node, overlaps } from "./exclusivity.ts";
import { type Fields, GPU_FOLDER, must, reboot, run, waitUntil, writeCodex } from "./host_codex.ts";
import { labStatus, labTest, labUp, type LichShell, lichShell } from "./lab.ts";
import { gpuEngine, SETTINGS } from "./summon.ts";

/** Three Covens, and two slots: one engine of each runs at a time. */
const NODES: readonly Node[] = [
  { name: "a", groups: ["alpha"], slot: "chat", resident: false },
  { name: "helper", groups: ["alpha"], resident: false },
  { name: "b", groups: ["beta"], slot: "chat", resident: false },
  { name: "c", groups: ["gamma"], slot: "chat", resident: false },
  { name: "e", groups: [], slot: "embed", resident: false },
  { name: "f", groups: [], slot: "embed", resident: false },
];
const NAMES = NODES.map(({ name }) => name);

const VESSEL = { linger_seconds: 0, wait_seconds: 240 };

/** Returns the Soulstones. An engine ignores the flag with the number of the render. */
function soulstones(render: number): Record<string, Fields> {
  return Object.fromEntries(NODES.map(({ name, ...fields }, i) => {
    const flags = ["--load-seconds", "0.3", `--render=${render}`];
    return [name, gpuEngine(name, 8780 + i, fields, flags)];
  }));
}

/** Waits until the door listens. */
async function waitForDoor(shell: LichShell): Promise<void> {
  await waitUntil("the front door listens", 60, async () => {
    return (await shell.run(`curl -sf -m 2 ${DOOR}/health`)).code === 0;
  });
}

/** Starts the clients in the network of the lab. */
async function startClients(load: Load): Promise<AsyncIterable<Chat>> {
  const { pid } = await labStatus();
  const script = fileURLToPath(new URL("./door_load.ts", import.meta.url));
  const words = ["run", "--no-check", "--allow-net", script, JSON.stringify(load)];
  const child = new Deno.Command("nsenter", {
    args: [`--net=/proc/${pid}/ns/net`, Deno.execPath(), ...words],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  return (async function* () {
    let rest = "";
    for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + piece).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) yield JSON.parse(line) as Chat;
    }
    assert.equal((await child.status).code, 0);
  })();
}

/** An action of the operator: does it, and returns what it killed. */
type Act = (shell: LichShell, random: (below: number) => number) => Promise<Action["kills"]>;

let render = 0;

const ACTS: Readonly<Record<string, Act>> = {
  async "lychd summon"(shell, random) {
    const wish = [...NAMES, "alpha", "beta", "gamma"][random(NAMES.length + 3)] ?? "";
    await run(shell, "summon", wish, "--timeout", "60");
    return "nothing";
  },
  async "systemctl start"(shell, random) {
    const name = NAMES[random(NAMES.length)] ?? "";
    await shell.run(`systemctl --user start soulstone-${name}.service`, { timeoutSeconds: 100 });
    return "nothing";
  },
  async "render --restart"(shell) {
    await writeCodex(soulstones(++render), {
      ...SETTINGS,
      vessel: { enabled: true, ...VESSEL },
    });
    const { code, stderr } = await run(shell, "render", "--restart");
    assert.equal(code, 0, stderr);
    return "nothing";
  },
  async "kill -9 of an engine"(shell) {
    // It writes the line of the log that a killed engine cannot write.
    const killed = await must(
      shell,
      `name=$(podman ps --format '{{.Names}}' | sed -n 's/^soulstone-//p' | shuf -n 1)
       pid=$(podman inspect -f '{{.State.Pid}}' "soulstone-$name" 2>/dev/null) || exit 0
       kill -9 "$pid" 2>/dev/null || exit 0
       while [ -d "/proc/$pid" ]; do sleep 0.01; done
       echo "$(cut -d' ' -f1 /proc/uptime) $(date +%s%6N) gone $name" >> ${GPU_FOLDER.host}/log
       # Until systemd knows, clients may still be sent there.
       while systemctl --user --quiet is-active "soulstone-$name"; do sleep 0.1; done
       echo "$name"`,
    );
    return killed === "" ? "nothing" : { engine: killed.trim() };
  },
  async "kill -9 of the door"(shell) {
    await must(shell, "systemctl --user kill --signal=KILL lychd-vessel.service");
    await waitForDoor(shell);
    return "door";
  },
};

Deno.test("unexplained() accepts a failed attempt only at the time of a kill of its engine or the door", () => {
  const ended = (end: AttemptEnd, milliseconds: number) => ({
    end,
    said: "",
    beginMilliseconds: milliseconds,
    endMilliseconds: milliseconds + 10,
  });
  const kill = (kills: Action["kills"], milliseconds: number): Action => {
    return { what: "", kills, beginMilliseconds: milliseconds, endMilliseconds: milliseconds + 10 };
  };
  const actions = [kill("door", 100), kill({ engine: "a" }, 200), kill("nothing", 300)];
  const count = (...attempts: readonly Attempt[]) =>
    unexplained([{ id: "chat1", model: "a", attempts }], actions).length;
  assert.equal(count(ended("busy", 300), ended("whole", 400)), 0);
  assert.equal(count(ended("cut", 105)), 0);
  assert.equal(count(ended("lost", 195), ended("whole", 400)), 0);
  assert.equal(count(ended("error", 205)), 0);
  assert.equal(count(ended("cut", 205)), 1);
  assert.equal(count(ended("cut", 305)), 1);
  assert.equal(count(ended("lost", 305), ended("whole", 400)), 1);
  assert.equal(count(ended("busy", 305)), 1);
  assert.equal(count(ended("wrong", 105)), 1);
  const others = [{ id: "chat2", model: "b", attempts: [ended("error", 205)] }];
  assert.equal(unexplained(others, actions).length, 1);
});

labTest("500 chats of 8 clients survive an operator who does everything at once", async () => {
  await labUp();
  await using shell = lichShell();
  const seed = Number(Deno.env.get("LYCHD_SEED") ?? Date.now() % 2 ** 31);
  // deno-lint-ignore no-console
  console.log(`seed ${seed}: repeat the actions with LYCHD_SEED=${seed}`);
  const random = randomNumbers(seed);
  await installDoor(shell, soulstones(0), VESSEL);
  await waitForDoor(shell);
  const load = { url: DOOR, models: NAMES, clients: 8, chats: 500, words: 4 };
  const chats: Chat[] = [];
  let isLoading = true;
  const loading = (async () => {
    for await (const chat of await startClients(load)) chats.push(chat);
  })().finally(() => isLoading = false);

  const actions: Action[] = [];
  const act = async (what: string, does: () => Promise<Action["kills"]>) => {
    const beginMilliseconds = Date.now();
    const kills = await does();
    actions.push({ what, kills, beginMilliseconds, endMilliseconds: Date.now() });
  };
  let [hasRebooted, doorKills] = [false, 0];
  while (isLoading) {
    await new Promise((wake) => setTimeout(wake, 2000 + random(5000)));
    if (!hasRebooted && chats.length > load.chats / 2) {
      hasRebooted = true;
      await act("restart of the user manager", async () => {
        await reboot();
        await waitForDoor(shell);
        return "door";
      });
    } else {
      const [what, does] = Object.entries(ACTS)[random(Object.keys(ACTS).length)] ?? assert.fail();
      // systemd waits longer after each kill before it starts the door again.
      if (what === "kill -9 of the door" && ++doorKills > 3) continue;
      await act(what, () => does(shell, random));
    }
  }
  await loading;

  const counts = { ...countByEnd(chats), ...countBy(actions) };
  // deno-lint-ignore no-console
  console.log(Object.entries(counts).map(([what, count]) => `${count} ${what}`).join(", "));
  assert.equal(chats.length, load.chats);
  assert.deepEqual(
    unexplained(chats, actions),
    [],
    actions.map((action) => JSON.stringify(action)).join("\n"),
  );
  const log = await must(shell, `cat ${GPU_FOLDER.host}/log`);
  assert.deepEqual(overlaps(NODES, log), [], log);
  await waitUntil("nothing is left in the queue", 30, async () => {
    const status = JSON.parse(await must(shell, `curl -sf -m 5 ${DOOR}/lychd/v1/status`));
    const isFree = (each: Record<string, unknown>) =>
      each["under_way"] === 0 && each["waiting"] === 0;
    return status.phase === "steady" && status.soulstones.every(isFree);
  });
  await waitUntil("only engines that run have a lease", 30, async () => {
    const files = (await must(shell, `ls ${FOLDER}`)).trim().split("\n");
    const ready = await must(
      shell,
      "systemctl --user list-units --plain --no-legend --state=active 'soulstone-*.service'",
    );
    return files.every((file) =>
      file === "state.json" || file === "metrics.txt" ||
      file.startsWith("lease-") && ready.includes(`soulstone-${file.slice("lease-".length)}.`)
    );
  });
  assert.ok(hasRebooted);
});

function countBy(actions: readonly Action[]): Record<string, number> {
  const byName = Map.groupBy(actions, ({ what }) => what);
  return Object.fromEntries([...byName].map(([what, all]) => [what, all.length]));
}

/** Returns a function that returns whole numbers below a limit, always the same ones for a seed. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed || 1;
  return (below) => {
    // Xorshift: the numbers only have to be different.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
