import { basename } from "node:path/posix";
import {
  HARVESTER,
  SCRIBE,
  serviceOf,
  unitOf,
  WATCHER_FOLDERS,
  WATCHERS_TARGET,
} from "../rune/names.ts";
import { readUnit } from "../rune/unit.ts";
import type { Change } from "./plan.ts";

/** Directives that take effect with a reload of systemd. All others take effect at the next start. */
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
 * The services that read files which are not units. Grafana reloads dashboards by itself, and the
 * observer reads its files at each start.
 */
const READ_BY: readonly { below: string; service: string; how: "restart" | "reload" }[] = [
  { below: WATCHER_FOLDERS.harvester, service: HARVESTER.service, how: "reload" },
  { below: `${WATCHER_FOLDERS.scribe}/provisioning`, service: SCRIBE.service, how: "restart" },
];

/** The services that a plan affects. Lists are sorted. */
export interface Restarts {
  /** Services to restart. */
  readonly changed: readonly string[];
  /** Services to reload, which interrupts nothing. */
  readonly reread: readonly string[];
  /** Services to stop: their units are removed. */
  readonly removed: readonly string[];
  /** New units. */
  readonly created: readonly string[];
  /** All units after the change. */
  readonly present: readonly string[];
}

/**
 * Returns the services that a plan affects. A Soulstone whose conflicts change needs no restart: a
 * reload of systemd is enough.
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
      // The target of a Coven does nothing by itself.
      if (!unit.endsWith(".target") || unit === WATCHERS_TARGET) removed.add(unit);
    } else if (
      // Timers and their services take changes over by themselves.
      serviceOf(basename(path)) !== undefined &&
      startText(new TextDecoder().decode(before.bytes)) !== startText(after.text)
    ) changed.add(unit);
  }
  for (const unit of [...removed, ...created]) changed.delete(unit);
  // A restart includes a reload.
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

/** Returns the directives of a unit that take effect only at a start. */
function startText(text: string): string {
  const read = readUnit(text);
  if ("badLine" in read) return text;
  return read.lines
    .filter(({ section, key }) =>
      !RELOADED_SECTIONS.has(section) && !RELOADED.has(`${section}.${key}`)
    )
    .map(({ section, key, value }) => `${section}.${key}=${value}`).join("\n");
}
