/** Helpers for the tests of `lychd summon`: Soulstones with a simulated GPU, and running engines. */
import assert from "node:assert/strict";
import {
  engine,
  type Fields,
  freshHost,
  GPU_FOLDER,
  type Output,
  run,
  show,
  writeCodex,
} from "./host_codex.ts";
import type { LichShell } from "./lab.ts";
import type { Node } from "./exclusivity.ts";

export const SETTINGS = { sepulcher: { reserve_ports: "8780-8799" } };
const VOLUMES = { volumes: [`${GPU_FOLDER.host}:${GPU_FOLDER.container}`] };

/** The Soulstones of three Covens, two of which share a Soulstone. */
export const THREE_COVENS: readonly Node[] = [
  { name: "a", groups: ["one"], resident: false },
  { name: "both", groups: ["one", "two"], resident: false },
  { name: "c", groups: ["two"], resident: false },
  { name: "z", groups: ["three"], resident: false },
];

/** Renders Soulstones with a simulated GPU, on an empty host. */
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

/** Returns the fields of a Soulstone with a simulated GPU. */
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

/** Renders a Codex on an empty host; without `settings` it has no Watchers. */
export async function install(
  shell: LichShell,
  table: Readonly<Record<string, Fields>>,
  settings: Fields = {},
): Promise<void> {
  await freshHost(shell);
  await writeCodex(table, { ...SETTINGS, ...settings });
  const result = await run(shell, "render");
  assert.equal(result.code, 0, result.stderr);
}

/** Returns the Soulstones whose service is active. */
export async function running(shell: LichShell, names: readonly string[]): Promise<string[]> {
  const states = await show(shell, names.map((n) => `soulstone-${n}.service`), ["ActiveState"]);
  return names.filter((n) => states.get(`soulstone-${n}.service`)?.["ActiveState"] === "active");
}

/** A line of the output of `--json`. */
export type Event = { event: string } & Record<string, unknown>;

/** Parses the output of `--json`. */
export function eventsOf({ stdout }: Output): Event[] {
  return stdout.trim().split("\n").map((line) => JSON.parse(line));
}
