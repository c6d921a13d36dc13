/** The hand of the front door: watches systemd, and starts and stops engines. It has no network. */
import type { CommandContext } from "../../run/context.ts";
import { EXIT, type ExitCode } from "../../run/invocation.ts";
import { Refusal } from "../../run/refusal.ts";
import { withSystemd } from "../../units/systemd.ts";
import { Hand } from "./hand.ts";

/**
 * Runs the hand of the front door until it is interrupted and the requests under way have ended.
 * `openFront` starts a front with the network that the units on disk need.
 */
export async function runHand(
  context: CommandContext,
  openFront: () => MessagePort,
): Promise<ExitCode> {
  const { host, folders: { vessel: folder } } = context;
  if (folder === undefined) {
    throw new Refusal("XDG_RUNTIME_DIR is not set", {
      code: EXIT.hostRefused,
      hint: "systemctl --user start lychd-vessel",
    });
  }
  host.makeFolder(folder);
  const lock = host.tryLockFolder(folder);
  if (lock === undefined) {
    throw new Refusal("the front door runs already", {
      hint: "systemctl --user status lychd-vessel",
    });
  }
  using _ = { [Symbol.dispose]: lock.release };
  return await withSystemd(
    context,
    (systemd) => new Hand({ context, systemd, folder, openFront }).run(),
  );
}
