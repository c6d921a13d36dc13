/** Finds services that run with the units of an earlier render. */
import {
  isSameStart,
  needsRestart,
  type Started,
  startedFrom,
  type StartSettings,
  startSettings,
  unpublishedPorts,
} from "../core/plan/started.ts";
import type { Inventory } from "../core/orchestrator/inventory.ts";
import { SEPULCHER, soulstoneOf, VESSEL } from "../core/rune/names.ts";
import { HostError } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";
import { warn } from "../run/say.ts";
import { runsFormerProgram } from "./door_state.ts";
import { type Notes, readNotes } from "./notes.ts";
import type { Rendered } from "./rendered.ts";
import { isRunning, type Systemd, type UnitState, userSystemd } from "./systemd.ts";

/** The services that run with the units of an earlier render. All lists are sorted. */
export interface Stale {
  /** Services to restart. The pod among them restarts all others. */
  readonly restart: readonly string[];
  /** Services to stop: their units were removed. */
  readonly stop: readonly string[];
  /** Soulstones whose port the pod publishes only after its restart. */
  readonly unpublished: readonly string[];
  /** True if the Vessel runs an older file than this program. */
  readonly isVesselFormer: boolean;
}

/** Nothing to restart. */
export const NOT_STALE: Stale = {
  restart: [],
  stop: [],
  unpublished: [],
  isVesselFormer: false,
};

/** Finds what runs with the units of an earlier render. Asks systemd only if there are notes. */
export async function staleNow(
  context: CommandContext,
  rendered: Rendered,
  systemd: Systemd,
): Promise<Stale> {
  const notes = readNotes(context.host, context.folders.config);
  const units = [...notes.started.keys(), ...notes.stop.keys()];
  const stale = units.length === 0
    ? NOT_STALE
    : staleOf(notes, rendered, await systemd.activeStates(units));
  return withVessel(stale, rendered, context);
}

/** Adds the Vessel if it runs an older file than this program. */
export function withVessel(
  stale: Stale,
  { services }: Rendered,
  context: Pick<CommandContext, "host" | "folders" | "binary">,
): Stale {
  const isRendered = services.some(({ service }) => service === VESSEL.service);
  if (!isRendered || !runsFormerProgram(context)) return stale;
  const restart = [...new Set([...stale.restart, VESSEL.service])].sort();
  return { ...stale, restart, isVesselFormer: true };
}

/** Compares the settings that services run with, according to the notes, with the rendered ones. */
export function staleOf(
  notes: Notes,
  rendered: Rendered,
  states: ReadonlyMap<string, UnitState>,
): Stale {
  const { engines } = rendered.inventory;
  const ports = new Set(engines.map(({ port }) => port));
  const restart = [...formerStarts(notes, rendered, states)]
    .filter(([service, { settings: old, now }]) => needsRestart(service, { old, now, ports }));
  const missing = new Set(
    restart.filter(([service]) => service === SEPULCHER.service)
      .flatMap(([, { settings, now }]) => [...unpublishedPorts(settings, now)]),
  );
  const stop = [...notes.stop].filter(([unit, id]) => runsSince(id, states.get(unit)));
  return {
    restart: restart.map(([service]) => service).sort(),
    stop: stop.map(([unit]) => unit).sort(),
    unpublished: engines.filter(({ port }) => missing.has(port)).map(({ name }) => name).sort(),
    isVesselFormer: false,
  };
}

/** Returns the services that run with other settings than the rendered ones, with both. */
export function formerStarts(
  { started }: Notes,
  { tree }: Rendered,
  states: ReadonlyMap<string, UnitState>,
): Map<string, Started & { readonly now: StartSettings }> {
  const files = [...tree.disk].filter(([path]) => started.has(startedFrom(path) ?? ""));
  const rendered = startSettings(
    files.map(([path, { bytes }]) => ({ path, text: new TextDecoder().decode(bytes) })),
  );
  return new Map([...started].flatMap(([service, { invocationId: id, settings }]) => {
    const now = rendered.get(service);
    const state = states.get(service);
    if (now === undefined || !runsSince(id, state) || isSameStart(settings, now)) return [];
    return [[service, { invocationId: state?.invocationId ?? "", settings, now }]];
  }));
}

/** Returns true if a service runs, and has not started again since it was noted. */
export function runsSince(invocationId: string, state: UnitState | undefined): boolean {
  return isRunning(state) && (invocationId === "" || invocationId === state?.invocationId);
}

/** Returns an inventory in which the host reaches no engine whose port is not published yet. */
export function reachable(inventory: Inventory, { unpublished }: Stale): Inventory {
  const engines = inventory.engines.map((engine) =>
    unpublished.includes(engine.name)
      ? { ...engine, isOnLoopback: false, healthPath: undefined }
      : engine
  );
  return { ...inventory, engines };
}

/** Returns the names of services for a person: `the pod`, a Soulstone, `vessel` or `harvester`. */
export function shortNames(services: readonly string[]): string[] {
  const known = new Map<string, string>([
    [SEPULCHER.service, "the pod"],
    [VESSEL.service, VESSEL.name],
  ]);
  return services.map((unit) =>
    known.get(unit) ?? soulstoneOf(unit) ?? unit.replace(/\.service$/, "")
  );
}

/** A message about what runs with the units of an earlier render, and the command that ends that. */
export interface StaleMessage {
  readonly message: string;
  readonly hint: string;
}

/** Returns the message about all services, or about the Soulstones `names`; nothing if there is none. */
export function staleMessage(
  { restart, unpublished, isVesselFormer }: Stale,
  names?: readonly string[],
): StaleMessage | undefined {
  const about = (name: string | undefined) => names === undefined || names.includes(name ?? "");
  const hidden = unpublished.filter(about);
  const old = shortNames(
    restart.filter((service) =>
      about(soulstoneOf(service)) && !(isVesselFormer && service === VESSEL.service)
    ),
  );
  const parts = [
    ...hidden.length === 0 ? [] : [
      `${hidden.join(", ")} cannot be reached before \`lychd apply\`: ` +
      "the running pod does not publish the port",
    ],
    ...old.length === 0 ? [] : [
      `${old.join(", ")} ${old.length === 1 ? "runs with its" : "run with their"} old settings`,
    ],
  ];
  if (isVesselFormer && names === undefined) {
    parts.push("vessel runs an older program than this one");
  }
  if (parts.length === 0) return undefined;
  const isPod = hidden.length > 0 || old.includes(shortNames([SEPULCHER.service])[0] ?? "");
  return { message: parts.join("; "), hint: isPod ? APPLY_POD : "lychd apply" };
}

/** The command that applies what is rendered, with its consequence if the pod must restart. */
export const APPLY_POD = "lychd apply (restarts every engine)";

/** Warns of what runs with the units of an earlier render. */
export function warnOfStale(
  context: CommandContext,
  stale: Stale,
  names?: readonly string[],
): void {
  const found = staleMessage(stale, names);
  if (found !== undefined) warn(context, found.message, found.hint);
}

/** Finds what runs with the units of an earlier render; nothing if systemd does not answer. */
export async function tryStaleNow(context: CommandContext, rendered: Rendered): Promise<Stale> {
  const systemd = userSystemd(context);
  if (systemd === undefined) return NOT_STALE;
  try {
    return await staleNow(context, rendered, systemd);
  } catch (error) {
    if (error instanceof HostError) return NOT_STALE;
    throw error;
  }
}

/** Returns what runs with the units of an earlier render for `--json`. */
export function staleJson({ restart, stop, unpublished }: Stale) {
  return { restart_needed: restart, stop_needed: stop, unpublished };
}
