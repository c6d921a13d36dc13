import { deepStrictEqual } from "node:assert/strict";
import type { MemoryNeed } from "./gpu_memory.ts";
import { nextStep } from "./step.ts";

/** Returns a plan that stops some engines; `!` marks those that systemd would leave running. */
function plan(stop: string, unit: string | undefined = "two.target") {
  const words = stop.split(" ").filter(Boolean);
  const name = (word: string) => word.replace("!", "");
  return {
    choice: { kind: "coven", name: "two", unit },
    stop: words.map((word) => ({ name: name(word), why: "" })),
    stopFirst: words.filter((word) => word.endsWith("!")).map(name),
  } as const;
}

const need = (neededMib: number, freeMib: number, totalMib: number): MemoryNeed => ({
  users: [],
  gpus: ["nvidia 0"],
  neededMib,
  freeMib,
  totalMib,
});

const SHORT = need(20_000, 4000, 24_576);
const FREE = need(20_000, 22_000, 24_576);
const HOPELESS = need(30_000, 4000, 24_576);

interface Case {
  readonly claim: string;
  readonly printed: string;
  readonly now?: string;
  readonly unit?: string | undefined;
  readonly stopped?: readonly string[];
  readonly needs?: readonly MemoryNeed[];
  readonly isLate?: boolean;
  readonly step: string;
}

const CASES: readonly Case[] = [
  { claim: "one transaction stops and starts", printed: "a b", step: "start two.target" },
  {
    claim: "memory that is free changes nothing",
    printed: "a",
    needs: [FREE],
    step: "start two.target",
  },
  {
    claim: "with short memory, all stop first",
    printed: "a b",
    needs: [FREE, SHORT],
    step: "stop a b",
  },
  {
    claim: "then it waits for memory",
    printed: "a",
    now: "",
    stopped: ["a"],
    needs: [SHORT],
    step: "wait",
  },
  { claim: "with nothing to stop, it waits for memory", printed: "", needs: [SHORT], step: "wait" },
  {
    claim: "it does not wait for memory that never fits",
    printed: "a",
    needs: [HOPELESS],
    step: "start two.target",
  },
  { claim: "an engine that systemd leaves running stops first", printed: "a b!", step: "stop b" },
  {
    claim: "then the others stop in one transaction",
    printed: "a b!",
    now: "a",
    stopped: ["b"],
    step: "start two.target",
  },
  { claim: "the running engines are enough", printed: "", unit: undefined, step: "follow" },
  {
    claim: "an engine that ended by itself does not matter",
    printed: "a",
    now: "",
    step: "start two.target",
  },
  {
    claim: "an engine outside the printed plan runs",
    printed: "a",
    now: "a c",
    step: "unplanned c",
  },
  {
    claim: "a stopped engine runs again",
    printed: "a",
    now: "a",
    stopped: ["a"],
    step: "unplanned a",
  },
  {
    claim: "an unplanned stop comes before a wait for memory",
    printed: "a",
    now: "c",
    stopped: ["a"],
    needs: [SHORT],
    step: "unplanned c",
  },
  { claim: "after the limit it starts nothing", printed: "a", isLate: true, step: "late" },
  {
    claim: "after the limit it stops nothing",
    printed: "a b!",
    needs: [SHORT],
    isLate: true,
    step: "late",
  },
  {
    claim: "after the limit it waits for no memory",
    printed: "",
    needs: [SHORT],
    isLate: true,
    step: "late",
  },
  {
    claim: "running engines are followed even after the limit",
    printed: "",
    unit: undefined,
    isLate: true,
    step: "follow",
  },
];

for (const { claim, printed, now = printed, stopped = [], step, ...rest } of CASES) {
  Deno.test(`the next step: ${claim}`, () => {
    const unit = "unit" in rest ? rest.unit : "two.target";
    const found = nextStep(plan(printed), { ...plan(now), choice: { ...plan(now).choice, unit } }, {
      stopped,
      needs: rest.needs ?? [],
      isLate: rest.isLate === true,
    });
    const names = found.kind === "stop"
      ? found.names
      : found.kind === "unplanned"
      ? found.names
      : found.kind === "start"
      ? [found.unit]
      : [];
    deepStrictEqual([found.kind, ...names].join(" "), step);
  });
}
