import {
  HARVESTER,
  readUnit,
  SCRIBE,
  serviceOf,
  unitOf,
  WATCHER_FOLDERS,
  WATCHERS_TARGET,
} from "../rune/mod.ts";
import type { Change } from "./plan.ts";

/**
 * Directives that systemd takes over with a reload: who conflicts with whom, limits of time, what a
 * unit says of itself. All others only count from the next start on.
 */
const RELOADED = new Set([
  "Service.ExecReload",
  "Service.ExecStopPost",
  "Service.Restart",
  "Service.RestartSec",
  "Service.RestartSteps",
  "Service.RestartMaxDelaySec",
  "Service.RestartPreventExitStatus",
  "Service.TimeoutStartSec",
  "Service.TimeoutStopSec",
]);
const RELOADED_SECTIONS = new Set(["Unit", "Install", "X-Lychd", "Quadlet"]);

/**
 * What a file that is no unit asks of a service when it changes. Grafana looks at dashboards itself,
 * and the observer is started anew each time.
 */
const READ_BY: readonly { below: string; service: string; how: "restart" | "reload" }[] = [
  { below: WATCHER_FOLDERS.harvester, service: HARVESTER.service, how: "reload" },
  { below: `${WATCHER_FOLDERS.scribe}/provisioning`, service: SCRIBE.service, how: "restart" },
];

/** What must be done with services for a plan to take effect. Lists are sorted. */
export interface Restarts {
  /** To be started anew. */
  readonly changed: readonly string[];
  /** To be told to read their files again, which interrupts nothing. */
  readonly reread: readonly string[];
  /** To end: their units are removed. */
  readonly removed: readonly string[];
  /** Units that are new. */
  readonly created: readonly string[];
  /** All units that there are from now on. */
  readonly present: readonly string[];
}

/**
 * Tells which services run with something that is no longer so. A Soulstone whose unit only lists
 * other conflicts is not among them: systemd knows those from the reload on.
 */
export function restartsFor(changes: readonly Change[]): Restarts {
  const changed = new Set<string>();
  const reread = new Set<string>();
  const removed = new Set<string>();
  const present = new Set<string>();
  const created = new Set<string>();
  for (const { path, action, before, after } of changes) {
    const unit = unitOf(path);
    if (unit !== undefined && after !== undefined) present.add(unit);
    if (action === "unchanged") continue;
    const reader = READ_BY.find(({ below }) => path.startsWith(`${below}/`));
    if (reader !== undefined) (reader.how === "reload" ? reread : changed).add(reader.service);
    if (unit === undefined) continue;
    if (before === undefined) created.add(unit);
    else if (after === undefined) {
      if (isToEnd(unit)) removed.add(unit);
    } else if (
      isService(path) && needsRestart(new TextDecoder().decode(before.bytes), after.text)
    ) {
      changed.add(unit);
    }
  }
  for (const unit of [...removed, ...created]) changed.delete(unit);
  // Who starts anew, or ends, reads everything again.
  for (const unit of [...changed, ...removed, ...created]) reread.delete(unit);
  const sorted = (units: Set<string>) => [...units].sort();
  return {
    changed: sorted(changed),
    reread: sorted(reread),
    removed: sorted(removed),
    created: sorted(created),
    present: sorted(present),
  };
}

/** A service that Quadlet writes. Timers and what they start take changes over by themselves. */
function isService(path: string): boolean {
  return serviceOf(path.slice(path.lastIndexOf("/") + 1)) !== undefined;
}

/** What runs on when its file is gone. The target of a Coven does nothing by itself. */
function isToEnd(unit: string): boolean {
  return !unit.endsWith(".target") || unit === WATCHERS_TARGET;
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
