import { dirname } from "node:path/posix";
import type { DoorNetwork } from "../core/orchestrator/door.ts";
import type { Folders } from "../run/folders.ts";
import type { Invocation } from "../run/invocation.ts";
import type { Permissions } from "../run/permissions.ts";
import type { ProgramName, Programs } from "../run/programs.ts";

/**
 * Returns the exact permissions of one run: the only place that grants any. docs/security.md has them
 * as a table. No command has the network, except clients of the front door, which have nothing else:
 * see {@linkcode proberPermissions} and {@linkcode clientPermissions}.
 */
export function permissionsFor(
  invocation: Invocation,
  folders: Folders,
  programs: Programs,
): Permissions {
  const { codex, quadlet, systemd, manager } = folders;
  const output = listOf(folders.output);
  const units = [quadlet, systemd];
  /** The folder of the front door: its state, and what stops of engines wait for. */
  const door = listOf(folders.vessel);
  /** Folders where a unit of the same name would clash with one of lychd's. */
  const otherUnits = [...folders.otherQuadlet, ...folders.otherSystemd];
  const grant = (
    read: readonly string[],
    run: readonly ProgramName[] = [],
    write: readonly string[] = [],
  ): Permissions => ({ read, write, run: run.flatMap((name) => programs[name] ?? []) });
  const inscribing = (
    read: readonly string[],
    { restart }: { readonly restart: boolean },
    written: readonly string[] = [],
  ) => {
    const write = [
      ...units,
      ...listOf(folders.stage),
      ...restart ? door : [],
      ...written,
    ];
    // The folder above the stage must belong to the user.
    const above = listOf(folders.stage).map((stage) => dirname(stage));
    return grant(
      [...read, ...write, ...above, ...otherUnits, ...restart ? [manager] : []],
      // The journal has the reason why a new front door does not start.
      ["systemctl", "systemdAnalyze", "generator", "journalctl", ...restart ? POD_PROGRAMS : []],
      write,
    );
  };
  switch (invocation.command) {
    case "check":
    case "complete":
    case "explain":
      return grant([codex]);
    case "render":
      switch (invocation.mode) {
        case "dry-run":
          return grant([codex, ...units, ...otherUnits]);
        case "output":
          return grant([codex, ...output], [], output);
        case "compare":
          return grant([codex, ...output]);
        case "inscribe":
          return inscribing([codex], invocation);
      }
      break;
    case "rollback":
      return inscribing([codex], invocation);
    case "edit":
      return inscribing([], invocation, [codex]);
    case "purge":
      return inscribing([], invocation);
    case "apply":
    case "restart":
      return invocation.dryRun
        ? grant([codex, ...units, ...door], ["systemctl"])
        : grant([codex, ...units, ...door, manager], ["systemctl", ...POD_PROGRAMS], [
          ...units,
          ...door,
        ]);
    case "doctor":
      return grant(
        [codex, ...listOf(folders.facts)],
        invocation.mode === "list" || folders.facts !== undefined ? [] : EXAMINERS,
      );
    case "import":
      return grant(
        [...folders.imports.flatMap((i) => [i.path, ...i.dropIns]), ...output],
        invocation.from === "llama-swap" ? SURVEYORS : [],
        output,
      );
    case "plan":
      return grant([codex, ...units, ...door], ["systemctl", "podman"]);
    case "pull":
      return grant([codex, ...units], ["podman"]);
    case "list":
      return grant([codex, ...units, ...door], ["systemctl"]);
    case "covens":
      return grant([codex, ...units], GPU_PROGRAMS);
    case "status":
      return grant([...units, ...door], ["systemctl", ...POD_PROGRAMS, ...GPU_PROGRAMS]);
    case "logs":
      return grant(units, ["systemctl", "journalctl"]);
    case "summon":
      return grant(
        [codex, ...units, ...door, manager],
        ["systemctl", ...POD_PROGRAMS, ...GPU_PROGRAMS],
        door,
      );
    case "banish":
      return grant([...units, ...door], ["systemctl"], door);
    case "serve":
      return grant(
        [...units, ...door, manager],
        ["systemctl", "systemdNotify", ...POD_PROGRAMS, ...GPU_PROGRAMS],
        door,
      );
    case "init":
    case "add":
      return grant([codex], SURVEYORS, [codex]);
    // See clientPermissions.
    case "chat":
    case "top":
    case "schema":
    case "completions":
    case "licenses":
      return grant([]);
  }
}

