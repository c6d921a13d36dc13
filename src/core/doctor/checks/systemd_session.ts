import { command } from "../../report/mod.ts";
import { type Check, error, ok, warning } from "../check.ts";
import { filesOf } from "../read/files.ts";
import { userOf } from "../read/user.ts";
import { notYet } from "./systemd.ts";

/** Whether the environment leads to the user's systemd. */
export const SYSTEMD_SESSION: Check = {
  id: "systemd.session",
  about: "XDG_RUNTIME_DIR and the bus are right",
  why: "systemctl --user and Podman find the session by them; `su` and `sudo -i` do not set them",
  run({ facts }) {
    const early = notYet(facts, "session");
    if (early !== undefined) return [early];
    const user = userOf(facts);
    const folder = facts.environment["XDG_RUNTIME_DIR"];
    const fix = command`export XDG_RUNTIME_DIR=/run/user/${user?.id ?? command`$(id -u)`}`;
    if (folder === undefined) return [error("XDG_RUNTIME_DIR is not set", fix)];
    const files = filesOf(facts, "session");
    const status = files.get(folder);
    if (status === undefined) return [error(`XDG_RUNTIME_DIR ${folder} is not there`, fix)];
    if (user !== undefined && status.owner !== user.id) {
      return [error(`XDG_RUNTIME_DIR ${folder} belongs to another user`, fix)];
    }
    const bus = facts.environment["DBUS_SESSION_BUS_ADDRESS"];
    if (bus !== undefined && !bus.includes(`path=${folder}/`)) {
      return [warning(
        `DBUS_SESSION_BUS_ADDRESS leads elsewhere: ${bus}`,
        command`unset DBUS_SESSION_BUS_ADDRESS`,
      )];
    }
    if (files.has(`${folder}/bus`)) return [ok(folder)];
    return [
      warning(`there is no bus at ${folder}/bus`, command`systemctl --user start dbus.socket`),
    ];
  },
};
