import { whyUnknown } from "../../facts.ts";
import { command } from "../../report/mod.ts";
import { type Check, error, ok, skipped } from "../check.ts";
import { userOf } from "../read/user.ts";
import { notYet } from "./systemd.ts";

/** Whether the engines outlive a logout. */
export const SYSTEMD_LINGER: Check = {
  id: "systemd.linger",
  about: "the user's systemd runs without a login",
  why: "without linger every engine stops at the last logout, and none starts with the host",
  run({ facts }) {
    const early = notYet(facts, "more");
    if (early !== undefined) return [early];
    const user = userOf(facts);
    if (user === undefined) return [skipped(whyUnknown(facts, "id"))];
    const fact = facts.commands["linger"];
    if (fact === undefined || "failed" in fact) return [skipped(whyUnknown(facts, "linger"))];
    // Where nobody lingers the folder may not be there.
    return fact.stdout.includes(user.name) ? [ok(`linger is on for ${user.name}`)] : [
      error(`linger is off for ${user.name}`, command`sudo loginctl enable-linger ${user.name}`),
    ];
  },
};
