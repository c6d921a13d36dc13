import { command } from "../../report/mod.ts";
import { type Check, error, ok, skipped } from "../check.ts";
import { propertiesOf } from "../read/units.ts";
import { covenTarget } from "../../rune/mod.ts";
import { notYet } from "./systemd.ts";

/** Whether one Coven at most starts with the host. */
export const SYSTEMD_BOOT: Check = {
  id: "systemd.boot",
  about: "at most one Coven starts with the session",
  why: "of two Covens that conflict systemd drops one without a word",
  run({ facts, codex }) {
    const early = notYet(facts, "more");
    if (early !== undefined) return [early];
    const target = propertiesOf(facts, "boot").get("default.target");
    if (target === undefined) return [skipped("the user's systemd does not answer")];
    const wanted = `${target.get("Wants") ?? ""} ${target.get("Requires") ?? ""}`.split(/\s+/);
    const covens = wanted.filter((unit) => /^lychd-coven-.*\.target$/.test(unit)).sort();
    if (covens.length > 1) {
      // The one that the Codex names is wanted by a drop-in, which no `disable` takes away.
      const named = codex.kind === "read" ? codex.codex.settings.boot_coven : undefined;
      const kept = named === undefined ? covens[0] : covenTarget(named);
      const others = covens.filter((unit) => unit !== kept);
      return [error(
        `${covens.length} Covens start with the session: ${covens.join(", ")}`,
        command`systemctl --user disable ${others}`,
      )];
    }
    return [ok(covens.length === 0 ? "no Coven starts with the session" : `${covens[0]} starts`)];
  },
};
