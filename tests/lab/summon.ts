/** What the tests of `lychd summon` share: Soulstones that play with the lab's GPU, and who runs. */
import assert from "node:assert/strict";
import { engine, type Fields, GPU_FOLDER, show } from "./host_codex.ts";
import { freshHost, run, type Said, writeCodex } from "./host_program.ts";
import type { LichShell } from "./lab.ts";
import type { Node } from "./exclusivity.ts";

export const SETTINGS = { sepulcher: { reserve_ports: "8780-8799" } };
const VOLUMES = { volumes: [`${GPU_FOLDER.host}:${GPU_FOLDER.container}`] };

/** Three Covens, of which two share a Soulstone. */
export const RIVALS: readonly Node[] = [
  { name: "a", groups: ["one"], resident: false },
  { name: "both", groups: ["one", "two"], resident: false },
  { name: "c", groups: ["two"], resident: false },
  { name: "z", groups: ["three"], resident: false },
];

/** Has the program render Soulstones that play with the lab's GPU. */
export async function installNodes(
  shell: LichShell,
  nodes: readonly Node[],
  flags: readonly string[] = [],
): Promise<void> {
  const table: Record<string, Fields> = {};
  for (const [i, { name, ...fields }] of nodes.entries()) {
    table[name] = gpuEngine(name, 8780 + i, fields, flags);
  }
  await install(shell, table);
}

/** The fields of an engine that plays with the lab's GPU. */
export function gpuEngine(
  name: string,
  port: number,
  fields: Fields,
  flags: readonly string[] = [],
): Fields {
  return engine(port, { ...fields, ...VOLUMES }, [
    "--model",
    name,
    "--gpu",
    GPU_FOLDER.container,
    "--stop-seconds",
    "0.2",
    ...flags,
  ]);
}

/** Has the program render a Codex on an empty host. */
export async function install(
  shell: LichShell,
  table: Readonly<Record<string, Fields>>,
): Promise<void> {
  await freshHost(shell);
  await writeCodex(table, SETTINGS);
  const said = await run(shell, "render");
  assert.equal(said.code, 0, said.stderr);
}

/** The Soulstones that systemd calls active. */
export async function running(shell: LichShell, names: readonly string[]): Promise<string[]> {
  const states = await show(shell, names.map((n) => `soulstone-${n}.service`), ["ActiveState"]);
  return names.filter((n) => states.get(`soulstone-${n}.service`)?.["ActiveState"] === "active");
}

/** One line of what `--json` says. */
export type Event = { event: string } & Record<string, unknown>;

/** What the program said with `--json`. */
export function eventsOf({ stdout }: Said): Event[] {
  return stdout.trim().split("\n").map((line) => JSON.parse(line));
}
