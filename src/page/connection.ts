/// <reference lib="dom" />
import { DoorFailure } from "./door.ts";

const AGAIN_MILLISECONDS = 2000;

/**
 * Connects to the door, and again a while after each end, until it is stopped. `onEnd` gets the reason of
 * each end. A door without keys refuses logs until its Codex changes: then it does not try again.
 */
export async function keepConnected(
  stop: AbortSignal,
  connect: (stop: AbortSignal) => Promise<void>,
  onEnd: (why: unknown) => void,
): Promise<void> {
  for (;;) {
    const why = await connect(stop).then(
      () => new DoorFailure("The door has ended the connection.", "ended"),
      (error) => error,
    );
    if (stop.aborted) return;
    onEnd(why);
    if (why instanceof DoorFailure && why.code === "needs_key") return;
    await new Promise((wake) => setTimeout(wake, AGAIN_MILLISECONDS));
    if (stop.aborted) return;
  }
}
