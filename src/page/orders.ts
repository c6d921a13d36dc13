/// <reference lib="dom" />
/**
 * The orders of the page: each is confirmed after its plan is shown, and waits for the former one, except a
 * banish, which may end it.
 *
 * @module
 */
import { signal } from "@preact/signals";
import { send, wordsOf } from "./door.ts";

/** The target of an order. A Coven and a Soulstone may have the same name. */
export interface Target {
  readonly kind: "coven" | "soulstone";
  readonly name: string;
}

/** An order to the door. Without a target, `banish` stops all engines. */
export type Order =
  | { readonly kind: "summon"; readonly target: Target }
  | { readonly kind: "banish"; readonly target: Target | undefined };

/** The order that waits for a confirmation. */
export const proposed = signal<Order | undefined>(undefined);

/** The words of the orders that run: one, or also a banish that ends it. */
export const running = signal<readonly string[]>([]);

/** The end of the last order. */
export const notice = signal<
  { readonly text: string; readonly command?: string; readonly isError: boolean } | undefined
>(undefined);

/** Returns the words of an order, for its button. */
export function titleOf({ kind, target }: Order): string {
  const what = target === undefined
    ? "everything"
    : target.kind === "coven"
    ? `the Coven ${target.name}`
    : target.name;
  return `${kind === "summon" ? "Summon" : "Banish"} ${what}`;
}

/** Returns true if an order has to wait for those that run. */
export function hasToWait(kind: "summon" | "banish" | "release"): boolean {
  const words = running.value;
  return kind === "banish" ? words.some((each) => each.startsWith("Banish")) : words.length > 0;
}

/** Returns the query of the plan of an order. */
export function queryOf({ kind, target }: Order): string {
  if (target === undefined) return kind;
  return `${kind === "summon" ? "wish" : "banish"}=${encodeURIComponent(wordOf(target))}`;
}

function wordOf({ kind, name }: Target): string {
  return `${kind}:${name}`;
}

/** Carries out an order that was proposed. */
export async function carryOut(order: Order, isHeld: boolean): Promise<void> {
  proposed.value = undefined;
  const { kind, target } = order;
  const body = target === undefined
    ? {}
    : kind === "banish"
    ? { name: wordOf(target) }
    : { wish: [wordOf(target)], ...isHeld && { hold: true } };
  await run(titleOf(order), `/lychd/v1/${kind}`, body, "lychd status");
}

/** Lets the door change engines again. */
export async function release(): Promise<void> {
  if (hasToWait("release")) return;
  await run("Release", "/lychd/v1/release", {}, "lychd summon --release");
}

async function run(title: string, path: string, body: unknown, command: string): Promise<void> {
  running.value = [...running.value, title];
  notice.value = undefined;
  try {
    await send(path, { body });
    notice.value = { text: `${title}: done.`, isError: false };
  } catch (error) {
    notice.value = { text: `${title}: ${wordsOf(error)}`, command, isError: true };
  } finally {
    running.value = running.value.filter((each) => each !== title);
  }
}

/** Ends a request. */
export async function cancel(id: string): Promise<void> {
  try {
    await send(`/lychd/v1/cancel/${id}`, { body: {} });
  } catch (error) {
    notice.value = { text: `Cancel: ${wordsOf(error)}`, isError: true };
  }
}
