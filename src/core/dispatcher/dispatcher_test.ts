/** The policy, case by case: what happens in which order, and what the door does. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Wish } from "../orchestrator/wish.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { DoorEvent, Effect, EngineState, Policy, SwapResult } from "./events.ts";
import { inventoryOf, POLICY } from "./simulated_host.ts";

/** `sage` and `cat` exclude `eye` and `ear`; `owl` may run with each of them. */
const INVENTORY = inventoryOf({
  eye: ["senses"],
  ear: ["senses"],
  sage: ["wise", "pair"],
  cat: ["wise", "pair"],
  owl: ["senses", "wise"],
});

/** A dispatcher with a clock in seconds, whose effects are short texts. */
class Script {
  readonly #dispatcher: Dispatcher;
  #states: Record<string, EngineState> = {};

  constructor(policy: Partial<Policy> = {}) {
    this.#dispatcher = new Dispatcher(INVENTORY, { ...POLICY, ...policy });
  }

  /** Returns the effects of an event, or those of a tick at the time that the dispatcher wanted. */
  at(seconds: number, event: DoorEvent): string[] {
    return this.#dispatcher.handle(event, seconds * 1000).map(textOf);
  }

  ask(seconds: number, id: string, engine: string, wish?: Wish): string[] {
    return this.at(seconds, {
      kind: "arrived",
      id,
      engine,
      wish: wish ?? { kind: "soulstone", name: engine },
    });
  }

  end(seconds: number, id: string): string[] {
    return this.at(seconds, { kind: "ended", id });
  }

