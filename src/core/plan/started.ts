/** The settings that running services were started with, compared with those that are rendered. */
import { basename } from "node:path/posix";
import { publishedPorts } from "../orchestrator/inventory.ts";
import type { UnitFile } from "../orchestrator/inventory.ts";
import { SCRIBE, SEPULCHER, serviceOf, unitOf, VESSEL, WATCHER_FOLDERS } from "../rune/names.ts";
import { readUnit } from "../rune/unit.ts";

/** Directives that take effect with a reload of systemd. All others take effect at the next start. */
const RELOADED = new Set([
  "Service.ExecReload",
  "Service.ExecStop",
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

/** The folder of the files that Grafana reads at its start; dashboards it reloads by itself. */
const PROVISIONING = `${WATCHER_FOLDERS.scribe}/provisioning/`;

/**
 * The settings of a service that only a start applies: its directives, each as one line, and the files
 * that it reads at its start.
 */
export type StartSettings = readonly string[];

/** The start of a service that has run since its unit changed. */
export interface Started {
  /** systemd's InvocationID; empty if unknown, which matches any. */
  readonly invocationId: string;
  readonly settings: StartSettings;
}

/**
 * Returns the start settings of each service that Quadlet makes of `files`, and of the Vessel. Timers
 * and their services take changes over by themselves.
 *
 * @example
 * ```ts
 * import { startSettings } from "./started.ts";
 * const path = "containers/systemd/lychd/soulstone-eye.container";
 * const settings = startSettings([{ path, text: "[Unit]\nAfter=x\n[Container]\nImage=eye\n" }]);
 * settings.get("soulstone-eye.service"); // ["Container.Image=eye"]
 * ```
 */
export function startSettings(files: Iterable<UnitFile>): Map<string, StartSettings> {
  const found = new Map<string, readonly string[]>();
  for (const { path, text } of files) {
    const service = startedFrom(path);
    if (service === undefined) continue;
    const lines = path.startsWith(PROVISIONING) ? [`${path}: ${text}`] : startLines(text);
    found.set(service, [...found.get(service) ?? [], ...lines]);
  }
  return found;
}

/** Returns the service that reads the file at `path` at its start. */
export function startedFrom(path: string): string | undefined {
  if (path.startsWith(PROVISIONING)) return SCRIBE.service;
  return unitOf(path) === VESSEL.service ? VESSEL.service : serviceOf(basename(path));
}

function startLines(text: string): string[] {
  const read = readUnit(text);
  if ("badLine" in read) return [text];
  return read.lines
    .filter(({ section, key }) =>
      !RELOADED_SECTIONS.has(section) && !RELOADED.has(`${section}.${key}`)
    )
    .map(({ section, key, value }) => `${section}.${key}=${value}`);
}

/** Returns true if two starts are the same. */
export function isSameStart(a: StartSettings, b: StartSettings): boolean {
  return a.length === b.length && a.every((line, i) => line === b[i]);
}

const PUBLISHED = "Pod.PublishPort=";

/** Returns the settings of a pod without its ports, and those that it publishes: `ADDRESS:PORT`. */
function splitPod(settings: StartSettings): { others: string[]; ports: ReadonlySet<string> } {
  return {
    others: settings.filter((line) => !line.startsWith(PUBLISHED)),
    ports: publishedPorts(
      settings.filter((line) => line.startsWith(PUBLISHED))
        .map((line) => line.slice(PUBLISHED.length)),
    ),
  };
}

/**
 * Returns true if a service that runs with the settings `old` must restart to have those of `now`. A
 * pod may publish more ports than it has to, if no engine listens there: its restart would stop every
 * engine. `ports` are those of the rendered engines.
 */
export function needsRestart(
  service: string,
  { old, now, ports }: {
    readonly old: StartSettings;
    readonly now: StartSettings;
    readonly ports: ReadonlySet<number>;
  },
): boolean {
  if (service !== SEPULCHER.service) return !isSameStart(old, now);
  const [before, after] = [splitPod(old), splitPod(now)];
  const closed = before.ports.difference(after.ports);
  return !isSameStart(before.others, after.others) || !after.ports.isSubsetOf(before.ports) ||
    [...closed].some((published) => ports.has(portIn(published)));
}

/** Returns the ports that a pod publishes after its next start, but not yet. */
export function unpublishedPorts(old: StartSettings, now: StartSettings): Set<number> {
  return new Set([...splitPod(now).ports.difference(splitPod(old).ports)].map(portIn));
}

function portIn(published: string): number {
  return Number(published.slice(published.lastIndexOf(":") + 1));
}
