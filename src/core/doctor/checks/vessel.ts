import type { Codex } from "../../codex/mod.ts";
import { type Facts, linesOf, outputOf } from "../../facts.ts";
import { command, countOf } from "../../report/mod.ts";
import { VESSEL } from "../../rune/mod.ts";
import {
  type Check,
  error,
  ok,
  see,
  skipped,
  type Subject,
  unknown,
  type Verdicts,
  warning,
  withCodex,
} from "../check.ts";
import { heldPorts } from "../read/ports.ts";
import { otherAccounts, propertiesOf, userOf } from "../read/system.ts";

const NOT_RENDERED = skipped("the unit of the front door is not rendered yet");

/** The checks of the front door. */
export const VESSEL_CHECKS: readonly Check[] = [
  {
    id: "vessel.binary",
    about: "the front door runs the program that is at its path",
    why: "systemd cannot start the front door: its unit names the binary that rendered it",
    run: withVessel(({ facts }) => {
      if (propertiesOf(facts, "vessel").size === 0) return unknown(facts, "vessel");
      const path = vesselBinaryOf(facts);
      if (path === undefined) return NOT_RENDERED;
      const fact = facts.commands[`runs:${path}`];
      if (fact === undefined || "failed" in fact) return unknown(facts, `runs:${path}`);
      if (fact.exit !== 0) {
        return error(`${VESSEL.service} runs ${path}, which does not exist`, command`lychd render`);
      }
      const [running, present] = linesOf(facts, "vessel-files");
      return present === undefined || running === present ? ok(path) : warning(
        `the front door still runs the program that was at ${path} before`,
        command`systemctl --user restart ${VESSEL.service}`,
        "an update takes effect only with a restart, which finishes requests under way",
      );
    }),
  },
  {
    id: "vessel.running",
    about: "the front door listens on its port",
    why: "clients reach no engine through it",
    run: withVessel(({ facts, needs, codex }) => {
      if (vesselBinaryOf(facts) === undefined) return NOT_RENDERED;
      const unit = propertiesOf(facts, "units").get(VESSEL.service);
      const state = unit?.get("ActiveState");
      // That check reports a unit that has failed, or that starts again and again.
      if (state === "failed" || unit?.get("SubState") === "auto-restart") {
        return see("systemd.units");
      }
      const { port } = codex.settings.vessel;
      if (state !== "active") {
        return warning(
          `the front door does not run${state === undefined ? "" : `: it is ${state}`}`,
          command`systemctl --user start ${VESSEL.service}`,
        );
      }
      if (outputOf(facts, "ports") === undefined) return unknown(facts, "ports");
      const isOpen = heldPorts(facts, needs)
        .some(({ owner, isOurs }) => owner === VESSEL.name && isOurs);
      return isOpen ? ok(`it listens on port ${port}`) : error(
        `the front door does not listen on port ${port}`,
        command`lychd render && systemctl --user restart ${VESSEL.service}`,
      );
    }),
  },
  {
    id: "vessel.keys",
    about: "clients need a key where other users have an account",
    why: "every user of this host reaches its port, and could start engines and read answers",
    run: withVessel(({ facts, codex }) => {
      const count = Object.keys(codex.settings.vessel.keys).length;
      if (count > 0) return ok(`every request needs one of ${count} keys`);
      const others = otherAccounts(facts, userOf(facts)?.id ?? 0);
      if (others === undefined) return unknown(facts, "accounts");
      if (others === 0) return ok("no other user has an account here");
      return warning(
        `${countOf(others, "other user")} can use the front door without a key`,
        command`(umask 077; openssl rand -hex 32 | tee lychd-key | tr -d '\n' | sha256sum)    # then add it to [vessel.keys]`,
      );
    }),
  },
];

/** Skips a check unless the Codex has a front door. */
function withVessel(
  run: (subject: Omit<Subject, "codex"> & { readonly codex: Codex }) => Verdicts,
): Check["run"] {
  return withCodex(({ codex: { codex }, ...subject }) =>
    codex.settings.vessel.enabled
      ? run({ ...subject, codex })
      : skipped("the Codex does not enable the front door")
  );
}

/**
 * Returns the program of the rendered unit of the front door, from `ExecStart={ path=/usr/bin/lychd ;
 * argv[]=/usr/bin/lychd serve ; … }`; undefined without a unit.
 */
export function vesselBinaryOf(facts: Facts): string | undefined {
  const start = propertiesOf(facts, "vessel").get(VESSEL.service)?.get("ExecStart") ?? "";
  return /^\{ path=(\/.*?) ; argv\[\]=/.exec(start)?.[1];
}
