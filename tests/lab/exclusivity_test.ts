/** Tests of the exclusivity rule under a real systemd. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { engine, type Fields, GPU_FOLDER, install, must, show, start } from "./host_codex.ts";
import { labTest, labUp, type LichShell, lichShell } from "./lab.ts";
import {
  mayRunTogether,
  membersOf,
  type Node,
  overlaps,
  sparedBy,
  withSlots,
} from "./exclusivity.ts";

/** A Codex, reduced to the exclusivity rule, and the starts of a test. */
interface Graph {
  readonly soulstones: readonly Node[];
  /** The units to start, in order, as indexes into all Soulstones and Covens. */
  readonly wishes: readonly number[];
  /** For each start, true if it uses --job-mode=fail. */
  readonly failMode: readonly boolean[];
}

/** The minimum numbers of graphs and of swaps. */
const GRAPHS = 30;
const SWAPS = 100;
const STARTS = 8;

/** Soulstones with groups, some of them resident, and with any of these slots. */
function soulstones(slots: readonly (string | undefined)[]): fc.Arbitrary<Node[]> {
  return fc.array(
    fc.record({
      groups: fc.subarray(["one", "two", "three", "four"], { maxLength: 2 }),
      slot: fc.constantFrom(...slots),
      resident: fc.nat(9).map((n) => n === 0),
    }),
    { minLength: 2, maxLength: 8 },
  ).map((list) =>
    withSlots(
      list.map(({ groups, resident }, i) => ({ name: "abcdefgh"[i] ?? "", groups, resident })),
      list.map(({ slot }) => slot),
    )
  );
}

/** Half of the graphs have slots. */
const graphs: fc.Arbitrary<Graph> = fc.record({
  soulstones: fc.oneof(soulstones([undefined]), soulstones([undefined, "p", "q", "r"])),
  wishes: fc.array(fc.nat(1000), { minLength: STARTS, maxLength: STARTS }),
  failMode: fc.array(fc.boolean(), { minLength: STARTS, maxLength: STARTS }),
});

function membersIn(graph: Graph, group: string): string[] {
  return membersOf(graph.soulstones, group).map((node) => node.name);
}

/** Returns the Soulstones that the start of a Coven does not stop. */
function sparedIn(graph: Graph, group: string): string[] {
  return sparedBy(graph.soulstones, group).map((node) => node.name);
}

function installGraph(
  shell: LichShell,
  graph: Graph,
  flags: readonly string[] = [],
): Promise<void> {
  const table: Record<string, Fields> = {};
  for (const [i, { name, groups, slot, resident }] of graph.soulstones.entries()) {
    table[name] = engine(8780 + i, {
      groups: [...groups],
      ...slot === undefined ? {} : { slot },
      resident,
      volumes: [`${GPU_FOLDER.host}:${GPU_FOLDER.container}`],
    }, ["--model", name, "--gpu", GPU_FOLDER.container, "--stop-seconds", "0.2", ...flags]);
  }
  return install(shell, table);
}

const service = (name: string) => `soulstone-${name}.service`;
const target = (group: string) => `lychd-coven-${group}.target`;

async function activeNames(shell: LichShell, graph: Graph, groups: readonly string[]) {
  const services = graph.soulstones.map((s) => service(s.name));
  const states = await show(shell, [...services, ...groups.map(target)], ["ActiveState"]);
  const isActive = (unit: string) => states.get(unit)?.["ActiveState"] === "active";
  return {
    running: graph.soulstones.map((s) => s.name).filter((name) => isActive(service(name))),
    covens: groups.filter((group) => isActive(target(group))),
  };
}

