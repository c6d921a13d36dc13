import { readUnit, serviceOf } from "../rune/mod.ts";
import type { Change } from "./plan.ts";

/**
 * Directives that systemd takes over with a reload: who conflicts with whom, limits of time, what a
 * unit says of itself. All others only count from the next start on.
 */
const RELOADED = new Set([
  "Service.Restart",
  "Service.RestartSec",
  "Service.RestartSteps",
  "Service.RestartMaxDelaySec",
  "Service.RestartPreventExitStatus",
  "Service.TimeoutStartSec",
  "Service.TimeoutStopSec",
]);
const RELOADED_SECTIONS = new Set(["Unit", "Install", "X-Lychd", "Quadlet"]);

/** The services that must be started anew for a plan to take effect, and those that are to end. */
export interface Restarts {
  /** Sorted. */
  readonly changed: readonly string[];
  /** Services whose units are removed; sorted. */
  readonly removed: readonly string[];
  /** All services that there are from now on. */
  readonly present: readonly string[];
}

/**
 * Tells which services run with something that is no longer so. A Soulstone whose unit only lists
 * other conflicts is not among them: systemd knows those from the reload on.
 */
export function restartsFor(changes: readonly Change[]): Restarts {
  const changed: string[] = [];
  const removed: string[] = [];
  const present: string[] = [];
  for (const { path, action, before, after } of changes) {
    const service = serviceOf(path.slice(path.lastIndexOf("/") + 1));
    if (service === undefined) continue;
    if (after !== undefined) present.push(service);
    if (before === undefined || action === "unchanged") continue;
    if (after === undefined) removed.push(service);
    else if (needsRestart(new TextDecoder().decode(before.bytes), after.text)) {
      changed.push(service);
    }
  }
  return { changed: changed.sort(), removed: removed.sort(), present };
}

function needsRestart(before: string, after: string): boolean {
  return started(before) !== started(after);
}

/** What of a unit counts only when it starts. */
function started(text: string): string {
  const read = readUnit(text);
  if ("badLine" in read) return text;
  return read.lines
    .filter(({ section, key }) =>
      !RELOADED_SECTIONS.has(section) && !RELOADED.has(`${section}.${key}`)
    )
    .map(({ section, key, value }) => `${section}.${key}=${value}`).join("\n");
}
