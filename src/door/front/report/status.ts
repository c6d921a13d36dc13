import type { Driver } from "../dispatch/driver.ts";

/** The most requests in the state: more of them would make each event large. */
const MOST_REQUESTS = 100;

/**
 * Returns the state of the door for clients, with the oldest requests. It contains nothing of what clients
 * send.
 */
export function statusOf(driver: Driver) {
  const { phase, wish, engines } = driver.status;
  const counts = new Map(engines.map((engine) => [engine.name, engine]));
  const { progress } = driver;
  return {
    phase,
    held: driver.isHeld,
    goal: wish === undefined
      ? null
      : "name" in wish
      ? { kind: wish.kind, name: wish.name }
      : { kind: wish.kind, names: wish.names },
    swap: progress === undefined ? null : { phase: progress.phase, soulstones: progress.names },
    soulstones: driver.units.inventory.engines.filter(({ stray }) => !stray).map(({ name }) => {
      const state = driver.engines.get(name) ?? "down";
      return {
        name,
        state,
        under_way: counts.get(name)?.underWay ?? 0,
        waiting: counts.get(name)?.waiting ?? 0,
        ready_in_seconds: state === "ready" ? 0 : driver.estimateSeconds(name),
      };
    }),
    requests: [...driver.requests].slice(0, MOST_REQUESTS).map((ticket) => ({
      id: ticket.id,
      soulstone: ticket.engine,
      endpoint: ticket.endpoint,
      state: ticket.isForwarded ? "under_way" : "waiting",
      since: new Date(performance.timeOrigin + ticket.arrived).toISOString(),
      client: ticket.client ?? null,
    })),
  };
}
