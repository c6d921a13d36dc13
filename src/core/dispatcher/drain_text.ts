import { printable } from "../report/printable.ts";
import { countOf } from "../report/text.ts";
import type { DispatcherStatus } from "./dispatcher.ts";

/** Returns the requests that the stop of engines waits for, in words; undefined without any. */
export function drainText(
  state: Pick<DispatcherStatus, "engines"> | undefined,
  stopped: readonly string[],
): string | undefined {
  const busy = (state?.engines ?? [])
    .filter(({ name, underWay }) => underWay > 0 && stopped.includes(name))
    .map(({ name, underWay }) => `${requestsText(underWay, "under way")} at ${printable(name)}`);
  return busy.length === 0
    ? undefined
    : `${busy.join(", ")}: the stop waits for them, at most 30 s`;
}

/** Returns a number of requests in words, such as `2 requests under way`. */
export function requestsText(count: number, state: string): string {
  return `${countOf(count, "request")} ${state}`;
}
