import { type Facts, outputOf } from "../../facts.ts";
import { skipped, type Verdict } from "../check.ts";
import { filesOf } from "../read/files.ts";
import { userOf } from "../read/user.ts";

/** Why a question about the user's systemd makes no sense yet: something else is to be mended first. */
export function notYet(facts: Facts, asked: "manager" | "session" | "more"): Verdict | undefined {
  if (userOf(facts)?.id === 0) return skipped("see podman.rootless: lychd was run by root");
  if (asked !== "manager" && otherInit(facts) !== undefined) return skipped("see systemd.manager");
  if (asked === "manager" && otherInit(facts) === undefined && hasWrongSession(facts)) {
    return skipped("see systemd.session");
  }
  return undefined;
}

/** What started the system, if it was not systemd. */
export function otherInit(facts: Facts): string | undefined {
  const init = outputOf(facts, "init")?.trim();
  return init === undefined || init === "systemd" ? undefined : init;
}

/** Whether XDG_RUNTIME_DIR leads to no session of the user: Podman does not run there either. */
export function hasWrongSession(facts: Facts): boolean {
  const folder = facts.environment["XDG_RUNTIME_DIR"];
  if (folder === undefined) return true;
  const owner = filesOf(facts, "session").get(folder)?.owner;
  return owner === undefined || owner !== (userOf(facts)?.id ?? owner);
}
