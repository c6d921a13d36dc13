import { conflictsOf, covensOf, type Member } from "../compile/covens.ts";
import { type Inventory, readInventory } from "../orchestrator/inventory.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { DoorEvent, Effect, EngineState, Policy } from "./events.ts";

/** The default settings of the door. */
export const POLICY: Policy = {
  lingerMilliseconds: 3000,
  waitMilliseconds: 600_000,
  drainMilliseconds: 600_000,
  otherDrainMilliseconds: 30_000,
  queueLimit: 512,
  engineQueueLimit: 128,
  engines: new Map(),
};

/** Returns numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  return () => {
    seed = (seed + 0x6D2B79F5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Returns the inventory of Soulstones with these groups and slots, as units that lychd compiles. */
export function inventoryOf(
  groups: Readonly<Record<string, readonly string[]>>,
  slots: Readonly<Record<string, string | undefined>> = {},
): Inventory {
  const members = Object.entries(groups).map(([name, groups]): Member => {
    const slot = slots[name];
    return { name, groups, resident: false, ...slot !== undefined && { slot } };
  });
  const covens = covensOf(members);
  return readInventory([
    ...[...conflictsOf(members)].map(([name, rivals], i) => ({
      path: `containers/systemd/lychd/soulstone-${name}.container`,
      text: [
        "[Unit]",
        ...rivals.map((rival) => `Conflicts=soulstone-${rival}.service`),
        "[X-Lychd]",
        `Soulstone=${name}`,
        `Port=${9000 + i}`,
        `Covens=${groups[name]?.join(" ")}`,
      ].join("\n"),
    })),
    ...covens.map(({ name, members, outsiders }) => ({
      path: `systemd/user/lychd-coven-${name}.target`,
      text: [
        "[Unit]",
        ...outsiders.map((outsider) => `Conflicts=soulstone-${outsider}.service`),
        "[X-Lychd]",
        `Coven=${name}`,
        `Members=${members.join(" ")}`,
      ].join("\n"),
    })),
  ]);
}

/** The behavior of the simulated engines, which a test decides. */
export interface Behavior {
  /** The time in which systemd stops and starts engines. */
  readonly swapMilliseconds: () => number;
  /** True if the start of an engine fails. */
  readonly fails: (engine: string) => boolean;
}

/**
 * A host whose engines and clients exist only as events in time: the dispatcher runs in it as in the
 * door. Checks on each effect what must always hold, and throws if it does not.
 */
export class SimulatedHost {
  now = 0;
  readonly dispatcher: Dispatcher;
  readonly states = new Map<string, EngineState>();
  /** The requests that an engine is answering. */
  readonly underWay = new Map<string, string>();
  readonly swaps: { readonly began: number; ended: number }[] = [];
  readonly answered: { readonly engine: string; readonly waited: number }[] = [];
  /** Effects for requests, which clients react to. */
  onRequest: (effect: Extract<Effect, { id: string }>) => void = () => {};
  #queue: { readonly time: number; readonly act: () => void }[] = [];
  #wake = Infinity;
  /** The side that changes engines now. */
  #changedBy: "door" | "others" | undefined;

  constructor(
    readonly inventory: Inventory,
    policy: Policy,
    readonly behavior: Behavior,
  ) {
    this.dispatcher = new Dispatcher(inventory, policy);
    for (const { name } of inventory.engines) this.states.set(name, "down");
  }

