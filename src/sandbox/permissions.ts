import { dirname } from "node:path/posix";
import type { Folders } from "../run/folders.ts";
import type { Invocation } from "../run/invocation.ts";
import type { Permissions } from "../run/permissions.ts";
import type { ProgramName, Programs } from "../run/programs.ts";

/**
 * The exact permissions of one run: the only place that grants any.
 *
 * - `check` and `explain` read the Codex.
 * - `render --dry-run` also reads the folders of units, to compare; it cannot write.
 * - `render --output DIR` writes below DIR and nowhere else.
 * - `init` and `add` read and write the Codex and nothing else, and run programs that look for GPUs
 *   and free ports.
 * - `complete` reads the Codex; `schema` and `completions` print, and may do nothing.
 * - `import` reads the files that are named and the drop-ins beside them; with `--output DIR` it
 *   writes below DIR.
 * - `doctor` reads the Codex, or facts from a file, and runs programs that look; it writes nothing.
 * - `render`, `rollback` and `purge` write to lychd's own folder of Quadlet units, to the user's
 *   folder of systemd units, and to the stage; they read the other folders of units, and run
 *   systemctl, systemd-analyze and the Quadlet generator.
 * - `plan` and `list` read the Codex and the units, and run systemctl; `covens` asks the GPUs instead.
 * - `status` reads the units and asks both; `logs` reads the units and runs systemctl and
 *   journalctl.
 * - `summon` and `banish` run systemctl; `summon` reads the Codex besides, to compare, asks the GPUs,
 *   and runs journalctl for what went wrong. It has no network: see {@linkcode proberPermissions}.
 */
export function permissionsFor(
  invocation: Invocation,
  folders: Folders,
  programs: Programs,
): Permissions {
  switch (invocation.command) {
    case "check":
    case "explain":
      return { read: [folders.codex], write: [], run: [] };
    case "render":
      switch (invocation.mode) {
        case "dry-run":
          return {
            read: [folders.codex, folders.quadlet, folders.systemd, ...others(folders)],
            write: [],
            run: [],
          };
        case "output":
          return {
            read: [folders.codex, ...own(folders.output)],
            write: own(folders.output),
            run: [],
          };
        case "inscribe":
          return writing(folders, programs, [folders.codex]);
      }
      break;
    case "doctor":
      return {
        read: [folders.codex, ...own(folders.facts)],
        write: [],
        run: invocation.mode === "list" || folders.facts !== undefined
          ? []
          : some(programs, EXAMINERS),
      };
    case "import":
      return {
        read: [...folders.imports.flatMap((i) => [i.path, ...i.dropIns]), ...own(folders.output)],
        write: own(folders.output),
        run: [],
      };
    case "rollback":
    case "purge":
      return writing(folders, programs, []);
    case "plan":
    case "list":
      return {
        read: [folders.codex, folders.quadlet, folders.systemd],
        write: [],
        run: some(programs, ["systemctl"]),
      };
    case "covens":
      return {
        read: [folders.codex, folders.quadlet, folders.systemd],
        write: [],
        run: some(programs, GPU_PROGRAMS),
      };
    case "status":
      return {
        read: [folders.quadlet, folders.systemd],
        write: [],
        run: some(programs, ["systemctl", ...GPU_PROGRAMS]),
      };
    case "logs":
      return {
        read: [folders.quadlet, folders.systemd],
        write: [],
        run: some(programs, ["systemctl", "journalctl"]),
      };
    case "summon":
      return {
        read: [folders.codex, folders.quadlet, folders.systemd],
        write: [],
        run: some(programs, ["systemctl", "journalctl", ...GPU_PROGRAMS]),
      };
    case "banish":
      return {
        read: [folders.quadlet, folders.systemd],
        write: [],
        run: some(programs, ["systemctl"]),
      };
    case "init":
    case "add":
      return {
        read: [folders.codex],
        write: [folders.codex],
        run: some(programs, SURVEYORS),
      };
    case "complete":
      return { read: [folders.codex], write: [], run: [] };
    case "schema":
    case "completions":
      return { read: [], write: [], run: [] };
  }
}

function writing(folders: Folders, programs: Programs, read: readonly string[]): Permissions {
  const write = [folders.quadlet, folders.systemd, ...own(folders.stage)];
  return {
    read: [...read, ...write, ...stagesOf(folders), ...others(folders)],
    write,
    run: some(programs, ["systemctl", "systemdAnalyze", "generator"]),
  };
}

/** Where the stage is: it must be for nobody else to write to. */
function stagesOf({ stage }: Folders): string[] {
  return stage === undefined ? [] : [dirname(stage)];
}

/** What doctor asks. */
const EXAMINERS: readonly ProgramName[] = [
  "cat",
  "df",
  "generator",
  "grep",
  "id",
  "ls",
  "nvidiaSmi",
  "podman",
  "ss",
  "stat",
  "systemctl",
  "test",
];

/** What `init` asks: which GPUs there are, and which ports are taken. */
const SURVEYORS: readonly ProgramName[] = [
  "cat",
  "grep",
  "ls",
  "nvidiaSmi",
  "podman",
  "ss",
  "stat",
];

/**
 * What the sandbox that asks engines for their health may do: speak to exactly these ports of
 * 127.0.0.1, which the gate reads from the units. Only `summon` gets one.
 */
export function proberPermissions(
  invocation: Invocation,
  ports: readonly number[],
): Permissions | undefined {
  const isPort = (port: number) => Number.isInteger(port) && port >= 1 && port <= 65_535;
  if (invocation.command !== "summon" || !ports.every(isPort)) return undefined;
  return { read: [], write: [], run: [], net: ports.map((port) => `127.0.0.1:${port}`) };
}

/** What is asked for the memory of GPUs. */
const GPU_PROGRAMS = ["nvidiaSmi", "grep"] as const;

/** Those of the programs that are there. */
function some(programs: Programs, names: readonly ProgramName[]): string[] {
  return names.flatMap((name) => programs[name] ?? []);
}

/** Where a unit of somebody else could have the name of one of ours. */
function others(folders: Folders): string[] {
  return [...folders.otherQuadlet, ...folders.otherSystemd];
}

function own(folder: string | undefined): string[] {
  return folder === undefined ? [] : [folder];
}

/** As the runtime takes them for a worker. */
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
