/** The attempts of the self-test that each command is granted: written here again, independent of the source. */
import { PROGRAM_PLACES, type ProgramName } from "../src/run/programs.ts";

const WRITERS: readonly ProgramName[] = ["systemctl", "systemdAnalyze", "generator", "journalctl"];
const GPU_PROGRAMS: readonly ProgramName[] = ["nvidiaSmi", "grep"];
const POD_PROGRAMS: readonly ProgramName[] = ["journalctl", "podman", "ss"];
const SURVEYORS: readonly ProgramName[] = [
  ...GPU_PROGRAMS,
  ...["cat", "ls", "podman", "ss", "stat"] as const,
];

/** The programs that command lines may run; a line that is not listed may run none. */
const PROGRAMS: Readonly<Record<string, readonly ProgramName[]>> = {
  "render": WRITERS,
  "edit": WRITERS,
  "render --restart": [...new Set([...WRITERS, ...POD_PROGRAMS])],
  "apply": ["systemctl", ...POD_PROGRAMS],
  "apply --dry-run": ["systemctl"],
  "restart eye": ["systemctl", ...POD_PROGRAMS],
  "rollback": WRITERS,
  "purge": WRITERS,
  "doctor": [...SURVEYORS, "df", "generator", "id", "systemctl", "test"],
  "plan eye": ["systemctl", "podman"],
  "pull eye": ["podman"],
  "list": ["systemctl"],
  "covens": GPU_PROGRAMS,
  "status": ["systemctl", ...POD_PROGRAMS, ...GPU_PROGRAMS],
  "logs eye": ["systemctl", "journalctl"],
  "summon eye": ["systemctl", ...POD_PROGRAMS, ...GPU_PROGRAMS],
  "banish": ["systemctl"],
  "serve": ["systemctl", "systemdNotify", ...POD_PROGRAMS, ...GPU_PROGRAMS],
  "init": SURVEYORS,
  "add vllm": SURVEYORS,
  "import llama-swap x.yaml": SURVEYORS,
};

/** The other attempts that command lines are granted. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  "edit": ["write to the Codex", "add a Soulstone to the Codex"],
  "init": ["write to the Codex", "add a Soulstone to the Codex"],
  "add vllm": ["write to the Codex", "add a Soulstone to the Codex"],
};

/** Returns the names of the attempts that a command line is granted; missing programs are left out. */
export function grantedTo(line: string): string[] {
  return [...(PROGRAMS[line] ?? []).filter(isInstalled).map(nameOf), ...OTHERS[line] ?? []];
}

/** Returns the names of the attempts to run programs that this machine does not have. */
export function programsNotThere(): string[] {
  const names = Object.keys(PROGRAM_PLACES) as ProgramName[];
  return names.filter((name) => !isInstalled(name)).map(nameOf);
}

function nameOf(name: ProgramName): string {
  return `run ${PROGRAM_PLACES[name][0].replace(/.*\//, "")}`;
}

function isInstalled(name: ProgramName): boolean {
  return PROGRAM_PLACES[name].some((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}
