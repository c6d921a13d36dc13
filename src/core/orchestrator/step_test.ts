import { deepStrictEqual } from "node:assert/strict";
import type { MemoryNeed } from "./gpu_memory.ts";
import { nextStep } from "./step.ts";

/** A plan in one line: what stops, with `!` for what systemd would leave running. */
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
  readonly told: string;
  readonly now?: string;
  readonly unit?: string | undefined;
  readonly stopped?: readonly string[];
  readonly needs?: readonly MemoryNeed[];
  readonly isLate?: boolean;
  readonly step: string;
}

const CASES: readonly Case[] = [
  { claim: "one transaction stops and starts", told: "a b", step: "start two.target" },
  {
    claim: "memory that is free changes nothing",
    told: "a",
    needs: [FREE],
    step: "start two.target",
  },
  {
    claim: "memory that is short: all stop first",
    told: "a b",
    needs: [FREE, SHORT],
    step: "stop a b",
  },
  {
    claim: "then it is waited for",
    told: "a",
    now: "",
    stopped: ["a"],
    needs: [SHORT],
    step: "wait",
  },
  { claim: "nothing to stop: it is waited for", told: "", needs: [SHORT], step: "wait" },
  {
    claim: "what never fits is not waited for",
    told: "a",
    needs: [HOPELESS],
    step: "start two.target",
  },
  { claim: "what systemd leaves running stops first", told: "a b!", step: "stop b" },
  {
    claim: "then the rest in one transaction",
    told: "a b!",
    now: "a",
    stopped: ["b"],
    step: "start two.target",
  },
  { claim: "what runs is enough", told: "", unit: undefined, step: "follow" },
  { claim: "what ended by itself is no matter", told: "a", now: "", step: "start two.target" },
  { claim: "one that nobody told of is there", told: "a", now: "a c", step: "unplanned c" },
  {
    claim: "one that was stopped is there again",
    told: "a",
    now: "a",
    stopped: ["a"],
    step: "unplanned a",
  },
  {
    claim: "who was unplanned waits for no memory",
    told: "a",
    now: "c",
    stopped: ["a"],
    needs: [SHORT],
    step: "unplanned c",
  },
  { claim: "who is late starts nothing", told: "a", isLate: true, step: "late" },
  {
    claim: "who is late stops nothing",
    told: "a b!",
    needs: [SHORT],
    isLate: true,
    step: "late",
  },
  { claim: "who is late waits no more", told: "", needs: [SHORT], isLate: true, step: "late" },
  {
    claim: "what runs is looked at, late or not",
    told: "",
    unit: undefined,
    isLate: true,
    step: "follow",
  },
];

for (const { claim, told, now = told, stopped = [], step, ...rest } of CASES) {
  Deno.test(`the next step: ${claim}`, () => {
    const unit = "unit" in rest ? rest.unit : "two.target";
    const found = nextStep(plan(told), { ...plan(now), choice: { ...plan(now).choice, unit } }, {
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
