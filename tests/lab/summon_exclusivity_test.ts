/** Tests of the exclusivity rule on a real host, with random summons and with two at once. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { GPU_FOLDER, must, type Output, run } from "./host_codex.ts";
import { labTest, labUp, lichShell } from "./lab.ts";
import {
  mayRunTogether,
  membersOf,
  type Node,
  overlaps,
  sparedBy,
  withSlots,
} from "./exclusivity.ts";
import { eventsOf, installNodes, running, THREE_COVENS } from "./summon.ts";

/** The number of wishes, and the number of Codices that share them. */
const WISHES = 200;
const GRAPHS = 8;

/** A Soulstone with its capabilities. */
interface CapableNode extends Node {
  readonly capabilities: readonly string[];
}

const graphs = fc.array(
  fc.record({
    groups: fc.subarray(["one", "two", "three"], { maxLength: 2 }),
    capabilities: fc.subarray(["p", "q", "r"]),
    slot: fc.constantFrom(undefined, undefined, "s", "t"),
    resident: fc.nat(9).map((n) => n === 0),
  }),
  { minLength: 3, maxLength: 6 },
).map((list) =>
  withSlots(
    list.map(({ slot: _, ...s }, i): CapableNode => ({ name: `e${i}`, ...s })),
    list.map(({ slot }) => slot),
  )
);

labTest("after each of two hundred random wishes exactly the planned engines run", async () => {
  await labUp();
  await using shell = lichShell();
  const seed = Number(Deno.env.get("LYCHD_SEED") ?? Date.now() % 2 ** 31);
  // deno-lint-ignore no-console
  console.log(`seed ${seed}: repeat it with LYCHD_SEED=${seed}`);
  const random = fc.sample(fc.nat(10_000), { numRuns: WISHES, seed });
  const count = { swaps: 0, kept: 0, refused: 0 };
  for (const [g, nodes] of fc.sample(graphs, { numRuns: GRAPHS, seed }).entries()) {
    await installNodes(shell, nodes);
    const names = nodes.map((node) => node.name);
    const groups = [...new Set(nodes.flatMap((node) => node.groups))].sort();
    const wishes = [
      ...groups.map((group) => `coven:${group}`),
      ...names.map((name) => `soulstone:${name}`),
      ...["p", "q", "r", "p q", "q r", "p q r"],
    ];
    let before: string[] = [];
    for (const n of random.slice(g * WISHES / GRAPHS, (g + 1) * WISHES / GRAPHS)) {
      const wish = wishes[n % wishes.length] ?? "";
      const words = JSON.stringify({ seed, nodes, before, wish });
      const result = await run(shell, "summon", wish, "--json");
      const after = await running(shell, names);
      const chosen = nodes.filter((node) => after.includes(node.name));
      assert.ok(chosen.every((a) => chosen.every((b) => mayRunTogether(a, b))), words);
      const capabilities = wish.split(" ");
      if (result.code === 2) {
        count.refused++;
        assert.deepEqual(after, before, words);
        const offers = (some: readonly CapableNode[]) =>
          capabilities.every((c) => some.some((node) => node.capabilities.includes(c)));
        assert.ok(!groups.some((group) => offers(membersOf(nodes, group))), words);
        continue;
      }
      assert.equal(result.code, 0, `${words}\n${result.stderr}${result.stdout}`);
      assert.deepEqual(after, expected(nodes, before, wish) ?? planned(result), words);
      if (!wish.includes(":")) {
        for (const capability of capabilities) {
          assert.ok(chosen.some((node) => node.capabilities.includes(capability)), words);
        }
      }
      const stopped = before.filter((name) => !after.includes(name));
      if (stopped.length > 0) count.swaps++;
      else if (after.length === before.length) count.kept++;
      before = after;
    }
    const log = await must(shell, `cat ${GPU_FOLDER.host}/log 2>/dev/null || true`);
    assert.deepEqual(overlaps(nodes, log), []);
  }
  // deno-lint-ignore no-console
  console.log(`${WISHES} wishes: ${JSON.stringify(count)}, no overlap`);
  assert.ok(count.swaps >= 30, `only ${count.swaps} swaps`);
});

/** Returns the engines that must run after a wish; undefined for a wish for capabilities. */
function expected(
  nodes: readonly CapableNode[],
  before: readonly string[],
  wish: string,
): string[] | undefined {
  const [kind, name = ""] = wish.split(":");
  if (kind === "coven") {
    const [members, spared] = [membersOf(nodes, name), sparedBy(nodes, name)];
    return nodes.filter((n) => members.includes(n) || spared.includes(n) && before.includes(n.name))
      .map((n) => n.name);
  }
  const wished = nodes.find((node) => node.name === name);
  if (wished === undefined) return undefined;
  return nodes.filter((n) => n === wished || before.includes(n.name) && mayRunTogether(n, wished))
    .map((n) => n.name);
}

/** Returns the engines that run after the summon according to its plan. */
function planned(result: Output): string[] {
  const plan = eventsOf(result)[0] as unknown as { keep: string[]; start: string[] };
  return [...plan.keep, ...plan.start].sort();
}

labTest("two summons at once: one completes, the other is refused or runs later", async () => {
  await labUp();
  await using shell = lichShell();
  await installNodes(shell, THREE_COVENS, ["--load-seconds", "0.5"]);
  const names = THREE_COVENS.map((node) => node.name);
  const count = { refused: 0, later: 0 };
  for (let i = 0; i < 10; i++) {
    await must(shell, "systemctl --user start soulstone-z.service");
    const pause = (i % 5) * 0.05;
    const both = await must(
      shell,
      `lychd summon one >~/one 2>&1 & first=$!
       sleep ${pause}; lychd summon two >~/two 2>&1; second=$?
       wait $first; echo $? $second; cat ~/one ~/two`,
    );
    const [codes = "", ...lines] = both.split("\n");
    const words = `round ${i}: ${both}`;
    const covens = [["a", "both"], ["both", "c"]].map((members) => members.join());
    assert.ok(covens.includes((await running(shell, names)).join()), words);
    assert.ok(["0 0", "0 6", "6 0"].includes(codes), words);
    if (codes === "0 0") count.later++;
    else {
      count.refused++;
      assert.match(
        lines.join("\n"),
        /another operation is in progress: .+ starts; nothing was started/,
      );
    }
  }
  const log = await must(shell, `cat ${GPU_FOLDER.host}/log`);
  assert.deepEqual(overlaps(THREE_COVENS, log), []);
  // deno-lint-ignore no-console
  console.log(`ten pairs of summons: ${JSON.stringify(count)}`);
  assert.ok(count.refused > 0);
});

labTest("a start by systemctl replaces a summon that loads, which names it", async () => {
  await labUp();
  await using shell = lichShell();
  await installNodes(shell, THREE_COVENS, ["--load-seconds", "30"]);
  const { code, stderr } = await shell.run(
    `{ until systemctl --user --quiet is-active lychd-pod.service; do sleep 0.1; done
       sleep 1; systemctl --user start --no-block soulstone-z.service; } &
     lychd summon one`,
    { timeoutSeconds: 120 },
  );
  assert.equal(code, 1, stderr);
  assert.match(stderr, /lychd: \w+ is not ready: the start of z replaced it/);
});
