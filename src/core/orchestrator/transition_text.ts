import { type Inventory, withStrays } from "./inventory.ts";
import { type Choice, planTransition, type Running, type Transition } from "./transition.ts";
import { readWish, type Wish, type WishProblem } from "./wish.ts";
import type { Palette } from "../report/palette.ts";
import { tableLines } from "../report/table.ts";

/** Reads and plans a wish. A stray cannot be wished for. */
export function planWords(
  words: readonly string[],
  inventory: Inventory,
  { running, strays }: { running: Running; strays: readonly string[] },
): { wish: Wish; transition: Transition } | { problem: WishProblem } {
  const read = readWish(words, inventory);
  if ("problem" in read) return read;
  return { ...read, ...planTransition(read.wish, withStrays(inventory, strays), running) };
}

function choiceTitle({ kind, name }: Choice): string {
  if (kind === "running") return `running engines (${name.replaceAll(" ", ", ")})`;
  return `${kind === "coven" ? "Coven" : "Soulstone"} ${name}`;
}

/** Returns a transition as text, with the other choices. */
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
    ...stop.length + start.length === 0 ? ["  no engine stops or starts"] : [],
    ...losers.length === 0 ? [] : [
      "other choices:",
      ...indented(losers.map((loser) => `${choiceTitle(loser.choice)}: ${loser.why}`)),
    ],
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** Returns a transition for `--json`. */
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
