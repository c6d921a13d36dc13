import type { Status } from "../../../core/api/schema.ts";
import { modelsOf } from "../../../core/dispatcher/portals.ts";
import { portalAddress } from "../../../core/orchestrator/door.ts";
import type { Engine } from "../../../core/orchestrator/inventory.ts";
import type { Driver } from "../dispatch/driver.ts";
import { epochSeconds, timeText } from "./time.ts";

/** The most requests in the state: more of them would make each event large. */
const MOST_REQUESTS = 100;

/**
 * Returns the state of the door for clients, with the oldest requests. It contains nothing of what clients
 * send.
 */
export function statusOf(driver: Driver): Status {
  const { phase, wish, engines } = driver.status;
  const { inventory, links } = driver.units;
  const counts = new Map(engines.map((engine) => [engine.name, engine]));
  return {
    phase,
    held: driver.isHeld,
    goal: wish === undefined
      ? null
      : "name" in wish
      ? { kind: wish.kind, name: wish.name }
      : { kind: wish.kind, names: [...wish.names] },
    swap: swapOf(driver),
    soulstones: inventory.engines.filter(({ stray }) => !stray).map((engine) => ({
      ...soulstoneOf(engine, driver),
      vram_used_mib: driver.usedMib.get(engine.name) ?? null,
      under_way: counts.get(engine.name)?.underWay ?? 0,
      waiting: counts.get(engine.name)?.waiting ?? 0,
    })),
    covens: inventory.covens.map(({ name, members }) => ({ name, soulstones: [...members] })),
    portals: portalsOf(driver),
    requests: [...driver.requests].slice(0, MOST_REQUESTS).map((ticket) => ({
      id: ticket.id,
      soulstone: ticket.engine,
      portal: ticket.place.kind === "portal",
      endpoint: ticket.endpoint,
      state: ticket.isForwarded ? "under_way" : "waiting",
      since: timeText(epochSeconds(ticket.arrived)),
      client: ticket.client ?? null,
    })),
    links: { grafana: links.grafana ?? null, prometheus: links.prometheus ?? null },
  };
}

/** The most models of one Portal in the state. */
const MOST_MODELS = 100;

function portalsOf({ portals, state, units: { door } }: Driver): Status["portals"] {
  const counts = new Map(state.portals.map(({ name, underWay }) => [name, underWay]));
  return door.portals.flatMap((settings) => {
    const portal = portals.get(settings.name);
    if (portal === undefined) return [];
    const models = modelsOf(portal.offer).slice(0, MOST_MODELS);
    return [{
      name: settings.name,
      address: portalAddress(settings),
      prefer: settings.prefer,
      models: models.map(({ id, isLoaded }) => ({ id, loaded: isLoaded })),
      under_way: counts.get(settings.name) ?? 0,
      problem: portal.problem ?? null,
    }];
  });
}

function soulstoneOf(
  { name, profile, description, covens, resident, capabilities, port, vramMib }: Engine,
  driver: Driver,
) {
  const state = driver.engines.get(name) ?? "down";
  const { door: { settings: { keys }, engines } } = driver.units;
  const { aliases = [], served } = engines.get(name) ?? {};
  const since = driver.since.get(name);
  const problem = driver.problemOf(name);
  return {
    name,
    state,
    since: since === undefined ? null : timeText(since),
    kind: profile,
    ...description !== undefined && { description },
    covens: [...covens],
    resident,
    capabilities: [...capabilities],
    names: [...aliases, ...served === undefined ? [] : [served]],
    port,
    vram_mib: vramMib ?? null,
    ready_in_seconds: state === "ready" ? 0 : driver.estimateSeconds(name),
    problem: problem === undefined ? null : {
      why: problem.why,
      command: problem.command,
      // Only clients with a key get here if there are keys.
      log: keys.length === 0 || problem.log === undefined ? null : [...problem.log],
    },
  };
}

function swapOf({ progress, restSeconds }: Driver): Status["swap"] {
  const current = progress.at(-1);
  if (current === undefined) return null;
  return {
    phase: current.phase,
    soulstones: [...current.names],
    phases: progress.map(({ phase, names, since }, i) => {
      const end = progress[i + 1]?.since;
      return {
        phase,
        soulstones: [...names],
        since: timeText(epochSeconds(since)),
        seconds: end === undefined ? null : (end - since) / 1000,
      };
    }),
    estimate_seconds: restSeconds,
  };
}
