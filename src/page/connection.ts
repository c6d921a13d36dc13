/// <reference lib="dom" />
import { DoorFailure } from "./door.ts";

const AGAIN_MILLISECONDS = 2000;

/** The door sends at least a comment every 5 seconds; without one, its host sleeps or is not reached. */
const SILENCE_MILLISECONDS = 15_000;

/**
 * Connects to the door, and again a while after each end or a long silence, until it is stopped. `connect`
 * calls `hear` for each event, and `onEnd` gets the reason of each end. A door without keys refuses logs
 * until its Codex changes: then it does not try again.
 */
export async function keepConnected(
  stop: AbortSignal,
  connect: (stop: AbortSignal, hear: () => void) => Promise<void>,
  onEnd: (why: unknown) => void,
): Promise<void> {
  for (;;) {
    const silence = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const hear = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MILLISECONDS);
    };
    hear();
    const why = await connect(AbortSignal.any([stop, silence.signal]), hear).then(
      () => new DoorFailure("The door has ended the connection.", "ended"),
      (error) =>
        silence.signal.aborted ? new DoorFailure("The door does not answer.", "offline") : error,
    );
    clearTimeout(timer);
    if (stop.aborted) return;
    onEnd(why);
    if (why instanceof DoorFailure && why.code === "needs_key") return;
    await new Promise((wake) => setTimeout(wake, AGAIN_MILLISECONDS));
    if (stop.aborted) return;
  }
}
