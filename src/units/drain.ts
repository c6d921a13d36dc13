import { join } from "node:path/posix";
import { LEASE, STOP, VESSEL } from "../core/rune/names.ts";
import { HostError } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";

/** The pause between two looks at a lease, as in the hook. */
const POLL_MILLISECONDS = 100;

/**
 * Waits until the front door has no request under way at engines that are about to stop, in place of the
 * hook of their units, `templates/drain.sh`: a render has removed these units.
 */
export async function drain(
  { host, folders: { vessel } }: Pick<CommandContext, "host" | "folders">,
  engines: readonly string[],
): Promise<void> {
  if (vessel === undefined) return;
  const isThere = (file: string) => host.lstat(join(vessel, file)) !== undefined;
  const leased = engines.filter((name) => isThere(LEASE + name));
  const end = performance.now() + VESSEL.hookSeconds * 1000;
  try {
    for (const name of leased) {
      if (!isThere(STOP + name)) host.create(join(vessel, STOP + name), "", 0o600);
    }
    while (leased.some((name) => isThere(LEASE + name)) && performance.now() < end) {
      await new Promise((wake) => setTimeout(wake, POLL_MILLISECONDS));
    }
    for (const name of leased) if (isThere(STOP + name)) host.remove(join(vessel, STOP + name));
  } catch (error) {
    // The folder vanishes when the front door ends.
    if (!(error instanceof HostError)) throw error;
  }
}