labTest("after any start exactly the right services run, and nothing ever overlapped", async () => {
  await labUp();
  await using shell = lichShell();
  const seed = Number(Deno.env.get("LYCHD_SEED") ?? Date.now() % 2 ** 31);
  // deno-lint-ignore no-console
  console.log(`seed ${seed}: repeat it with LYCHD_SEED=${seed}`);
  const overlapping: string[] = [];
  let swaps = 0;
  let starts = 0;
  const swapSeconds: number[] = [];
  let count = 0;
  for (const graph of fc.sample(graphs, { numRuns: 4 * GRAPHS, seed })) {
    if (count >= GRAPHS && swaps >= SWAPS) break;
    count++;
    await installGraph(shell, graph);
    const groups = [...new Set(graph.soulstones.flatMap((s) => s.groups))].sort();
    const names = graph.soulstones.map((s) => s.name);
    let running = new Set<string>();
    let covens = new Set<string>();
    for (const [step, wish] of graph.wishes.entries()) {
      const choice = wish % (names.length + groups.length);
      const group = groups[choice - names.length];
      const name = names[choice] ?? "";
      const unit = group === undefined ? service(name) : target(group);
      const before = running;
      if (group === undefined) {
        const started = graph.soulstones.find((s) => s.name === name);
        const fits = (n: string) =>
          graph.soulstones.some((s) => s.name === n && started && mayRunTogether(s, started));
        running = new Set([...running].filter(fits).concat(name));
        covens = new Set([...covens].filter((c) => sparedIn(graph, c).includes(name)));
      } else {
        const [members, spared] = [membersIn(graph, group), sparedIn(graph, group)];
        running = new Set([...running].filter((n) => spared.includes(n)).concat(members));
        const areSpared = (c: string) =>
          membersIn(graph, c).every((n) => spared.includes(n)) &&
          members.every((n) => sparedIn(graph, c).includes(n));
        covens = new Set([...covens].filter(areSpared).concat(group));
      }
      const options = graph.failMode[step] === true ? ["--job-mode=fail"] : [];
      const { code, seconds, stderr } = await start(shell, unit, ...options);
      const context = JSON.stringify({ seed, graph, step, unit });
      assert.equal(code, 0, `${stderr}\n${context}`);
      starts++;
      if ([...before].some((n) => !running.has(n))) {
        swaps++;
        swapSeconds.push(seconds);
      }
      assert.deepEqual(await activeNames(shell, graph, groups), {
        running: [...running].sort(),
        covens: [...covens].sort(),
      }, context);
    }
    overlapping.push(
      ...overlaps(graph.soulstones, await must(shell, `cat ${GPU_FOLDER.host}/log`)),
    );
  }
  swapSeconds.sort((a, b) => a - b);
  // deno-lint-ignore no-console
  console.log(
    `${count} graphs, ${starts} starts, ${swaps} swaps, ${overlapping.length} overlaps; ` +
      `a swap took ${swapSeconds[swapSeconds.length >> 1]?.toFixed(2)} s (median), ` +
      `including 0.2 s for the engine to exit`,
  );
  assert.deepEqual(overlapping, []);
  assert.ok(swaps >= SWAPS, `only ${swaps} swaps`);
});

const PAIR: Graph = {
  soulstones: [
    { name: "a", groups: ["one"], resident: false },
    { name: "b", groups: ["two"], resident: false },
  ],
  wishes: [],
  failMode: [],
};

labTest("twenty swaps between two engines never overlap", async () => {
  await labUp();
  await using shell = lichShell();
  await installGraph(shell, PAIR);
  for (let i = 0; i < 20; i++) {
    const [name, other] = i % 2 === 0 ? ["a", "b"] : ["b", "a"];
    assert.equal((await start(shell, service(name))).code, 0, `swap ${i}`);
    if (i === 0) continue;
    // According to systemd, one engine starts after the other has stopped. The engines' own log often
    // does not show an overlap, because Podman makes the members of a pod wait for each other.
    const times = await show(shell, [service(name), service(other)], [
      "InactiveExitTimestampMonotonic",
      "InactiveEnterTimestampMonotonic",
    ]);
    const started = Number(times.get(service(name))?.["InactiveExitTimestampMonotonic"]);
    const stopped = Number(times.get(service(other))?.["InactiveEnterTimestampMonotonic"]);
    assert.ok(
      started >= stopped,
      `swap ${i}: ${name} started ${stopped - started} µs before ${other} had stopped`,
    );
  }
  const log = await must(shell, `cat ${GPU_FOLDER.host}/log`);
  assert.equal(log.match(/ start /g)?.length, 20);
  assert.deepEqual(overlaps(PAIR.soulstones, log), []);
});

labTest("conflicts also hold with --job-mode=fail, in both directions", async () => {
  await labUp();
  await using shell = lichShell();
  await installGraph(shell, PAIR);
  for (const name of ["a", "b", "a"]) {
    assert.equal((await start(shell, service(name), "--job-mode=fail")).code, 0);
    assert.deepEqual((await activeNames(shell, PAIR, [])).running, [name]);
  }
});

labTest("ten swaps in ten seconds are not refused", async () => {
  await labUp();
  await using shell = lichShell();
  await installGraph(shell, PAIR);
  // Queued with --no-block, so that they arrive faster than engines can start.
  for (let i = 0; i < 20; i++) {
    const name = i % 2 === 0 ? "a" : "b";
    await start(shell, service(name), "--no-block");
    await must(shell, "sleep 0.1");
  }
  assert.equal((await start(shell, service("b"))).code, 0);
  assert.deepEqual((await activeNames(shell, PAIR, [])).running, ["b"]);
});

const SHARED: Graph = {
  soulstones: [
    { name: "a", groups: ["one"], resident: false },
    { name: "both", groups: ["one", "two"], resident: false },
    { name: "c", groups: ["two"], resident: false },
    { name: "home", groups: [], resident: true },
    { name: "lone", groups: [], resident: false },
  ],
  wishes: [],
  failMode: [],
};