  /** Plans an act. Acts of one time happen in the order in which they were planned. */
  at(time: number, act: () => void): void {
    let [low, high] = [0, this.#queue.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      // The next act is the last of the array.
      if ((this.#queue[middle]?.time ?? 0) > time) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, { time, act });
  }

  /** Runs until a time. */
  run(until: number): void {
    for (;;) {
      const next = this.#queue.at(-1)?.time ?? Infinity;
      const time = Math.min(next, this.#wake);
      if (time > until) break;
      this.now = Math.max(this.now, time);
      if (this.#wake < next) this.send({ kind: "tick" });
      else this.#queue.pop()?.act();
    }
    this.now = until;
  }

  /** Gives an event to the dispatcher and carries out its effects. */
  send(event: DoorEvent): void {
    const effects = this.dispatcher.handle(event, this.now);
    const wake = this.dispatcher.wakeMilliseconds;
    if (wake <= this.now) {
      throw new Error(`the dispatcher wants to be woken at ${wake}, now is ${this.now}`);
    }
    this.#wake = wake;
    for (const effect of effects) this.#carryOut(effect);
  }

  /** Changes states, and reports them. */
  change(states: Readonly<Record<string, EngineState>>): void {
    for (const [name, state] of Object.entries(states)) this.states.set(name, state);
    this.send({ kind: "observed", engines: new Map(this.states) });
  }

  /**
   * Starts an engine as `systemctl start` does: each rival stops when it has no requests any more, or
   * after 30 seconds. Waits for a swap of the door, as `lychd summon` does.
   */
  startByOthers(engine: string): void {
    if (this.#changedBy !== undefined) {
      this.at(this.now + 1000, () => this.startByOthers(engine));
      return;
    }
    if (this.states.get(engine) === "ready") return;
    this.#changedBy = "others";
    const rivals = this.#rivalsOf([engine]);
    const latest = this.now + POLICY.otherDrainMilliseconds;
    this.change(to(rivals, "stopping"));
    const start = () => {
      const answering = [...this.underWay.values()].filter((name) => rivals.includes(name));
      if (answering.length > 0 && this.now <= latest) {
        this.at(this.now + 100, start);
        return;
      }
      if (answering.length > 0) throw new Error(`${answering} stop with requests under way`);
      this.change({ ...to(rivals, "down"), [engine]: "starting" });
      this.at(this.now + this.behavior.swapMilliseconds(), () => {
        this.#changedBy = undefined;
        this.change({ [engine]: "ready" });
      });
    };
    start();
  }

  /** Kills an engine; systemd starts it again. */
  kill(engine: string): void {
    if (this.states.get(engine) !== "ready" || this.#changedBy !== undefined) return;
    this.change({ [engine]: "crashed" });
    this.at(this.now + 5000, () => {
      if (this.states.get(engine) === "crashed") this.change({ [engine]: "ready" });
    });
  }

  #rivalsOf(wanted: readonly string[]): string[] {
    return this.inventory.engines.filter(({ name, conflicts }) =>
      this.states.get(name) !== "down" && wanted.some((other) => conflicts.includes(other))
    ).map(({ name }) => name);
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case "forward":
        if (this.states.get(effect.engine) !== "ready") {
          throw new Error(`${effect.id} goes to ${effect.engine}, which is not ready`);
        }
        this.underWay.set(effect.id, effect.engine);
        this.onRequest(effect);
        break;
      case "refuse":
      case "cut":
        this.onRequest(effect);
        break;
      case "summon": {
        const { wish } = effect;
        const wanted = wish.kind === "soulstone"
          ? [wish.name]
          : this.inventory.covens.find((c) => c.name === (wish as { name: string }).name)?.members;
        this.#swap(wanted ?? [], effect.stops);
        break;
      }
      case "banish":
        this.#swap([], effect.engines);
    }
  }

  /** As systemd: everything that conflicts stops, also if the dispatcher does not name it. */
  #swap(wanted: readonly string[], stops: readonly string[]): void {
    if (this.#changedBy !== undefined) {
      throw new Error(`a swap begins during one of ${this.#changedBy}`);
    }
    this.#changedBy = "door";
    const unnamed = this.#rivalsOf(wanted).filter((name) => !stops.includes(name));
    if (unnamed.length > 0) throw new Error(`the swap also stops ${unnamed}`);
    for (const [id, engine] of this.underWay) {
      if (stops.includes(engine)) throw new Error(`${engine} stops while it answers ${id}`);
    }
    const swap = { began: this.now, ended: Infinity };
    this.swaps.push(swap);
    const start = wanted.filter((name) => this.states.get(name) !== "ready");
    const milliseconds = this.behavior.swapMilliseconds();
    this.at(this.now, () => this.change(to(stops, "stopping")));
    this.at(
      this.now + Math.floor(milliseconds / 10),
      () => this.change({ ...to(stops, "down"), ...to(start, "starting") }),
    );
    this.at(this.now + milliseconds, () => {
      const failed = start.filter((name) => this.behavior.fails(name));
      const up = start.filter((name) => !failed.includes(name));
      this.#changedBy = undefined;
      swap.ended = this.now;
      this.change({ ...to(failed, "down"), ...to(up, "ready") });
      this.send({
        kind: "swapped",
        result: failed.length === 0
          ? { kind: "ready" }
          : { kind: "failed", engines: failed, why: "it ran out of memory" },
      });
    });
  }
}

function to(names: readonly string[], state: EngineState): Record<string, EngineState> {
  return Object.fromEntries(names.map((name) => [name, state]));
}
