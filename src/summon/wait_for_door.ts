import type { CommandContext } from "../run/context.ts";
import { doorJson, readDoorState, wishText } from "../units/door_state.ts";
import type { SummonEvents } from "./events.ts";
import { pause } from "./follow.ts";

/** The time between two looks at the front door. */
const POLL_MILLISECONDS = 250;

/**
 * Waits until a swap of the front door is over: it would otherwise be in the way of a summon, or be
 * replaced in the middle of a load. Waits no longer than the time limit or an interrupt.
 */
export async function waitForDoor(
  context: CommandContext,
  events: SummonEvents,
  deadlineMilliseconds: number,
): Promise<void> {
  let hasWaited = false;
  for (;;) {
    const state = readDoorState(context);
    const isOver = state?.phase !== "swapping" || context.interruption.aborted ||
      performance.now() > deadlineMilliseconds;
    if (isOver) return;
    if (!hasWaited) {
      const goal = state.wish === undefined ? "stops engines" : `starts ${wishText(state.wish)}`;
      const words = `waiting for the front door, which ${goal}`;
      events.emit({ event: "waiting", front_door: doorJson(state) }, words);
    }
    hasWaited = true;
    await pause(context, POLL_MILLISECONDS);
  }
}