labTest("a swap keeps the processes of a shared Soulstone and of a resident", async () => {
  await labUp();
  await using shell = lichShell();
  await installGraph(shell, SHARED);
  const pids = async () => {
    const states = await show(shell, [service("both"), service("home")], ["MainPID"]);
    return [...states.values()].map((s) => s["MainPID"]);
  };
  assert.equal((await start(shell, target("one"))).code, 0);
  const before = await pids();
  for (const group of ["two", "one", "two"]) {
    assert.equal((await start(shell, target(group))).code, 0);
    assert.deepEqual(await pids(), before, `after ${group}`);
    assert.deepEqual((await activeNames(shell, SHARED, ["one", "two"])).covens, [group]);
  }
});

labTest("a Coven's target is active exactly while its Coven runs", async () => {
  await labUp();
  await using shell = lichShell();
  // `guest` is not in `duo`, but conflicts with neither member: it shares a Coven with each.
  const graph: Graph = {
    soulstones: [
      { name: "guest", groups: ["left", "right"], resident: false },
      { name: "x", groups: ["duo", "left"], resident: false },
      { name: "y", groups: ["duo", "right"], resident: false },
    ],
    wishes: [],
    failMode: [],
  };
  await installGraph(shell, graph);
  const groups = ["duo", "left", "right"];
  assert.equal((await start(shell, target("duo"))).code, 0);
  assert.deepEqual((await activeNames(shell, graph, groups)).covens, ["duo"]);
  // In this mode systemd honors a conflict only if the started unit declares it.
  assert.equal((await start(shell, service("guest"), "--job-mode=fail")).code, 0);
  assert.deepEqual(await activeNames(shell, graph, groups), {
    running: ["guest", "x", "y"],
    covens: [],
  });
});

labTest("starting a Coven returns after non-members have stopped", async () => {
  await labUp();
  await using shell = lichShell();
  const graph: Graph = {
    soulstones: [
      { name: "a", groups: ["one", "two"], resident: false },
      { name: "b", groups: ["two", "four"], resident: false },
    ],
    wishes: [],
    failMode: [],
  };
  await installGraph(shell, graph, ["--stop-seconds", "1"]);
  for (const [group, running] of [["two", ["a", "b"]], ["one", ["a"]], ["four", ["b"]]] as const) {
    assert.equal((await start(shell, target(group), "--job-mode=fail")).code, 0);
    const states = await show(shell, [service("a"), service("b")], ["ActiveState"]);
    const stopping = [...states].filter(([, state]) => state["ActiveState"] === "deactivating");
    assert.deepEqual(stopping, [], `after ${group}`);
    assert.deepEqual(await activeNames(shell, graph, ["one", "two", "four"]), {
      running: [...running],
      covens: [group],
    });
  }
});

labTest("a failed member leaves the rest of its Coven running", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, {
    a: engine(8780, { groups: ["one"] }),
    b: engine(8781, { groups: ["one"] }, ["--exit-after", "0.5", "--load-seconds", "60"]),
  });
  assert.equal((await start(shell, target("one"))).code, 0);
  const states = await show(shell, [service("a"), target("one")], ["ActiveState"]);
  assert.deepEqual([...states.values()].map((state) => state["ActiveState"]), ["active", "active"]);
});

labTest("starting a Coven stops a non-member that conflicts with no member", async () => {
  await labUp();
  await using shell = lichShell();
  const graph: Graph = {
    soulstones: [
      { name: "guest", groups: ["left"], resident: false },
      { name: "x", groups: ["duo", "left"], resident: false },
    ],
    wishes: [],
    failMode: [],
  };
  await installGraph(shell, graph);
  assert.equal((await start(shell, service("guest"))).code, 0);
  // In this mode systemd honors a conflict only if the started unit declares it.
  assert.equal((await start(shell, target("duo"), "--job-mode=fail")).code, 0);
  assert.deepEqual(await activeNames(shell, graph, ["duo", "left"]), {
    running: ["x"],
    covens: ["duo"],
  });
});

labTest("starting a Coven that is a subset of another stops the other's target", async () => {
  await labUp();
  await using shell = lichShell();
  const graph: Graph = {
    soulstones: [
      { name: "x", groups: ["large"], resident: false },
      { name: "y", groups: ["large", "small"], resident: false },
    ],
    wishes: [],
    failMode: [],
  };
  await installGraph(shell, graph);
  for (
    const [group, running] of [["large", ["x", "y"]], ["small", ["y"]], ["large", [
      "x",
      "y",
    ]]] as const
  ) {
    assert.equal((await start(shell, target(group))).code, 0);
    assert.deepEqual(await activeNames(shell, graph, ["large", "small"]), {
      running,
      covens: [group],
    });
  }
});