/** The programs that print the memory of GPUs. */
const GPU_PROGRAMS: readonly ProgramName[] = ["nvidiaSmi", "grep"];

/** The programs that show why an engine or the pod does not start: the journal, and what holds a port. */
const POD_PROGRAMS: readonly ProgramName[] = ["journalctl", "podman", "ss"];

/** The programs that show which GPUs and ports there are. */
const SURVEYORS: readonly ProgramName[] = ["cat", "ls", "podman", "ss", "stat", ...GPU_PROGRAMS];

/** The programs that doctor runs. */
const EXAMINERS: readonly ProgramName[] = [
  ...SURVEYORS,
  "df",
  "generator",
  "id",
  "systemctl",
  "test",
];

function listOf(folder: string | undefined): string[] {
  return folder === undefined ? [] : [folder];
}

/**
 * Returns the permissions of the sandbox that asks engines for their health: to connect to exactly
 * these ports of 127.0.0.1, which the gate reads from the units. Only a command that starts engines
 * gets one.
 */
export function proberPermissions(
  invocation: Invocation,
  ports: readonly number[],
): Permissions | undefined {
  if (!startsEngines(invocation) || !ports.every(isPort)) return undefined;
  return onlyNetwork(ports.map((port) => `127.0.0.1:${port}`));
}

/**
 * Returns the permissions of the sandbox that speaks HTTP for the front door: to listen on its own
 * addresses, and to connect to exactly these ports of engines on 127.0.0.1, and these Portals.
 */
export function frontPermissions(
  invocation: Invocation,
  { addresses, port, enginePorts, portals }: DoorNetwork,
): Permissions | undefined {
  if (invocation.command !== "serve" || ![port, ...enginePorts].every(isPort)) return undefined;
  if (![...portals].every(isHostAndPort)) return undefined;
  return onlyNetwork([
    ...addresses.map((address) => `${address.includes(":") ? `[${address}]` : address}:${port}`),
    ...[...enginePorts].map((enginePort) => `127.0.0.1:${enginePort}`),
    ...portals,
  ]);
}

/** Returns true for a command that uses the front door as other programs do. */
export function isClient({ command }: Invocation): boolean {
  return command === "chat" || command === "top";
}

/** Returns the permissions of a client of the front door: to connect to it. */
export function clientPermissions(
  invocation: Invocation,
  { address, port }: { readonly address: string; readonly port: number },
): Permissions | undefined {
  if (!isClient(invocation) || !isPort(port)) return undefined;
  return onlyNetwork([`${address.includes(":") ? `[${address}]` : address}:${port}`]);
}

function onlyNetwork(net: readonly string[]): Permissions {
  return { read: [], write: [], run: [], net };
}

/** Returns true for one host and one port: no pattern of hosts, and no port that means all. */
function isHostAndPort(address: string): boolean {
  const [, port = ""] = /^(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\]):(\d+)$/.exec(address) ??
    [];
  return isPort(Number(port));
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/** Returns true if a command starts engines and waits until they answer. */
export function startsEngines(invocation: Invocation): boolean {
  switch (invocation.command) {
    case "summon":
    case "restart":
    case "serve":
      return true;
    case "apply":
      return !invocation.dryRun;
    case "render":
      return invocation.mode === "inscribe" && invocation.restart;
    case "rollback":
    case "edit":
      return invocation.restart;
    default:
      return false;
  }
}

/** The program of a sandbox. */
export type SandboxName = "worker" | "health_worker" | "front_worker" | "self_test_worker";

/** Starts a worker with exactly these permissions. */
export type StartSandbox = (name: SandboxName, permissions: Permissions) => Worker;

/** Converts permissions to the option of a worker. */
export function workerPermissions(permissions: Permissions): Deno.PermissionOptionsObject {
  return {
    read: [...permissions.read],
    write: [...permissions.write],
    run: [...permissions.run],
    net: permissions.net === undefined ? false : [...permissions.net],
    env: false,
    ffi: false,
    sys: false,
    import: false,
  };
}
