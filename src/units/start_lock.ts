import type { CommandContext } from "../run/context.ts";
import { EXIT } from "../run/invocation.ts";
import { Refusal } from "../run/refusal.ts";

/** The time to wait for another lychd, and between two attempts. */
const WAIT_MILLISECONDS = 30_000;
const POLL_MILLISECONDS = 50;

/**
 * The lock that lychd holds from reading which engines run to queueing a start, so that two runs never
 * start engines that exclude each other. It is on the folder of the user's systemd, which each run
 * shares whatever its Codex, and which no other user can open. It is free while a run waits.
 */
export function startLock({ host, folders, interruption }: CommandContext) {
  let held: { release(): void } | undefined;
  return {
    /** Takes the lock, unless it is held already. Refuses if another lychd holds it for too long. */
    async take(): Promise<void> {
      const end = performance.now() + WAIT_MILLISECONDS;
      while (held === undefined) {
        held = host.tryLockFolder(folders.manager);
        if (held !== undefined || interruption.aborted) return;
        if (performance.now() > end) {
          const seconds = WAIT_MILLISECONDS / 1000;
          throw new Refusal(`another lychd has planned a start for more than ${seconds} s`, {
            code: EXIT.hostRefused,
            hint: "pgrep -a lychd shows it",
          });
        }
        await new Promise((wake) => setTimeout(wake, POLL_MILLISECONDS));
      }
    },
    /** Releases the lock, if it is held. */
    release(): void {
      held?.release();
      held = undefined;
    },
  };
}
