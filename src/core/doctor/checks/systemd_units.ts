import { type Command, command } from "../../report/mod.ts";
import { type Check, error, ok, skipped, type Verdict } from "../check.ts";
import { generatorOf } from "../read/generator.ts";
import { propertiesOf } from "../read/units.ts";
import { CODEX_KEYS } from "./codex_keys.ts";
import { notYet } from "./systemd.ts";

/** Whether our units run as they should. */
export const SYSTEMD_UNITS: Check = {
  id: "systemd.units",
  about: "no unit of the Codex has failed or is unknown to systemd",
  why: "a unit that is not loaded cannot be started, by hand or with its Coven",
  run(subject) {
    const { facts, codex, wants } = subject;
    if (codex.kind === "none") return [skipped(codex.reason)];
    const early = notYet(facts, "more");
    if (early !== undefined) return [early];
    const units = propertiesOf(facts, "units");
    if (units.size === 0) return [skipped("the user's systemd does not answer")];
    const isInvalid = codex.findings.some(({ severity }) => severity === "error");
    const stranger = wants.units.find((name) => !units.has(name));
    if (stranger !== undefined && !isInvalid) {
      return [skipped(`${stranger} was not asked of this host`)];
    }
    const stateOf = (name: string) => units.get(name)?.get("LoadState") ?? "not-found";
    const loaded = wants.units.filter((name) => stateOf(name) === "loaded");
    const lost = wants.units.filter((name) => !["loaded", "masked"].includes(stateOf(name)));
    const verdicts: Verdict[] = [];
    if (lost.length > 0) {
      if (generatorOf(facts)?.isMasked !== false) return [skipped("see quadlet.generator")];
      if (isInvalid) return [skipped("see codex.valid: nothing can be rendered")];
      if (CODEX_KEYS.run(subject).some(({ state }) => state === "error")) {
        return [skipped("see codex.keys: the generator leaves units out")];
      }
      if (loaded.length === 0) return [skipped("nothing was rendered yet: lychd render")];
      verdicts.push(error(
        `${some(lost)} not known to systemd`,
        command`systemctl --user daemon-reload && lychd render`,
      ));
    }
    const masked = wants.units.filter((name) => stateOf(name) === "masked");
    if (masked.length > 0) {
      const fix = command`systemctl --user unmask ${masked}`;
      verdicts.push(error(`${some(masked)} masked`, fix));
    }
    const failed = loaded.filter((name) => units.get(name)?.get("ActiveState") === "failed");
    if (failed.length > 0) {
      const result = units.get(failed[0] ?? "")?.get("Result");
      verdicts.push(error(
        `${some(failed)} in the state failed (${result})`,
        journalOf(failed),
        "what it served is not there; the journal tells why",
      ));
    }
    const again = loaded.filter((name) => units.get(name)?.get("SubState") === "auto-restart");
    if (again.length > 0) {
      verdicts.push(error(
        `${some(again)} started again and again, and ${again.length === 1 ? "ends" : "end"}`,
        journalOf(again),
        "it never serves; the journal tells why",
      ));
    }
    return verdicts.length > 0 ? verdicts : [ok(`${loaded.length} units are loaded, none failed`)];
  },
};

/** `a.service is`, `a.service and 2 more are`. */
function some(names: readonly string[]): string {
  return names.length === 1 ? `${names[0]} is` : `${names[0]} and ${names.length - 1} more are`;
}

function journalOf(names: readonly string[]): Command {
  return command`journalctl --user ${names.map((name) => `--unit=${name}`)} --lines=50`;
}
