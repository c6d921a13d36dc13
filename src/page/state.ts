/// <reference lib="dom" />
/**
 * The state of the door as the page knows it: it follows the door's events, and connects again.
 *
 * @module
 */
import type { EndedRequest, EndedRequests, Sample, Status } from "../core/api/schema.ts";
import { computed, effect, signal } from "@preact/signals";
import { keepConnected } from "./connection.ts";
import { key, keyNeeded, read, send, wordsOf } from "./door.ts";
import { routeOf } from "./route.ts";
import { readEvents } from "./sse.ts";

/** The samples of the small history: five minutes. */
const SAMPLES = 150;

/** The ended requests that the page keeps, as the door does. */
const REQUESTS = 200;

/** An engine in the state of the door. */
export type Soulstone = Status["soulstones"][number];

/** A Portal in the state of the door. */
export type Portal = Status["portals"][number];

/** The last state; undefined until the first one. */
export const state = signal<Status | undefined>(undefined);

/** The samples of the last minutes, oldest first. */
export const samples = signal<readonly Sample[]>([]);

/** The requests that have ended, newest first. */
export const ended = signal<readonly EndedRequest[]>([]);

/** The time at which the events of the door stopped, and the reason; undefined while they come. */
export const offline = signal<{ readonly since: number; readonly why: string } | undefined>(
  undefined,
);

/** The time for which the state holds: the present, to the second, until the events stop. */
export const now = signal(Date.now());

/** The part of the page that is shown, and a name: `#logs/eye`. */
export const route = signal(routeOf(location.hash));

/** The Soulstones by name. */
export const soulstones = computed<ReadonlyMap<string, Soulstone>>(() =>
  new Map(state.value?.soulstones.map((each) => [each.name, each]))
);

/** The states of all engines in a text, which changes when a plan may change. */
export const engineStates = computed(() =>
  state.value?.soulstones.map(({ name, state }) => `${name} ${state}`).join() ?? ""
);

/** Follows the door as long as the page is open. */
export function follow(): void {
  globalThis.addEventListener("hashchange", () => route.value = routeOf(location.hash));
  setInterval(() => {
    if (offline.value === undefined) now.value = Date.now();
  }, 1000);
  // A new key begins a new connection; while one is needed, there is none.
  effect(() => {
    void key.value;
    if (keyNeeded.value !== undefined) return;
    const stop = new AbortController();
    keepConnected(stop.signal, connect, (why) => {
      offline.value = { since: offline.value?.since ?? Date.now(), why: wordsOf(why) };
    });
    return () => stop.abort();
  });
}

async function connect(stop: AbortSignal, hear: () => void): Promise<void> {
  const { body } = await send("/lychd/v1/events", { signal: stop });
  if (body === null) return;
  const past = read<EndedRequests>("/lychd/v1/requests", stop);
  // Those that ended since then have come as events.
  past.then(({ requests }) => addEnded(requests), () => {});
  for await (const { name, data } of readEvents(body)) {
    hear();
    offline.value = undefined;
    if (name === "state") state.value = JSON.parse(data);
    if (name === "sample") {
      samples.value = [...samples.value.slice(1 - SAMPLES), JSON.parse(data)];
    }
    if (name === "request") addEnded([JSON.parse(data)]);
  }
}

function addEnded(requests: readonly EndedRequest[]): void {
  const byId = new Map([...ended.value, ...requests].map((each) => [each.id, each]));
  ended.value = [...byId.values()].sort((a, b) => a.time < b.time ? 1 : -1).slice(0, REQUESTS);
}
