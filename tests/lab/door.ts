/** Helpers for the tests of the front door: a Codex with one, and requests to it. */
import assert from "node:assert/strict";
import { type Fields, GPU_FOLDER, must } from "./host_codex.ts";
import { type LabResult, type LichShell, lichShell, shellQuote } from "./lab.ts";
import { gpuEngine, install } from "./summon.ts";

/** The URL of the front door. */
export const DOOR = "http://127.0.0.1:8081";

/** The folder of the front door. */
export const FOLDER = "$XDG_RUNTIME_DIR/lychd-vessel";

/** Renders Soulstones with a front door on an empty host, which starts the door. */
export async function installDoor(
  shell: LichShell,
  table: Readonly<Record<string, Fields>>,
  vessel: Fields = {},
  settings: Fields = {},
): Promise<void> {
  await install(shell, table, { ...settings, vessel: { enabled: true, ...vessel } });
}

/** Returns the fields of two Soulstones that exclude each other. */
export function rivals(fields: Fields = {}, flags: readonly string[] = []): Record<string, Fields> {
  return {
    a: gpuEngine("a", 8780, { groups: ["one"], ...fields }, flags),
    b: gpuEngine("b", 8781, { groups: ["two"], ...fields }, flags),
  };
}

/** A request to the front door in a shell of its own. The stand-in streams ten words per second. */
export async function chat(model: string, words = 0): Promise<LabResult> {
  await using shell = lichShell();
  const content = Array.from({ length: words }, (_, i) => `w${i}`).join(" ");
  const messages = [{ role: "user", content: content || "hello" }];
  const body = JSON.stringify({ model, stream: words > 0, messages });
  return await shell.run(
    `curl -sSN -m 60 --fail-with-body ${DOOR}/v1/chat/completions ` +
      `-H 'content-type: application/json' -d ${shellQuote(body)}`,
    { timeoutSeconds: 70 },
  );
}

/** Checks that a stream arrived whole. */
export function assertWhole({ code, stdout, stderr }: LabResult, words: number): void {
  assert.equal(code, 0, stderr);
  assert.match(stdout, /\ndata: \[DONE\]\n/);
  assert.ok(stdout.includes(`w${words - 1}"`), stdout);
}

/** Waits until an engine has a request under way. */
export async function underWay(shell: LichShell, name: string): Promise<void> {
  await must(
    shell,
    `until grep -q '"name":"${name}","under_way":[1-9]' ${FOLDER}/state.json; do sleep 0.05; done`,
  );
}

/** Returns the events of the simulated GPU, such as `ready a`, in their order. */
export async function gpuEvents(shell: LichShell): Promise<string[]> {
  const log = await must(shell, `cut -d' ' -f3,4 ${GPU_FOLDER.host}/log`);
  return log.trim().split("\n");
}
