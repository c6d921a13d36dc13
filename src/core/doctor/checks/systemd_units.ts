import { type Check, error, ok, skipped, type Verdict } from "../check.ts";
import { propertiesOf } from "../read/units.ts";

/** Whether our units run as they should. */
export const SYSTEMD_UNITS: Check = {
  id: "systemd.units",
  about: "no unit of the Codex has failed or is unknown to systemd",
  why: "a unit that is not loaded cannot be started, by hand or with its Coven",
  run({ facts, codex, wants }) {
    if (codex.kind === "none") return [skipped(codex.reason)];
    const units = propertiesOf(facts, "units");
    if (units.size === 0) return [skipped("the user's systemd does not answer")];
    const loaded = wants.units.filter((name) => units.get(name)?.get("LoadState") === "loaded");
    if (loaded.length === 0) return [skipped("nothing was rendered yet: lychd render")];
    const verdicts: Verdict[] = [];
    for (const name of wants.units) {
      const unit = units.get(name);
      const loadState = unit?.get("LoadState") ?? "not-found";
      if (loadState !== "loaded") {
        verdicts.push(error(`${name} is ${loadState}`, "lychd render"));
      } else if (unit?.get("SubState") === "auto-restart") {
        verdicts.push(error(
          `${name} ends again and again (${unit.get("Result")})`,
          `journalctl --user --unit=${name} --lines=50`,
          "systemd starts it anew each time, and it never serves; the journal tells why",
        ));
      } else if (unit?.get("ActiveState") === "failed") {
        verdicts.push(error(
          `${name} failed (${unit.get("Result")})`,
          `journalctl --user --unit=${name} --lines=50`,
          "it is down, and what it served is not there; the journal tells why",
        ));
      }
    }
    return verdicts.length > 0 ? verdicts : [ok(`${loaded.length} units are loaded, none failed`)];
  },
};
