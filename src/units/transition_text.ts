/** How a transition is told. Imports nothing that is slow to load: a summon waits for it. */
import {
  type Choice,
  type Inventory,
  planTransition,
  readWish,
  type Refusal,
  type Running,
  type Transition,
  type Wish,
  withStrays,
} from "../core/orchestrator/mod.ts";
import type { Palette } from "../core/report/mod.ts";
import { tableLines } from "../run/table.ts";

/** Reads the words of a wish and plans it; nobody can wish for a stray. */
export function planWords(
  words: readonly string[],
  inventory: Inventory,
  { running, strays }: { running: Running; strays: readonly string[] },
): { wish: Wish; transition: Transition } | { refusal: Refusal } {
  const read = readWish(words, inventory);
  if ("refusal" in read) return read;
  const planned = planTransition(read.wish, withStrays(inventory, strays), running);
  return "refusal" in planned ? planned : { wish: read.wish, transition: planned.transition };
}

/** What a choice is called. */
export function choiceTitle({ kind, name }: Choice): string {
  switch (kind) {
    case "running":
      return `what runs (${name.replaceAll(" ", ", ")})`;
    case "coven":
      return `Coven ${name}`;
    case "soulstone":
      return `Soulstone ${name}`;
  }
}

/** A transition for people: what is chosen and why, who stops, starts and stays, and who lost. */
export function transitionText(transition: Transition, palette: Palette): string {
  const { choice, why, stop, start, keep, losers } = transition;
  const rows = [
    ...stop.map((s) => [palette.removed("stop"), s.name, s.why]),
    ...start.map((name) => [palette.added("start"), name, ""]),
    ...keep.map((name) => ["keep", name, ""]),
  ];
  const indented = (lines: readonly string[]) => lines.map((line) => `  ${line}`);
  const lines = [
    `${palette.strong(choiceTitle(choice))}: ${why}`,
    ...indented(tableLines(rows)),
    ...stop.length + start.length === 0 ? ["  nothing stops, nothing starts"] : [],
    ...losers.length === 0 ? [] : [
      "not taken:",
      ...indented(losers.map((loser) => `${choiceTitle(loser.choice)}: ${loser.why}`)),
    ],
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** A transition for programs. */
export function transitionJson(wish: Wish, transition: Transition) {
  const { choice, why, wanted, keep, start, stop, losers } = transition;
  return {
    wish: { kind: wish.kind, names: wish.kind === "capabilities" ? wish.names : [wish.name] },
    choice: choiceJson(choice),
    why,
    wanted,
    keep,
    stop,
    start,
    losers: losers.map((loser) => ({ ...choiceJson(loser.choice), why: loser.why })),
  };
}

function choiceJson({ kind, name, unit }: Choice) {
  return { kind, name, unit: unit ?? null };
}
