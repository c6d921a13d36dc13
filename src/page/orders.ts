/// <reference lib="dom" />
/**
 * The orders of the page: each is confirmed after its plan is shown, and one runs at a time.
 *
 * @module
 */
import type { Plan } from "../core/api/schema.ts";
import { signal } from "@preact/signals";
import { read, send, wordsOf } from "./door.ts";

/** An order to the door. Without a name, `banish` stops all engines. */
export type Order =
  | { readonly kind: "summon"; readonly name: string }
  | { readonly kind: "banish"; readonly name: string | undefined };

/** The order that waits for a confirmation, with its plan as soon as it is known, or the reason. */
export const proposed = signal<
  { readonly order: Order; readonly plan?: Plan; readonly problem?: string } | undefined
>(undefined);

/** The words of the order that runs; undefined if none does. */
export const running = signal<string | undefined>(undefined);

/** The end of the last order. */
export const notice = signal<
  { readonly text: string; readonly command?: string; readonly isError: boolean } | undefined
>(undefined);

/** Returns the words of an order, for its button. */
export function titleOf({ kind, name }: Order): string {
  return kind === "summon" ? `Summon ${name}` : `Banish ${name ?? "everything"}`;
}

/** Asks the door what an order would do, and shows it. */
export async function propose(order: Order): Promise<void> {
  proposed.value = { order };
  const set = (found: { plan?: Plan; problem?: string }) => {
    if (proposed.value?.order === order) proposed.value = { order, ...found };
  };
  try {
    set({ plan: await read<Plan>(`/lychd/v1/plan?${queryOf(order)}`) });
  } catch (error) {
    set({ problem: wordsOf(error) });
  }
}

function queryOf({ kind, name }: Order): string {
  if (name === undefined) return kind;
  return `${kind === "summon" ? "wish" : "banish"}=${encodeURIComponent(name)}`;
}

/** Carries out an order that was proposed. */
export async function carryOut(order: Order, isHeld: boolean): Promise<void> {
  const { kind, name } = order;
  proposed.value = undefined;
  await run(titleOf(order), `/lychd/v1/${kind}`, {
    ...kind === "summon"
      ? { wish: [name], ...isHeld && { hold: true } }
      : name !== undefined && { name },
  }, kind === "summon" ? `lychd status` : `lychd status`);
}

/** Lets the door change engines again. */
export async function release(): Promise<void> {
  await run("Release", "/lychd/v1/release", {}, "lychd summon --release");
}

async function run(title: string, path: string, body: unknown, command: string): Promise<void> {
  running.value = title;
  notice.value = undefined;
  try {
    await send(path, { body });
    notice.value = { text: `${title}: done.`, isError: false };
  } catch (error) {
    notice.value = { text: `${title}: ${wordsOf(error)}`, command, isError: true };
  } finally {
    running.value = undefined;
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
