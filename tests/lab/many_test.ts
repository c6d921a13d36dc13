/**
 * Tests that the time of a command grows with the number of Soulstones, and not with its square. A time
 * is the shortest of several runs, and its limit a multiple of another time of the same host.
 */
import assert from "node:assert/strict";
import { engine, type Fields, freshHost, must, run, writeCodex } from "./host_codex.ts";
import { labTest, labUp, type LichShell, lichShell } from "./lab.ts";

const [FEW, MANY] = [4, 64];
const COVENS = 8;
const SETTINGS = { sepulcher: { reserve_ports: "9000-9099" } };

/** The limit for many Soulstones. */
const limitOf = (milliseconds: number) => 2 * milliseconds + 5 * MANY;

/** The commands, without a change to the host. */
const COMMANDS = [
  "lychd plan coven-0",
  "lychd summon coven-0 --dry-run",
  "lychd doctor",
  "lychd status",
  "lychd list",
  "lychd render",
];

const FEWEST_RUNS = 5;
const MOST_RUNS = 40;

labTest("64 Soulstones take at most twice the time of 4, and 5 ms each", async () => {
  await labUp();
  await using shell = lichShell();
  await freshHost(shell);
  const few = new Map<string, number>();
  await install(shell, FEW);
  for (const command of COMMANDS) few.set(command, await shortest(shell, command));
  await install(shell, MANY);
  for (const command of COMMANDS) {
    const limit = limitOf(few.get(command) ?? 0);
    const time = await shortest(shell, command, limit);
    assert.ok(time <= limit, `${command}: ${time} ms, at most ${limit} ms`);
  }
});

labTest("with 64 Soulstones a banish takes the time of systemd", async () => {
  await labUp();
  await using shell = lichShell();
  await freshHost(shell);
  await install(shell, MANY);
  const stop = (command: string) => async () => {
    await must(shell, "systemctl --user start lychd-coven-coven-0.target");
    return await millisecondsOf(shell, command);
  };
  const bySystemd = stop("systemctl --user stop 'soulstone-*.service' 'lychd-coven-*.target'");
  const byLychd = stop("lychd banish");
  let [systemd, lychd] = [await bySystemd(), await byLychd()];
  for (let i = 0; i < FEWEST_RUNS && lychd > limitOf(systemd); i++) {
    lychd = Math.min(lychd, await byLychd());
    systemd = Math.min(systemd, await bySystemd());
  }
  assert.ok(lychd <= limitOf(systemd), `${lychd} ms, systemctl stop ${systemd} ms`);
});

async function install(shell: LichShell, count: number): Promise<void> {
  const soulstones = Array.from({ length: count }, (_, i): [string, Fields] => [
    `stone-${i}`,
    engine(9000 + i, { groups: [`coven-${i % COVENS}`], capabilities: ["text"] }),
  ]);
  await writeCodex(Object.fromEntries(soulstones), SETTINGS);
  const result = await run(shell, "render");
  assert.equal(result.code, 0, result.stderr);
}

/** Returns the shortest time of a command; runs it until that is within the limit. */
async function shortest(shell: LichShell, command: string, limit = Infinity): Promise<number> {
  let milliseconds = Infinity;
  for (let i = 0; i < FEWEST_RUNS || i < MOST_RUNS && milliseconds > limit; i++) {
    milliseconds = Math.min(milliseconds, await millisecondsOf(shell, command));
  }
  return milliseconds;
}

async function millisecondsOf(shell: LichShell, command: string): Promise<number> {
  const script = `start=$(date +%s%N); ${command} >/dev/null 2>&1; end=$(date +%s%N)
echo $(((end - start) / 1000000))`;
  return Number(await must(shell, script));
}