  see(seconds: number, states: Record<string, EngineState>): string[] {
    this.#states = { ...this.#states, ...states };
    return this.at(seconds, { kind: "observed", engines: new Map(Object.entries(this.#states)) });
  }

  swapped(seconds: number, result: SwapResult = { kind: "ready" }): string[] {
    return this.at(seconds, { kind: "swapped", result });
  }

  tick(seconds: number): string[] {
    return this.at(seconds, { kind: "tick" });
  }

  get wake(): number {
    return this.#dispatcher.wakeMilliseconds / 1000;
  }

  get status() {
    return this.#dispatcher.status();
  }

  prospect(seconds: number, engine: string): string {
    const wish = { kind: "soulstone", name: engine } as const;
    return this.#dispatcher.prospectOf(engine, wish, seconds * 1000);
  }
}

function textOf(effect: Effect): string {
  switch (effect.kind) {
    case "forward":
      return `forward ${effect.id} to ${effect.engine}`;
    case "refuse":
      return `refuse ${effect.id}: ${effect.reason}, ${effect.why}, ${effect.retryAfterSeconds} s`;
    case "cut":
      return `cut ${effect.id}: ${effect.why}`;
    case "summon": {
      const { wish, stops } = effect;
      const name = wish.kind === "capabilities" ? wish.names.join(" ") : wish.name;
      return `summon ${name}${stops.length > 0 ? `, stop ${stops.join(" ")}` : ""}`;
    }
    case "banish":
      return `banish ${effect.engines.join(" ")}`;
  }
}

const HELD = { kind: "held", isHeld: true } as const;
const RELEASED = { kind: "held", isHeld: false } as const;

/** Returns a script in which `eye` has been ready, and unused, since second 0. */
function eyeIsReady(policy: Partial<Policy> = {}): Script {
  const script = new Script(policy);
  script.see(0, { eye: "ready" });
  return script;
}

Deno.test("nothing is summoned before the first observation", () => {
  const script = new Script();
  deepStrictEqual(script.ask(0, "1", "eye"), []);
  deepStrictEqual(script.see(1, {}), ["summon eye"]);
});

Deno.test("a request for a ready engine is forwarded at once", () => {
  deepStrictEqual(eyeIsReady().ask(1, "1", "eye"), ["forward 1 to eye"]);
});

Deno.test("a request starts its engine, and all that wait for it go in together", () => {
  const script = new Script();
  script.see(0, {});
  deepStrictEqual(script.ask(1, "1", "eye"), ["summon eye"]);
  deepStrictEqual(script.ask(2, "2", "eye"), []);
  deepStrictEqual(script.see(9, { eye: "ready" }), ["forward 1 to eye", "forward 2 to eye"]);
  deepStrictEqual(script.swapped(9), []);
});

Deno.test("an idle engine stops after the linger time", () => {
  const script = eyeIsReady();
  script.ask(10, "1", "eye");
  script.end(20, "1");
  deepStrictEqual(script.ask(21, "2", "sage"), []);
  strictEqual(script.wake, 23);
  deepStrictEqual(script.tick(23), ["summon sage, stop eye"]);
});

Deno.test("a busy engine stays for four swaps, then drains, and gets no new requests", () => {
  const script = eyeIsReady();
  script.ask(1, "1", "eye");
  deepStrictEqual(script.ask(2, "2", "sage"), []);
  deepStrictEqual(script.ask(100, "3", "eye"), ["forward 3 to eye"]);
  // No swap was measured yet, so one counts as 30 s.
  strictEqual(script.wake, 120);
  deepStrictEqual(script.tick(120), []);
  strictEqual(script.status.phase, "draining");
  deepStrictEqual(script.ask(121, "4", "eye"), []);
  deepStrictEqual(script.end(130, "1"), []);
  deepStrictEqual(script.end(131, "3"), ["summon sage, stop eye"]);
  script.see(140, { eye: "down" });
  deepStrictEqual(script.see(141, { sage: "ready" }), ["forward 2 to sage"]);
  deepStrictEqual(script.swapped(141), []);
  // The next stay is four times the measured 10 s.
  deepStrictEqual(script.tick(180), []);
  script.tick(181);
  deepStrictEqual(script.end(190, "2"), ["summon eye, stop sage"]);
});

Deno.test("a drain ends when the last request that waits for the swap leaves", () => {
  const script = eyeIsReady();
  script.ask(1, "1", "eye");
  script.ask(2, "2", "sage");
  script.tick(120);
  script.ask(121, "3", "eye");
  deepStrictEqual(script.end(122, "2"), ["forward 3 to eye"]);
});

Deno.test("each drain has its whole time", () => {
  const script = eyeIsReady({ drainMilliseconds: 60_000 });
  script.ask(1, "1", "eye");
  script.ask(2, "2", "sage");
  script.tick(120);
  script.end(150, "2");
  script.ask(160, "3", "sage");
  strictEqual(script.wake, 220);
});

Deno.test("a swap that has begun goes on when its request leaves", () => {
  const script = eyeIsReady();
  deepStrictEqual(script.ask(10, "1", "sage"), ["summon sage, stop eye"]);
  deepStrictEqual(script.end(11, "1"), []);
  deepStrictEqual(script.ask(12, "2", "eye"), []);
});

Deno.test("after the drain time, requests that delay a swap are cut", () => {
  const script = eyeIsReady({ drainMilliseconds: 60_000 });
  script.ask(1, "1", "eye");
  script.ask(2, "2", "sage");
  script.tick(120);
  strictEqual(script.wake, 180);
  deepStrictEqual(script.tick(180), ["cut 1: eye makes room"]);
  deepStrictEqual(script.tick(181), []);
  deepStrictEqual(script.end(182, "1"), ["summon sage, stop eye"]);
});

Deno.test("a swap that stops nothing begins at once, also for a younger request", () => {
  const script = eyeIsReady();
  script.ask(1, "1", "eye");
  deepStrictEqual(script.ask(2, "2", "sage"), []);
  deepStrictEqual(script.ask(3, "3", "owl"), ["summon owl"]);
});

Deno.test("a younger request does not start what the older one would stop", () => {
  const script = eyeIsReady();
  script.ask(1, "1", "eye");
  script.ask(2, "2", "sage");
  // `ear` could run beside `eye`, but `sage` would have to stop it.
  deepStrictEqual(script.ask(3, "3", "ear"), []);
});

Deno.test("a younger request does not start what the Coven of the older one would stop", () => {
  const script = eyeIsReady();
  script.ask(1, "1", "eye");
  const wish = { kind: "coven", name: "pair" } as const;
  script.ask(2, "2", "sage", wish);
  // `owl` may run beside `sage` and `cat`, but their Coven stops everything else.
  deepStrictEqual(script.ask(3, "3", "owl"), []);
});

Deno.test("a wish for a Coven starts it whole", () => {
  const script = new Script();
  script.see(0, { sage: "ready" });
  const wish = { kind: "coven", name: "senses" } as const;
  deepStrictEqual(script.ask(10, "1", "ear", wish), ["summon senses, stop sage"]);
});

Deno.test("a wish that does not start the engine of its request is refused", () => {
  const script = new Script();
  script.see(0, {});
  const wish = { kind: "coven", name: "senses" } as const;
  const why = "coven:senses does not start sage";
  deepStrictEqual(script.ask(1, "1", "sage", wish), [`refuse 1: cannot-run, ${why}, 1 s`]);
});

Deno.test("requests beyond the concurrency of an engine wait their turn", () => {
  const script = eyeIsReady({ engines: new Map([["eye", { concurrency: 1 }]]) });
  deepStrictEqual(script.ask(1, "1", "eye"), ["forward 1 to eye"]);
  deepStrictEqual(script.ask(2, "2", "eye"), []);
  deepStrictEqual(script.ask(3, "3", "eye"), []);
  deepStrictEqual(script.status.engines, [{ name: "eye", underWay: 1, waiting: 2 }]);
  deepStrictEqual(script.end(4, "1"), ["forward 2 to eye"]);
  deepStrictEqual(script.end(5, "2"), ["forward 3 to eye"]);
});

Deno.test("a full queue refuses, for one engine and for all", () => {
  const script = new Script({ queueLimit: 3, engineQueueLimit: 2 });
  script.ask(0, "1", "eye");
  script.ask(0, "2", "eye");
  const one = "2 requests already wait for eye";
  deepStrictEqual(script.ask(0, "3", "eye"), [`refuse 3: queue-full, ${one}, 30 s`]);
  script.ask(0, "4", "ear");
  const all = "3 requests already wait";
  deepStrictEqual(script.ask(0, "5", "sage"), [`refuse 5: queue-full, ${all}, 30 s`]);
});

Deno.test("a request is refused after its time in the queue", () => {
  const script = new Script();
  script.ask(0, "1", "eye");
  script.ask(5, "2", "eye");
  strictEqual(script.wake, 600);
  const why = "eye was not ready within 600 s";
  deepStrictEqual(script.tick(600), [`refuse 1: waited-too-long, ${why}, 30 s`]);
  strictEqual(script.wake, 605);
});

Deno.test("what failed to start is refused, for 30 s and then twice as long each time", () => {
  const script = new Script();
  script.see(0, {});
  const failed = { kind: "failed", engines: ["eye"], why: "out of memory" } as const;
  script.ask(0, "1", "eye");
  script.ask(1, "2", "ear");
  deepStrictEqual(script.swapped(5, failed), [
    "refuse 1: engine-failed, out of memory, 30 s",
    "summon ear",
  ]);
  script.see(6, { ear: "ready" });
  script.swapped(6);
  deepStrictEqual(script.ask(20, "3", "eye"), ["refuse 3: engine-failed, out of memory, 15 s"]);
  deepStrictEqual(script.ask(35, "4", "eye"), ["summon eye"]);
  deepStrictEqual(script.swapped(40, failed), ["refuse 4: engine-failed, out of memory, 59 s"]);
  deepStrictEqual(script.ask(99, "5", "eye"), ["refuse 5: engine-failed, out of memory, 1 s"]);
  deepStrictEqual(script.ask(100, "6", "eye"), ["summon eye"]);
});

Deno.test("after a Coven failed, its members that run are used, and the others are refused", () => {
  const script = new Script();
  script.see(0, {});
  const wish = { kind: "coven", name: "senses" } as const;
  script.ask(0, "1", "eye", wish);
  script.see(5, { eye: "ready" });
  script.swapped(6, { kind: "failed", engines: ["ear"], why: "out of memory" });
  deepStrictEqual(script.ask(7, "2", "eye", wish), ["forward 2 to eye"]);
  const failed = "engine-failed, out of memory";
  deepStrictEqual(script.ask(7, "3", "ear", wish), [`refuse 3: ${failed}, 29 s`]);
  deepStrictEqual(script.ask(7, "4", "ear"), [`refuse 4: ${failed}, 29 s`]);
  deepStrictEqual(script.ask(7, "5", "owl", wish), [`refuse 5: ${failed}, 29 s`]);
});

Deno.test("a success ends the doubling of pauses", () => {
  const script = new Script();
  script.see(0, {});
  const wish = { kind: "coven", name: "senses" } as const;
  const failed = { kind: "failed", engines: ["ear"], why: "out of memory" } as const;
  script.ask(0, "1", "ear", wish);
  script.swapped(5, failed);
  script.ask(35, "2", "ear", wish);
  script.see(40, { eye: "ready", ear: "ready", owl: "ready" });
  script.swapped(40);
  script.end(41, "2");
  script.see(42, { ear: "down" });
  script.ask(43, "3", "ear", wish);
  deepStrictEqual(script.swapped(50, failed), ["refuse 3: engine-failed, out of memory, 30 s"]);
});

Deno.test("an engine that others started after a failure is used", () => {
  const script = new Script();
  script.see(0, {});
  script.ask(0, "1", "eye");
  script.swapped(5, { kind: "failed", engines: ["eye"], why: "out of memory" });
  script.see(8, { eye: "starting" });
  script.see(9, { eye: "ready" });
  deepStrictEqual(script.ask(10, "2", "eye"), ["forward 2 to eye"]);
  script.end(11, "2");
  script.see(12, { eye: "down" });
  deepStrictEqual(script.ask(13, "3", "eye"), ["summon eye"]);
});

Deno.test("a swap after which its engine is not ready has failed", () => {
  const script = new Script();
  script.see(0, {});
  script.ask(0, "1", "eye");
  const why = "eye did not become ready";
  deepStrictEqual(script.swapped(5), [`refuse 1: engine-failed, ${why}, 30 s`]);
});

Deno.test("a swap that others have undone at once is tried again, and has not failed", () => {
  const script = new Script();
  script.see(0, {});
  script.ask(0, "1", "eye");
  script.see(5, { eye: "stopping", owl: "starting" });
  deepStrictEqual(script.swapped(5), []);
  script.see(6, { eye: "down", owl: "down" });
  deepStrictEqual(script.tick(7), ["summon eye"]);
});

Deno.test("an abandoned swap is tried again after a pause", () => {
  const script = new Script();
  script.see(0, {});
  script.ask(0, "1", "eye");
  deepStrictEqual(script.swapped(1, { kind: "abandoned" }), []);
  strictEqual(script.wake, 3);
  deepStrictEqual(script.tick(3), ["summon eye"]);
});

Deno.test("while others start or stop engines, no swap begins", () => {
  const script = eyeIsReady();
  script.see(10, { eye: "stopping" });
  deepStrictEqual(script.ask(11, "1", "ear"), []);
  script.see(12, { eye: "down", sage: "starting" });
  deepStrictEqual(script.tick(13), []);
  script.see(20, { sage: "ready" });
  // What someone else summoned stays for one stay, although it has no requests.
  strictEqual(script.wake, 140);
  deepStrictEqual(script.tick(140), ["summon ear, stop sage"]);
});

Deno.test("an engine that others stop gets no requests, and loses its own after 30 s", () => {
  const script = eyeIsReady();
  script.ask(1, "1", "eye");
  script.see(10, { eye: "stopping" });
  deepStrictEqual(script.ask(11, "2", "eye"), []);
  strictEqual(script.wake, 40);
  deepStrictEqual(script.tick(40), ["cut 1: eye is being stopped"]);
});

Deno.test("an engine that crashed is started for the next request, and stops nothing", () => {
  const script = eyeIsReady();
  script.see(5, { eye: "crashed" });
  deepStrictEqual(script.ask(6, "1", "eye"), ["summon eye"]);
});

Deno.test("an engine that crashed is stopped for another one at once", () => {
  const script = eyeIsReady();
  script.ask(5, "1", "eye");
  script.end(6, "1");
  script.see(6, { eye: "crashed" });
  deepStrictEqual(script.ask(7, "2", "sage"), ["summon sage, stop eye"]);
});

Deno.test("while the operator holds what runs, no swap begins", () => {
  const script = eyeIsReady();
  script.at(1, HELD);
  deepStrictEqual(script.ask(10, "1", "sage"), []);
  deepStrictEqual(script.ask(11, "2", "eye"), ["forward 2 to eye"]);
  strictEqual(script.status.phase, "held");
  script.end(12, "2");
  deepStrictEqual(script.tick(500), []);
  deepStrictEqual(script.at(501, RELEASED), ["summon sage, stop eye"]);
});

Deno.test("an engine that was not used for its idle time is stopped", () => {
  const script = eyeIsReady({ engines: new Map([["eye", { idleMilliseconds: 60_000 }]]) });
  script.ask(10, "1", "eye");
  deepStrictEqual(script.tick(100), []);
  script.end(110, "1");
  strictEqual(script.wake, 170);
  deepStrictEqual(script.tick(170), ["banish eye"]);
});

Deno.test("after the idle time of the door its idle wish is fulfilled, once", () => {
  const wish = { kind: "soulstone", name: "sage" } as const;
  const script = eyeIsReady({ idle: { wish, afterMilliseconds: 600_000 } });
  script.ask(10, "1", "eye");
  script.end(20, "1");
  deepStrictEqual(script.tick(619), []);
  deepStrictEqual(script.tick(620), ["summon sage, stop eye"]);
  const failed = { kind: "failed", engines: ["sage"], why: "out of memory" } as const;
  deepStrictEqual(script.swapped(625, failed), []);
  deepStrictEqual(script.tick(5000), []);
});

Deno.test("an idle wish of none stops everything", () => {
  const script = eyeIsReady({ idle: { wish: "none", afterMilliseconds: 600_000 } });
  script.see(1, { ear: "ready" });
  deepStrictEqual(script.tick(601), ["banish ear eye"]);
});

Deno.test("new units and settings count after a render", () => {
  const dispatcher = new Dispatcher(inventoryOf({}), POLICY);
  dispatcher.handle({ kind: "observed", engines: new Map() }, 0);
  dispatcher.reload(INVENTORY, POLICY);
  const wish = { kind: "soulstone", name: "eye" } as const;
  const effects = dispatcher.handle({ kind: "arrived", id: "1", engine: "eye", wish }, 1);
  deepStrictEqual(effects.map(textOf), ["summon eye"]);
});

Deno.test("the estimate for clients is what is left of a swap, and of a stay before it", () => {
  const dispatcher = new Dispatcher(INVENTORY, POLICY);
  dispatcher.handle({ kind: "observed", engines: new Map([["eye", "ready"]]) }, 0);
  const wish = { kind: "soulstone", name: "eye" } as const;
  dispatcher.handle({ kind: "arrived", id: "1", engine: "eye", wish }, 0);
  const sage = { kind: "soulstone", name: "sage" } as const;
  dispatcher.handle({ kind: "arrived", id: "2", engine: "sage", wish: sage }, 0);
  strictEqual(dispatcher.estimateMilliseconds("sage", 20_000), 130_000);
  dispatcher.handle({ kind: "ended", id: "1" }, 20_000);
  dispatcher.handle({ kind: "tick" }, 23_000);
  strictEqual(dispatcher.estimateMilliseconds("sage", 33_000), 20_000);
});

Deno.test("the outlook of a request: what starts at once is soon, and more than two usual swaps are late", () => {
  const script = new Script();
  script.see(0, {});
  strictEqual(script.prospect(0, "eye"), "starts");
  script.see(0, { eye: "ready" });
  strictEqual(script.prospect(0, "eye"), "running");
  script.ask(1, "1", "eye");
  // A swap takes 30 s until one was measured, and a busy engine stays four times as long.
  script.see(10, { eye: "down" });
  script.see(10, { eye: "ready" });
  strictEqual(script.prospect(10, "sage"), "late");
  strictEqual(script.prospect(100, "sage"), "starts");
  strictEqual(script.prospect(99, "sage"), "late");
  strictEqual(script.prospect(10, "owl"), "starts");
  strictEqual(script.prospect(10, "nothing"), "failed");
});

Deno.test("the outlook of a request at an engine that makes room, that is held, that failed, or whose queue is old", () => {
  const script = new Script({ engines: new Map([["eye", { concurrency: 1 }]]) });
  script.see(0, { eye: "ready" });
  script.ask(1, "1", "eye");
  script.ask(2, "2", "eye");
  strictEqual(script.prospect(62, "eye"), "running");
  strictEqual(script.prospect(63, "eye"), "late");
  script.ask(3, "3", "sage");
  script.tick(300);
  strictEqual(script.status.phase, "draining");
  strictEqual(script.prospect(300, "eye"), "late");
  const other = new Script();
  other.see(0, {});
  other.at(0, { kind: "held", isHeld: true });
  strictEqual(other.prospect(0, "eye"), "late");
  other.at(0, { kind: "held", isHeld: false });
  other.ask(0, "1", "eye");
  other.swapped(5, { kind: "failed", engines: ["eye"], why: "out of memory" });
  strictEqual(other.prospect(6, "eye"), "failed");
  strictEqual(other.prospect(36, "eye"), "starts");
});
