import type { Inventory } from "../orchestrator/inventory.ts";
import { planTransition, type Running } from "../orchestrator/transition.ts";
import type { Wish } from "../orchestrator/wish.ts";
import type { DoorEvent, Effect, EngineState, Policy, RefusalReason } from "./events.ts";
import { Failures } from "./failures.ts";
import type { Prospect } from "./portals.ts";
import { SwapTimes } from "./swap_times.ts";

/** An engine stays this many times the time of a swap while others wait: swaps take a fifth of the time. */
const STAY_SWAPS = 4;

/** A request that would wait here for longer than this many usual swaps is better sent to a Portal. */
const WORTH_SWAPS = 2;

/** The pause after a swap that changed nothing. */
const ABANDONED_MILLISECONDS = 2000;

/** Clients obey a longer `Retry-After` badly: the client of OpenAI ignores more than a minute. */
const LONGEST_RETRY_SECONDS = 59;

/** A request that waits. */
interface Waiter {
  readonly id: string;
  readonly engine: string;
  readonly wish: Wish;
  readonly sinceMilliseconds: number;
}

/** A request that an engine is answering. */
interface UnderWay {
  readonly engine: string;
  isCut: boolean;
}

/** The knowledge about an engine. */
interface Stand {
  state: EngineState;
  /** The time of the last change of its state. */
  sinceMilliseconds: number;
  /** True if others made it ready: it stays although it has no requests. */
  isSummonedByOthers: boolean;
  /** The end of its last request. */
  usedMilliseconds: number;
  readonly requests: Set<string>;
  readonly waiting: Set<string>;
}

/** A swap, planned or under way. */
interface Swap {
  readonly wish: Wish | undefined;
  readonly wanted: readonly string[];
  readonly stops: readonly string[];
}

/** A swap that fulfils a wish. */
interface PlannedSwap extends Swap {
  readonly wish: Wish;
}

/** The state of the dispatcher, for `lychd status` and for clients that wait. */
export interface DispatcherStatus {
  readonly phase: "steady" | "draining" | "swapping" | "held";
  /** The goal of a drain or a swap. */
  readonly wish: Wish | undefined;
  /** The engines with requests, sorted. */
  readonly engines: readonly {
    readonly name: string;
    readonly underWay: number;
    readonly waiting: number;
  }[];
}

/**
 * Decides which request goes to which engine, and when engines change. It has no effects itself:
 * `handle` takes what happened and returns what to do, and the caller passes the time.
 *
 * - A request goes to its engine as soon as that is ready, and otherwise waits.
 * - The oldest request that waits for an engine which does not run decides the next swap. Engines are
 *   stopped for it once they had no request for the linger time, or have been ready for four times
 *   the usual time of a swap. From then on they get no new requests, and the swap begins after their
 *   last one.
 * - A swap that stops nothing begins at once, also for a younger request.
 * - While others start or stop engines, or the operator holds them, no swap begins.
 * - What failed to start is refused for a while.
 *
 * @example
 * ```ts
 * import { Dispatcher } from "./dispatcher.ts";
 * const policy = {
 *   lingerMilliseconds: 3000,
 *   waitMilliseconds: 600_000,
 *   drainMilliseconds: 600_000,
 *   otherDrainMilliseconds: 30_000,
 *   queueLimit: 512,
 *   engineQueueLimit: 128,
 *   engines: new Map(),
 * };
 * const dispatcher = new Dispatcher({ engines: [], covens: [] }, policy);
 * dispatcher.handle({ kind: "observed", engines: new Map() }, 0);
 * const wish = { kind: "soulstone", name: "eye" } as const;
 * const effects = dispatcher.handle({ kind: "arrived", id: "1", engine: "eye", wish }, 0);
 * effects.map((effect) => effect.kind); // ["refuse"]
 * ```
 */
export class Dispatcher {
  #inventory: Inventory;
  #policy: Policy;
  /** In the order of their arrival. */
  readonly #waiters = new Map<string, Waiter>();
  readonly #underWay = new Map<string, UnderWay>();
  readonly #stands = new Map<string, Stand>();
  readonly #failures = new Failures();
  readonly #swapTimes = new SwapTimes();
  #swap: (Swap & { readonly sinceMilliseconds: number }) | undefined;
  #drain: { readonly key: string; readonly sinceMilliseconds: number } | undefined;
  #next: Swap | undefined;
  /** The engines that get no new requests, because they will be stopped. */
  #closed: ReadonlySet<string> = new Set();
  #isHeld = false;
  /** False until the first observation: it does not show who started the engines. */
  #isStarted = false;
  #pausedUntil = -Infinity;
  #usedMilliseconds = 0;
  /** The time without use after which the idle wish was last fulfilled. */
  #idleSince = -Infinity;
  #wakeMilliseconds = Infinity;
  #effects: Effect[] = [];

