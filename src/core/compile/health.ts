import type { Soulstone } from "../codex/mod.ts";
import { type Finding, finding, type Place } from "../report/mod.ts";
import {
  type Directive,
  directive,
  type Section,
  soulstoneUnit,
  writeText,
  type Written,
} from "../rune/mod.ts";
import type { EngineProfile } from "./engines/mod.ts";

/** The value with which Podman runs no health check, not even that of the image. */
const NO_CHECK = "none";

/** Commands that Podman does not pass to a shell. */
const NOT_FOR_A_SHELL = /^\s*(?:\[|(?:CMD|CMD-SHELL|NONE)(?:\s|$))/i;

/** Returns true for a health command that Podman passes to a shell unchanged. */
export function isShellLine(command: string): boolean {
  return command !== NO_CHECK && !NOT_FOR_A_SHELL.test(command);
}

/**
 * Writes a line for the shell. Quadlet strips double quotes from its ends, so an empty command comes
 * before or after them.
 *
 * @example
 * ```ts
 * import { writeHealthCommand } from "./health.ts";
 * writeHealthCommand('test -n "$(pgrep vllm)"'); // { text: 'test -n "$$(pgrep vllm)";' }
 * ```
 */
export function writeHealthCommand(line: string): Written {
  const guarded = `${line.startsWith('"') ? ":; " : ""}${line}${line.endsWith('"') ? ";" : ""}`;
  return writeText(guarded, { command: true, quotesStripped: true });
}

/** The directives of a health check, by section of the unit. */
export type HealthSections = Readonly<Record<"Container" | "Service", Section>>;

const NO_SECTIONS: HealthSections = { Container: {}, Service: {} };

/**
 * Returns the health check of an engine: one each second until the engine is ready, then one at longer
 * intervals. Empty for an engine without a known check.
 */
export function healthOfSoulstone(
  soulstone: Soulstone,
  profile: EngineProfile,
): { sections: HealthSections; findings: Finding[] } {
  const { health, port } = soulstone;
  const at = (...path: string[]): Place => soulstone.placeOf(["health", ...path]);
  const unfit = (problem: string) => ({
    sections: NO_SECTIONS,
    findings: [finding("text-unfit", at("cmd"), { field: "health.cmd", problem })],
  });
  const path = health?.path ?? profile.healthPath;
  const own = health?.path === undefined ? profile.healthCommand : undefined;
  const command = health?.cmd ?? own ?? (path === undefined ? undefined : probeOf(port, path));
  if (command === undefined) {
    return {
      sections: NO_SECTIONS,
      findings: health === undefined ? [] : [finding("health-nothing", at(), {})],
    };
  }
  if (command === NO_CHECK) {
    const none = { HealthCmd: directive(NO_CHECK, at("cmd")) };
    return { sections: { ...NO_SECTIONS, Container: none }, findings: [] };
  }
  if (!isShellLine(command)) {
    return unfit("Podman reads it as a list or a keyword; write only the line for the shell");
  }
  const written = writeHealthCommand(command);
  if ("problem" in written) return unfit(written.problem);
  const head = soulstone.placeOf([]);
  const from = (field: string) => at(field) === head ? undefined : at(field);
  const sections = healthSections(soulstoneUnit(soulstone.name).container, {
    HealthCmd: directive(written.text, from(health?.cmd === undefined ? "path" : "cmd")),
    HealthInterval: directive(`${health?.interval_seconds ?? 30}s`, from("interval_seconds")),
    HealthTimeout: directive(`${health?.timeout_seconds ?? 5}s`, from("timeout_seconds")),
    HealthRetries: directive(health?.retries ?? 3, from("retries")),
  });
  return { sections, findings: [] };
}

/**
 * Returns the directives of a health check whose first success makes the unit of a container active.
 *
 * `Notify=healthy` would do the same, but Podman 5.8 keeps the pod locked until then, so the engines
 * of a Coven would load one after the other (docs/adr/0016).
 */
export function healthSections(
  container: string,
  check: Record<"HealthCmd" | "HealthInterval" | "HealthTimeout" | "HealthRetries", Directive[]>,
): HealthSections {
  return {
    Container: {
      ...check,
      HealthStartupCmd: check.HealthCmd,
      HealthStartupInterval: directive("1s"),
      HealthStartupTimeout: check.HealthTimeout,
    },
    Service: { ExecStartPost: directive(`podman wait --condition=healthy ${container}`) },
  };
}

/** Returns a shell line that requests `path` with curl, wget or Python; nearly every official image has one. */
export function probeOf(port: number, path: string): string {
  const url = `http://127.0.0.1:${port}${path}`;
  return `if command -v curl >/dev/null; then exec curl -fsS -o /dev/null '${url}'; ` +
    `elif command -v wget >/dev/null; then exec wget -q -O /dev/null '${url}'; ` +
    `else exec python3 -c "import urllib.request as r; r.urlopen('${url}')"; fi`;
}
