/**
 * Lets mixed clients use real engines of two Covens through the front door for minutes, with faults, and
 * compares what the door needs after the first minutes and at the end.
 *
 * `deno task soak --minutes N`; it fails if the file descriptors or the memory grew by more than a tenth, if
 * the door restarted, or if a request failed without a fault at the same time. A run of less than four
 * minutes only shows the memory, which still grows then as the program warms up.
 */
import { fileURLToPath } from "node:url";
import { type Action, countByEnd, unexplained } from "../lab/door_judge.ts";
import type { Chat } from "../lab/door_load.ts";
import { must, run, writeCodex } from "../lab/host_codex.ts";
import {
  labDown,
  labStatus,
  labTraces,
  labUp,
  type LichShell,
  lichShell,
  skipReason,
} from "../lab/lab.ts";
import { makeBinary } from "../lab/run.ts";
import { SETTINGS } from "../lab/summon.ts";
import { ENGINES, installEngines } from "./engines.ts";

const SCRIPT = fileURLToPath(new URL("./soak_load.ts", import.meta.url));
const CLIENTS = 6;

/** The time after which memory and descriptors are measured for the first time; half of a shorter run. */
const FIRST_MINUTES = 2;

/** The growth that is allowed after that. */
const MOST_GROWTH = 1.1;

/** The pause between two faults. */
const PAUSE_SECONDS = 10;

/** The needs of the door without requests. */
interface Needs {
  readonly memoryMib: number;
  readonly descriptors: number;
}

type Fault = (shell: LichShell, number: number) => Promise<Action["kills"]>;

const FAULTS: Readonly<Record<string, Fault>> = {
  async "kill -9 of an engine"(shell) {
    const engine = await must(
      shell,
      `name=$(podman ps --format '{{.Names}}' | sed -n 's/^soulstone-//p' | shuf -n 1)
       podman kill -s KILL "soulstone-$name" >/dev/null 2>&1 || exit 0
       # Until systemd knows, requests may still be sent there.
       while systemctl --user --quiet is-active "soulstone-$name"; do sleep 0.1; done
       echo "$name"`,
    );
    return engine === "" ? "nothing" : { engine: engine.trim() };
  },
  async "lychd summon"(shell, number) {
    await run(shell, "summon", number % 2 === 0 ? "chat" : "think", "--timeout", "60");
    return "nothing";
  },
  async "a render with another setting"(shell, number) {
    await writeCodex(ENGINES, {
      ...SETTINGS,
      vessel: { enabled: true, linger_seconds: 1 + number % 3 },
    });
    const { code, stderr } = await run(shell, "render");
    if (code !== 0) throw new Error(stderr);
    return "nothing";
  },
  async "lychd banish"(shell) {
    await run(shell, "banish");
    return "nothing";
  },
};

/** Starts the clients in the network of the lab, and gives each chat to `onChat`. */
async function load(seconds: number, onChat: (chat: Chat) => void): Promise<void> {
  const { pid } = await labStatus();
  const words = ["run", "--no-check", "-A", SCRIPT, String(seconds), String(CLIENTS)];
  const child = new Deno.Command("nsenter", {
    args: [`--net=/proc/${pid}/ns/net`, Deno.execPath(), ...words],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  let rest = "";
  for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onChat(JSON.parse(line));
  }
  if (!(await child.status).success) throw new Error("the clients failed");
}

/** Measures the door `count` times in pauses of half a second. Returns the least. */
async function needsOf(shell: LichShell, pid: string, count: number): Promise<Needs> {
  const lines = await must(
    shell,
    `for i in $(seq ${count}); do
       echo $(awk '/^VmRSS/ { print $2 }' /proc/${pid}/status) $(ls /proc/${pid}/fd | wc -l)
       sleep 0.5
     done`,
  );
  const samples = lines.trim().split("\n").map((line) => line.split(" ").map(Number));
  const least = (column: number) => Math.min(...samples.map((sample) => sample[column] ?? NaN));
  return { memoryMib: Math.round(least(0) / 1024), descriptors: least(1) };
}

async function soak(minutes: number): Promise<string[]> {
  await labUp();
  await using shell = lichShell();
  await installEngines(shell);
  // There is no other network in the lab.
  await new Deno.Command(Deno.execPath(), { args: ["cache", "--quiet", SCRIPT] }).output();
  const pidOf = async () =>
    (await must(shell, "systemctl --user show -P MainPID lychd-vessel")).trim();
  const pid = await pidOf();
  const chats: Chat[] = [];
  const actions: Action[] = [];
  const rows: Record<string, unknown>[] = [];
  const measured: Needs[] = [];
  const first = Math.min(FIRST_MINUTES, minutes / 2);
  const beginning = Date.now();
  const row = (door: string, needs: Needs) => {
    const minute = Number(((Date.now() - beginning) / 60_000).toFixed(1));
    rows.push({ minute, door, ...needs, faults: actions.length, ...countByEnd(chats) });
  };
  let number = 0;
  for (const part of [first, minutes - first]) {
    let isLoading = true;
    const loading = load(part * 60, (chat) => chats.push(chat)).finally(() => isLoading = false);
    while (isLoading) {
      await new Promise((wake) => setTimeout(wake, PAUSE_SECONDS * 1000));
      if (!isLoading) break;
      const [what, does] = Object.entries(FAULTS)[number % Object.keys(FAULTS).length]!;
      const beginMilliseconds = Date.now();
      const kills = await does(shell, number++);
      actions.push({ what, kills, beginMilliseconds, endMilliseconds: Date.now() });
      if ((Date.now() - beginning) / 60_000 > rows.length * minutes / 10) {
        row("busy", await needsOf(shell, pid, 1));
      }
    }
    await loading;
    const needs = await needsOf(shell, pid, 20);
    measured.push(needs);
    row("at rest", needs);
  }
  console.table(rows);
  const problems = unexplained(chats, actions);
  if (await pidOf() !== pid) problems.push("the front door restarted");
  const [before, after] = measured;
  const judged = minutes < 2 * FIRST_MINUTES ? ["descriptors"] : ["descriptors", "memoryMib"];
  for (const what of judged as (keyof Needs)[]) {
    const growth = after![what] / before![what];
    if (!(growth <= MOST_GROWTH)) {
      problems.push(`${what} grew from ${before![what]} to ${after![what]}`);
    }
  }
  return problems;
}

if (import.meta.main) {
  const at = Deno.args.indexOf("--minutes");
  const minutes = at < 0 ? 30 : Number(Deno.args[at + 1]);
  const reason = skipReason();
  if (!(minutes > 0)) {
    console.error("usage: deno task soak --minutes N");
    Deno.exitCode = 2;
  } else if (reason !== undefined) {
    console.log(`the soak is skipped: ${reason}`);
  } else {
    Deno.exitCode = await makeBinary();
    const problems = Deno.exitCode === 0 ? await soak(minutes) : [];
    if (!Deno.env.get("LYCHD_LAB_KEEP")) {
      await labDown();
      problems.push(...(await labTraces()).map((trace) => `left behind: ${trace}`));
    }
    for (const problem of problems) console.error(problem);
    if (problems.length > 0) Deno.exitCode = 1;
  }
}