  constructor(inventory: Inventory, policy: Policy) {
    this.#inventory = inventory;
    this.#policy = policy;
  }

  /** The time at which the next `tick` is due; infinite if only events change anything. */
  get wakeMilliseconds(): number {
    return this.#wakeMilliseconds;
  }

  /** Takes new units and settings after a render. */
  reload(inventory: Inventory, policy: Policy): void {
    this.#inventory = inventory;
    this.#policy = policy;
  }

  /** Takes an event and its time, which never goes back, and returns what to do, in order. */
  handle(event: DoorEvent, now: number): readonly Effect[] {
    this.#effects = [];
    switch (event.kind) {
      case "arrived":
        this.#arrive(event, now);
        break;
      case "ended":
        this.#end(event.id, now);
        break;
      case "observed":
        this.#observe(event.engines, now);
        break;
      case "swapped":
        this.#finishSwap(event.result, now);
        break;
      case "held":
        this.#isHeld = event.isHeld;
    }
    this.#settle(now);
    return this.#effects;
  }

  /** Returns the state for people and clients. */
  status(): DispatcherStatus {
    const phase = this.#swap !== undefined
      ? "swapping"
      : this.#isHeld
      ? "held"
      : this.#closed.size > 0
      ? "draining"
      : "steady";
    const engines = [...this.#stands]
      .map(([name, { requests, waiting }]) => {
        return { name, underWay: requests.size, waiting: waiting.size };
      })
      .filter(({ underWay, waiting }) => underWay + waiting > 0)
      .sort((a, b) => a.name < b.name ? -1 : 1);
    const swap = this.#swap ?? (phase === "draining" ? this.#next : undefined);
    return { phase, wish: swap?.wish, engines };
  }

  /** The usual time of a swap. */
  get usualSwapMilliseconds(): number {
    return this.#swapTimes.medianMilliseconds;
  }

  /** Returns why requests for an engine are refused now, because its last start failed. */
  failureOf(engine: string, now: number): string | undefined {
    const key = keyOf({ kind: "soulstone", name: engine });
    return (this.#failures.of(engine, now) ?? this.#failures.of(key, now))?.why;
  }

  /** Estimates the milliseconds until an engine that does not run is ready. */
  estimateMilliseconds(engine: string, now: number): number {
    const median = this.#swapTimes.medianMilliseconds;
    if (this.#swap !== undefined) {
      const rest = Math.max(0, median - (now - this.#swap.sinceMilliseconds));
      return this.#swap.wanted.includes(engine) ? rest : rest + (STAY_SWAPS + 1) * median;
    }
    const from = (this.#next?.stops ?? []).map((name) => this.#yieldsAt(this.#stand(name)));
    return Math.max(0, ...from.map((time) => time - now)) + median;
  }

  /** Returns the outlook of a request that would come in now. */
  prospectOf(engine: string, wish: Wish, now: number): Prospect {
    const stand = this.#stand(engine);
    const worth = WORTH_SWAPS * this.#swapTimes.medianMilliseconds;
    if (stand.state === "ready") {
      if (this.#closed.has(engine)) return "late";
      const [first] = stand.waiting;
      const since = first === undefined ? now : this.#waiters.get(first)?.sinceMilliseconds ?? now;
      return now - since > worth ? "late" : "running";
    }
    const isFailed = this.#failures.of(keyOf(wish), now) ?? this.#failures.of(engine, now);
    if (isFailed !== undefined) return "failed";
    const planned = this.#planOf(wish, engine);
    if ("problem" in planned) return "failed";
    if (this.#isHeld) return "late";
    const yields = planned.stops.map((name) => this.#yieldsAt(this.#stand(name)) - now);
    const wait = this.#swap === undefined
      ? Math.max(0, ...yields) + this.#swapTimes.medianMilliseconds
      : 0;
    return Math.max(wait, this.estimateMilliseconds(engine, now)) > worth ? "late" : "starts";
  }

  #arrive({ id, engine, wish }: Omit<Waiter, "sinceMilliseconds">, now: number): void {
    this.#usedMilliseconds = now;
    const stand = this.#stand(engine);
    if (stand.state !== "ready") {
      const failure = this.#failures.of(keyOf(wish), now) ?? this.#failures.of(engine, now);
      if (failure !== undefined) {
        const milliseconds = failure.untilMilliseconds - now;
        this.#refuse(id, "engine-failed", failure.why, milliseconds);
        return;
      }
    }
    const { queueLimit, engineQueueLimit } = this.#policy;
    const isFree = this.#hasPlace(engine, stand) && stand.waiting.size === 0;
    const waiting = stand.waiting.size;
    if (!isFree && (this.#waiters.size >= queueLimit || waiting >= engineQueueLimit)) {
      const who = waiting >= engineQueueLimit
        ? `${waiting} requests already wait for ${engine}`
        : `${this.#waiters.size} requests already wait`;
      this.#refuse(id, "queue-full", who, this.estimateMilliseconds(engine, now));
      return;
    }
    this.#waiters.set(id, { id, engine, wish, sinceMilliseconds: now });
    stand.waiting.add(id);
  }

  #end(id: string, now: number): void {
    this.#forget(id);
    const request = this.#underWay.get(id);
    if (request === undefined) return;
    this.#underWay.delete(id);
    const stand = this.#stand(request.engine);
    stand.requests.delete(id);
    stand.usedMilliseconds = now;
    this.#usedMilliseconds = now;
  }

  #observe(engines: ReadonlyMap<string, EngineState>, now: number): void {
    for (const name of new Set([...this.#stands.keys(), ...engines.keys()])) {
      const stand = this.#stand(name);
      const state = engines.get(name) ?? "down";
      if (state === stand.state) continue;
      stand.state = state;
      stand.sinceMilliseconds = now;
      stand.isSummonedByOthers = this.#isStarted && this.#swap?.wanted.includes(name) !== true;
      if (state !== "ready") continue;
      // Another process started it, so what failed before may work now.
      this.#failures.clear(name);
      this.#failures.clear(keyOf({ kind: "soulstone", name }));
    }
    this.#isStarted = true;
  }

  #finishSwap(result: Extract<DoorEvent, { kind: "swapped" }>["result"], now: number): void {
    const swap = this.#swap;
    this.#swap = undefined;
    if (swap === undefined) return;
    const late = swap.wanted.filter((name) => this.#stand(name).state !== "ready");
    const isUndone = result.kind === "ready" && late.length > 0 && this.#isChangedByOthers();
    if (result.kind === "abandoned" || isUndone) {
      this.#pausedUntil = now + ABANDONED_MILLISECONDS;
      return;
    }
    if (swap.wish === undefined) return;
    const key = keyOf(swap.wish);
    const failed = result.kind === "failed" ? result.engines : [];
    if (result.kind === "ready" && late.length === 0) {
      this.#swapTimes.add(now - swap.sinceMilliseconds);
      this.#failures.clear(key);
      return;
    }
    const why = result.kind === "failed" ? result.why : `${late.join(", ")} did not become ready`;
    for (const name of [key, ...failed]) this.#failures.add(name, why, now);
    for (const waiter of [...this.#waiters.values()]) {
      if (this.#stand(waiter.engine).state === "ready") continue;
      const failure = [keyOf(waiter.wish), waiter.engine]
        .map((name) => this.#failures.of(name, now)).find((found) => found !== undefined);
      if (failure === undefined) continue;
      const milliseconds = failure.untilMilliseconds - now;
      this.#refuse(waiter.id, "engine-failed", failure.why, milliseconds);
    }
  }

  /** Does everything that is due, and notes when something else will be. */
  #settle(now: number): void {
    this.#wakeMilliseconds = Infinity;
    this.#refuseLate(now);
    this.#cutForOthers(now);
    const isFree = this.#isStarted && this.#swap === undefined && !this.#isHeld &&
      !this.#isChangedByOthers() && this.#isDue(this.#pausedUntil, now);
    const { first, younger } = isFree ? this.#candidates() : {};
    this.#next = first;
    const isDue = first !== undefined && this.#yields(first, now);
    this.#closed = new Set(this.#swap?.stops ?? (isDue ? first.stops : []));
    this.#forward();
    if (!isFree) return;
    if (!isDue || first === undefined) {
      this.#drain = undefined;
      if (younger !== undefined) this.#begin(younger, now);
      else if (first === undefined) this.#rest(now);
    } else if (first.stops.every((name) => this.#stand(name).requests.size === 0)) {
      this.#begin(first, now);
    } else {
      this.#drainFor(first, now);
    }
  }

  #refuseLate(now: number): void {
    for (const { id, engine, sinceMilliseconds } of this.#waiters.values()) {
      if (!this.#isDue(sinceMilliseconds + this.#policy.waitMilliseconds, now)) return;
      const seconds = Math.round(this.#policy.waitMilliseconds / 1000);
      const estimate = this.estimateMilliseconds(engine, now);
      this.#refuse(id, "waited-too-long", `${engine} was not ready within ${seconds} s`, estimate);
    }
  }

  /** Cuts the requests at engines that others stop, after their time. */
  #cutForOthers(now: number): void {
    for (const [name, { state, sinceMilliseconds, requests }] of this.#stands) {
      if (state !== "stopping" || requests.size === 0) continue;
      if (!this.#isDue(sinceMilliseconds + this.#policy.otherDrainMilliseconds, now)) continue;
      this.#cut(requests, `${name} is being stopped`);
    }
  }

  #cut(requests: ReadonlySet<string>, why: string): void {
    for (const id of requests) {
      const request = this.#underWay.get(id);
      if (request === undefined || request.isCut) continue;
      request.isCut = true;
      this.#effects.push({ kind: "cut", id, why });
    }
  }

  /** Returns true while engines start or stop, and no swap of the door does it. */
  #isChangedByOthers(): boolean {
    return [...this.#stands.values()].some(({ state }) =>
      state === "starting" || state === "stopping"
    );
  }

  /**
   * Returns the swap for the oldest request that waits for an engine which does not run, and the first
   * one for a younger request that stops nothing, and that the older one leaves running.
   */
  #candidates(): { first?: Swap; younger?: Swap } {
    const seen = new Set<string>();
    let first: PlannedSwap | undefined;
    for (const { id, engine, wish } of this.#waiters.values()) {
      if (this.#stand(engine).state === "ready" || seen.has(keyOf(wish))) continue;
      const planned = this.#planOf(wish, engine);
      if ("problem" in planned) {
        this.#refuse(id, "cannot-run", planned.problem, 0);
        continue;
      }
      seen.add(keyOf(wish));
      if (first === undefined) first = planned;
      else if (planned.stops.length === 0 && this.#leaves(first.wish, planned.wanted)) {
        return { first, younger: planned };
      }
    }
    return first === undefined ? {} : { first };
  }

  /** Plans a wish, which must start the engine if one is given. */
  #planOf(wish: Wish, engine?: string): PlannedSwap | { problem: string } {
    const planned = planTransition(wish, this.#inventory, this.#running());
    if ("problem" in planned) return { problem: planned.problem.message };
    const { wanted, stop } = planned.transition;
    if (engine !== undefined && !wanted.includes(engine)) {
      return { problem: `${keyOf(wish)} does not start ${engine}` };
    }
    return { wish, wanted, stops: stop.map(({ name }) => name) };
  }

  /** Returns true if a wish stops none of these engines, should they run too. */
  #leaves(wish: Wish, engines: readonly string[]): boolean {
    const { up, crashed } = this.#running();
    const running = { up: new Set([...up, ...engines]), crashed };
    const planned = planTransition(wish, this.#inventory, running);
    return "transition" in planned &&
      !planned.transition.stop.some(({ name }) => engines.includes(name));
  }

  #running(): Running {
    const named = (test: (state: EngineState) => boolean) =>
      new Set([...this.#stands].filter(([, { state }]) => test(state)).map(([name]) => name));
    return {
      up: named((state) => state !== "down"),
      crashed: named((state) => state === "crashed"),
    };
  }

  /** Returns true if every engine that a swap stops may be stopped now. */
  #yields({ stops }: Swap, now: number): boolean {
    return this.#isDue(Math.max(...stops.map((name) => this.#yieldsAt(this.#stand(name)))), now);
  }

  /** Returns the time from which an engine may be stopped for another one. */
  #yieldsAt(stand: Stand): number {
    if (stand.state !== "ready") return -Infinity;
    const stay = stand.sinceMilliseconds + STAY_SWAPS * this.#swapTimes.medianMilliseconds;
    if (stand.requests.size > 0 || stand.isSummonedByOthers) return stay;
    return Math.min(stay, lastUse(stand) + this.#policy.lingerMilliseconds);
  }

  #forward(): void {
    for (const { id, engine } of this.#waiters.values()) {
      const stand = this.#stand(engine);
      if (!this.#hasPlace(engine, stand)) continue;
      this.#forget(id);
      stand.requests.add(id);
      this.#underWay.set(id, { engine, isCut: false });
      this.#effects.push({ kind: "forward", id, engine });
    }
  }

  #hasPlace(engine: string, { state, requests }: Stand): boolean {
    const { concurrency = Infinity } = this.#policy.engines.get(engine) ?? {};
    return state === "ready" && !this.#closed.has(engine) && requests.size < concurrency;
  }

  /** Cuts what still delays a swap after the time for drains. */
  #drainFor({ wish, stops }: Swap, now: number): void {
    const key = wish === undefined ? "" : keyOf(wish);
    if (this.#drain?.key !== key) this.#drain = { key, sinceMilliseconds: now };
    if (!this.#isDue(this.#drain.sinceMilliseconds + this.#policy.drainMilliseconds, now)) return;
    for (const name of stops) this.#cut(this.#stand(name).requests, `${name} makes room`);
  }

  #begin(swap: Swap, now: number): void {
    const { wish, stops } = swap;
    this.#drain = undefined;
    this.#swap = { ...swap, sinceMilliseconds: now };
    this.#effects.push(
      wish === undefined ? { kind: "banish", engines: stops } : { kind: "summon", wish, stops },
    );
  }

  /** Stops engines that were not used for long, and fulfils the idle wish. */
  #rest(now: number): void {
    const unused: string[] = [];
    for (const [name, stand] of this.#stands) {
      const idleMilliseconds = this.#policy.engines.get(name)?.idleMilliseconds;
      if (idleMilliseconds === undefined || stand.state !== "ready") continue;
      if (stand.requests.size > 0) continue;
      if (this.#isDue(lastUse(stand) + idleMilliseconds, now)) unused.push(name);
    }
    if (unused.length > 0) {
      this.#begin({ wish: undefined, wanted: [], stops: unused.sort() }, now);
      return;
    }
    const { idle } = this.#policy;
    if (idle === undefined || this.#waiters.size + this.#underWay.size > 0) return;
    const used = Math.max(this.#usedMilliseconds, ...[...this.#stands.values()].map(lastUse));
    if (used <= this.#idleSince || !this.#isDue(used + idle.afterMilliseconds, now)) return;
    this.#idleSince = used;
    const { up } = this.#running();
    if (idle.wish === "none") {
      if (up.size > 0) this.#begin({ wish: undefined, wanted: [], stops: [...up].sort() }, now);
      return;
    }
    const swap = this.#planOf(idle.wish);
    if ("problem" in swap) return;
    const isDone = swap.stops.length === 0 &&
      swap.wanted.every((name) => this.#stand(name).state === "ready");
    if (!isDone) this.#begin(swap, now);
  }

  #refuse(id: string, reason: RefusalReason, why: string, milliseconds: number): void {
    this.#forget(id);
    const seconds = Math.ceil(milliseconds / 1000);
    const retryAfterSeconds = Math.min(Math.max(1, seconds), LONGEST_RETRY_SECONDS);
    this.#effects.push({ kind: "refuse", id, reason, why, retryAfterSeconds });
  }

  /** Removes a request from those that wait. */
  #forget(id: string): void {
    const waiter = this.#waiters.get(id);
    if (waiter === undefined) return;
    this.#waiters.delete(id);
    this.#stand(waiter.engine).waiting.delete(id);
  }

  #stand(name: string): Stand {
    const known = this.#stands.get(name);
    if (known !== undefined) return known;
    const stand: Stand = {
      state: "down",
      sinceMilliseconds: 0,
      isSummonedByOthers: false,
      usedMilliseconds: 0,
      requests: new Set(),
      waiting: new Set(),
    };
    this.#stands.set(name, stand);
    return stand;
  }

  /** Returns true from a time on; before it, the dispatcher wants to be woken then. */
  #isDue(time: number, now: number): boolean {
    if (time <= now) return true;
    this.#wakeMilliseconds = Math.min(this.#wakeMilliseconds, time);
    return false;
  }
}

/** Returns the time from which an engine is unused. */
function lastUse({ sinceMilliseconds, usedMilliseconds, state }: Stand): number {
  return Math.max(usedMilliseconds, state === "ready" ? sinceMilliseconds : 0);
}

/** Returns a text that two wishes share only if they are the same. */
function keyOf(wish: Wish): string {
  return wish.kind === "capabilities"
    ? `capabilities:${wish.names.join(" ")}`
    : `${wish.kind}:${wish.name}`;
}
