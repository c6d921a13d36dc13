/** Properties that hold for any arrivals, failures, kills, interruptions by others, and clients that leave. */
import { deepStrictEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import type { Wish } from "../orchestrator/wish.ts";
import { inventoryOf, POLICY, randomFrom, SimulatedHost } from "./simulated_host.ts";

const ENGINES = ["a", "b", "c", "d", "e"] as const;

/** The time in which things happen; afterwards everything must come to an end. */
const BUSY_MILLISECONDS = 1_200_000;

const HOUR = 3_600_000;

interface Act {
  readonly kind: "request" | "others" | "kill" | "hold" | "release";
  readonly engine: typeof ENGINES[number];
  /** True for a request that names the first Coven of the engine. */
  readonly byCoven: boolean;
  readonly time: number;
  /** For a request: the time of its answer, and when its client leaves, both from its arrival. */
  readonly answer: number;
  readonly leave: number;
}

const time = (max: number) => fc.integer({ min: 0, max });

const ACT: fc.Arbitrary<Act> = fc.record({
  kind: fc.oneof(
    { weight: 20, arbitrary: fc.constant("request" as const) },
    fc.constantFrom("others" as const, "kill" as const, "hold" as const, "release" as const),
  ),
  engine: fc.constantFrom(...ENGINES),
  byCoven: fc.boolean(),
  time: time(BUSY_MILLISECONDS),
  answer: fc.oneof(time(2000), time(60_000), time(900_000)),
  leave: fc.oneof({ weight: 4, arbitrary: fc.constant(Infinity) }, time(300_000)),
});

const SCENE = fc.record({
  groups: fc.array(fc.subarray(["x", "y", "z"]), { minLength: 5, maxLength: 5 }),
  slots: fc.option(fc.array(fc.constantFrom("1", "2"), { minLength: 5, maxLength: 5 }), {
    nil: [],
  }),
  acts: fc.array(ACT, { maxLength: 80 }),
  swapMilliseconds: fc.integer({ min: 1000, max: 60_000 }),
  fails: fc.subarray([...ENGINES], { maxLength: 1 }),
  concurrency: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  idleMilliseconds: fc.option(fc.constant(120_000), { nil: undefined }),
  idleWish: fc.option(fc.constantFrom(...ENGINES), { nil: undefined }),
  drainMilliseconds: fc.constantFrom(600_000, 60_000),
  seed: fc.integer(),
});

type Scene = typeof SCENE extends fc.Arbitrary<infer T> ? T : never;

/** Plays a scene. The simulated host judges each effect. */
function play(scene: Scene): SimulatedHost {
  const random = randomFrom(scene.seed);
  const groups = Object.fromEntries(ENGINES.map((name, i) => [name, scene.groups[i] ?? []]));
  const slots = Object.fromEntries(ENGINES.map((name, i) => [name, scene.slots[i]]));
  const engine = {
    ...scene.concurrency !== undefined && { concurrency: scene.concurrency },
    ...scene.idleMilliseconds !== undefined && { idleMilliseconds: scene.idleMilliseconds },
  };
  const policy = {
    ...POLICY,
    drainMilliseconds: scene.drainMilliseconds,
    engines: new Map(ENGINES.map((name) => [name, engine])),
    ...scene.idleWish !== undefined && {
      idle: {
        wish: { kind: "soulstone", name: scene.idleWish } as const,
        afterMilliseconds: 300_000,
      },
    },
  };
  const host = new SimulatedHost(inventoryOf(groups, slots), policy, {
    swapMilliseconds: () => Math.round(scene.swapMilliseconds * (0.7 + 0.6 * random())),
    fails: (name) => scene.fails.includes(name as Act["engine"]) && random() < 0.7,
  });
  /** The requests that are neither answered nor refused, with the time of their arrival. */
  const open = new Map<string, number>();
  const answers = new Map<string, number>();
  const end = (id: string) => {
    if (!open.delete(id)) return;
    host.underWay.delete(id);
    host.send({ kind: "ended", id });
  };
  host.onRequest = ({ kind, id }) => {
    const since = open.get(id);
    ok(since !== undefined, `${kind} of ${id}, which is over`);
    if (kind === "cut") {
      host.at(host.now, () => end(id));
      return;
    }
    ok(host.now - since <= policy.waitMilliseconds, `${id} waited ${host.now - since} ms`);
    if (kind === "refuse") open.delete(id);
    else host.at(host.now + (answers.get(id) ?? 0), () => end(id));
  };
  const request = (id: string, { engine, answer, byCoven }: Act) => {
    const [coven] = groups[engine] ?? [];
    const wish: Wish = byCoven && coven !== undefined
      ? { kind: "coven", name: coven }
      : { kind: "soulstone", name: engine };
    open.set(id, host.now);
    answers.set(id, answer);
    host.send({ kind: "arrived", id, engine, wish });
  };
  host.change({});
  for (const [i, act] of scene.acts.entries()) {
    host.at(act.time, () => {
      const { kind, engine, leave } = act;
      if (kind === "request") {
        request(`r${i}`, act);
        if (leave < Infinity) host.at(host.now + leave, () => end(`r${i}`));
      } else if (kind === "others") host.startByOthers(engine);
      else if (kind === "kill") {
        const lost = [...host.underWay].filter(([, name]) => name === engine).map(([id]) => id);
        host.kill(engine);
        if (host.states.get(engine) === "crashed") lost.forEach(end);
      } else host.send({ kind: "held", isHeld: kind === "hold" });
    });
  }
  host.at(BUSY_MILLISECONDS, () => host.send({ kind: "held", isHeld: false }));
  host.run(4 * BUSY_MILLISECONDS);
  deepStrictEqual([...open.keys()], [], "requests without an end");
  deepStrictEqual(host.dispatcher.status().engines, []);
  return host;
}

Deno.test("every request is answered or refused in time, by a ready engine, and no swap stops its engine", () => {
  fc.assert(fc.property(SCENE, (scene) => void play(scene)), { numRuns: 300 });
});

Deno.test("a single request is served, whatever happened before", () => {
  fc.assert(
    fc.property(SCENE, fc.constantFrom(...ENGINES), (scene, engine) => {
      const host = play({ ...scene, fails: [] });
      const began = host.now;
      let served = false;
      host.onRequest = ({ kind }) => served ||= kind === "forward";
      host.send({
        kind: "arrived",
        id: "last",
        engine,
        wish: { kind: "soulstone", name: engine },
      });
      host.run(began + POLICY.lingerMilliseconds + 3 * 60_000 * 1.3);
      ok(served, JSON.stringify(host.dispatcher.status()));
    }),
    { numRuns: 200 },
  );
});

Deno.test("while all engines are kept busy, swaps take at most a fifth of the time", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 4 }),
      fc.integer({ min: 2000, max: 60_000 }),
      fc.array(fc.constantFrom(...ENGINES.slice(0, 4)), { maxLength: 6 }),
      fc.integer(),
      (count, swapMilliseconds, more, seed) => {
        const names = ENGINES.slice(0, count);
        const random = randomFrom(seed);
        const host = new SimulatedHost(
          inventoryOf(Object.fromEntries(names.map((name) => [name, [name]]))),
          { ...POLICY, waitMilliseconds: Infinity },
          { swapMilliseconds: () => swapMilliseconds, fails: () => false },
        );
        const clients = [...names, ...more.filter((name) => names.includes(name))];
        const request = (i: number, round: number) => {
          const name = clients[i] ?? "a";
          const wish = { kind: "soulstone", name } as const;
          host.send({ kind: "arrived", id: `${i}-${round}`, engine: name, wish });
        };
        host.onRequest = ({ id }) => {
          const [i = 0, round = 0] = id.split("-").map(Number);
          host.at(host.now + 200 + 20_000 * random(), () => {
            host.underWay.delete(id);
            host.send({ kind: "ended", id });
            host.at(host.now + 2900 * random(), () => request(i, round + 1));
          });
        };
        host.change({});
        for (const i of clients.keys()) host.at(1000 * random(), () => request(i, 0));
        host.run(HOUR);
        const inSwaps = host.swaps.length * swapMilliseconds;
        // The first swap and the last one are not followed by a whole stay.
        ok(
          inSwaps - 2 * swapMilliseconds <= HOUR / 5,
          `${host.swaps.length} swaps of ${swapMilliseconds} ms`,
        );
      },
    ),
    { numRuns: 25 },
  );
});
