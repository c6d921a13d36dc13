import { SYSTEMD_FOLDER, VESSEL } from "../core/rune/names.ts";
import { EXIT } from "../run/invocation.ts";
import { Refusal } from "../run/refusal.ts";
import type { Rendered } from "../units/rendered.ts";
import type { Systemd } from "../units/systemd.ts";

/**
 * Makes the front door keep what runs, or lets it start and stop engines again. A service of systemd
 * holds this state, so that it outlives a restart of the door. Refuses if no front door is rendered.
 */
export async function setHold(
  isHeld: boolean,
  { files }: Rendered,
  systemd: Systemd,
): Promise<void> {
  if (!files.some(({ path }) => path === `${SYSTEMD_FOLDER}/${VESSEL.hold}`)) {
    throw new Refusal("there is no front door to hold: nothing was changed", {
      hint: "set enabled = true in [vessel] of lychd.toml, and run lychd render",
    });
  }
  const problem = await (isHeld ? systemd.start([VESSEL.hold]) : systemd.stop([VESSEL.hold]));
  if (problem !== undefined) {
    throw new Refusal(`the front door was not changed: ${problem}`, { code: EXIT.hostRefused });
  }
}
