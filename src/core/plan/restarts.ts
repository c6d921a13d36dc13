import { covenOf, HARVESTER, unitOf, WATCHER_FOLDERS } from "../rune/names.ts";
import type { Change } from "./plan.ts";
import { isSameStart, startedFrom, type StartSettings, startSettings } from "./started.ts";

/** The services that a plan affects. Lists are sorted. */
export interface Restarts {
  /** Services that would start with other settings now, each with the former ones. */
  readonly changed: ReadonlyMap<string, StartSettings>;
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
  const reread = new Set<string>();
  const removed = new Set<string>();
  const present = new Set<string>();
  const created = new Set<string>();
  for (const { path, action, before, after } of changes) {
    const unit = unitOf(path);
    if (unit !== undefined && after !== undefined) present.add(unit);
    if (action === "unchanged") continue;
    if (path.startsWith(`${WATCHER_FOLDERS.harvester}/`)) reread.add(HARVESTER.service);
    if (unit === undefined) continue;
    if (before === undefined) created.add(unit);
    // The target of a Coven does nothing by itself.
    else if (after === undefined && covenOf(unit) === undefined) {
      removed.add(unit);
    }
  }
  const changed = changedStarts(changes);
  for (const unit of [...removed, ...created]) changed.delete(unit);
  // A restart includes a reload.
  for (const unit of [...changed.keys(), ...removed, ...created]) reread.delete(unit);
  const sorted = (units: Set<string>) => [...units].sort();
  return {
    changed,
    reread: sorted(reread),
    removed: sorted(removed),
    created: sorted(created),
    present: sorted(present),
  };
}

/** Returns the services that would start with other settings after a plan, with the former ones. */
function changedStarts(changes: readonly Change[]): Map<string, StartSettings> {
  const touched = new Set(
    changes.flatMap(({ path, action }) => action === "unchanged" ? [] : startedFrom(path) ?? []),
  );
  const relevant = changes.filter(({ path }) => touched.has(startedFrom(path) ?? ""));
  const former = startSettings(
    relevant.flatMap(({ path, before }) =>
      before === undefined ? [] : [{ path, text: new TextDecoder().decode(before.bytes) }]
    ),
  );
  const next = startSettings(relevant.flatMap(({ after }) => after ?? []));
  return new Map(
    [...former].filter(([service, settings]) => !isSameStart(settings, next.get(service) ?? [])),
  );
}
