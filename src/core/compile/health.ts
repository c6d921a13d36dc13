import type { Soulstone } from "../codex/mod.ts";
import { type Finding, finding, type Place } from "../report/mod.ts";
import { type Directive, type Section, writeText } from "../rune/mod.ts";
import type { EngineProfile } from "./engines/mod.ts";

/** What Podman calls no health check at all, also that of the image. */
const NO_CHECK = "none";

/** Commands that Podman reads as something else than a line for a shell. */
const NOT_FOR_A_SHELL = /^\s*(?:\[|(?:CMD|CMD-SHELL|NONE)(?:\s|$))/i;

/** True for a health command that Podman gives to a shell as it stands; one to the contrary is `none`. */
export function isShellLine(command: string): boolean {
  return command !== NO_CHECK && !NOT_FOR_A_SHELL.test(command);
}

/**
 * The directives by which systemd knows that an engine answers: a quick check until it is ready, a
 * slow one from then on. Empty for an engine that nothing can be asked of.
 */
export function healthSection(
  soulstone: Soulstone,
  profile: EngineProfile,
): { section: Section; findings: Finding[] } {
  const { health, port } = soulstone;
  const at = (...path: string[]): Place => soulstone.placeOf(["health", ...path]);
  const says = (text: string | number, from: Place): Directive[] => [{ text: String(text), from }];
  const path = health?.path ?? profile.healthPath;
  const command = health?.cmd ?? (path === undefined ? undefined : probeOf(port, path));
  if (command === NO_CHECK) {
    return { section: { HealthCmd: says(NO_CHECK, at("cmd")) }, findings: [] };
  }
  if (command !== undefined && !isShellLine(command)) {
    const problem = "Podman reads it as a list or a keyword; write the line for the shell alone";
    return {
      section: {},
      findings: [finding("text-unfit", at("cmd"), { field: "health.cmd", problem })],
    };
  }
  if (command === undefined) {
    const findings = health === undefined ? [] : [finding("health-nothing", at(), {})];
    return { section: {}, findings };
  }
  const written = writeText(command, { command: true, quotesStripped: true });
  if ("problem" in written) {
    const problem = { field: "health.cmd", problem: written.problem };
    return { section: {}, findings: [finding("text-unfit", at("cmd"), problem)] };
  }
  const seconds = (value: number, field: string) => says(`${value}s`, at(field));
  const timeout = health?.timeout_seconds ?? 5;
  return {
    section: {
      HealthCmd: says(written.text, at()),
      HealthInterval: seconds(health?.interval_seconds ?? 30, "interval_seconds"),
      HealthTimeout: seconds(timeout, "timeout_seconds"),
      HealthRetries: says(health?.retries ?? 3, at("retries")),
      HealthStartupCmd: says(written.text, at()),
      HealthStartupInterval: says("1s", at()),
      HealthStartupTimeout: seconds(timeout, "timeout_seconds"),
      Notify: says("healthy", at()),
    },
    findings: [],
  };
}

/** A line for a shell that asks by whatever the image has: every official one has curl, wget or Python. */
export function probeOf(port: number, path: string): string {
  const url = `http://127.0.0.1:${port}${path}`;
  return `if command -v curl >/dev/null; then exec curl -fsS -o /dev/null '${url}'; ` +
    `elif command -v wget >/dev/null; then exec wget -q -O /dev/null '${url}'; ` +
    `else exec python3 -c "import urllib.request as r; r.urlopen('${url}')"; fi`;
}
