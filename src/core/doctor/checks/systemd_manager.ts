import { outputOf, whyUnknown } from "../../facts.ts";
import { command } from "../../report/mod.ts";
import { type Check, error, ok } from "../check.ts";
import { isWsl } from "../read/os.ts";
import { userOf } from "../read/user.ts";
import { notYet, otherInit } from "./systemd.ts";

/** Whether the user's systemd answers. */
export const SYSTEMD_MANAGER: Check = {
  id: "systemd.manager",
  about: "the user's systemd answers",
  why: "it is what starts and stops the engines",
  run({ facts }) {
    const early = notYet(facts, "manager");
    if (early !== undefined) return [early];
    if (outputOf(facts, "user-manager") !== undefined) return [ok("the user's systemd answers")];
    const init = otherInit(facts);
    if (init !== undefined) {
      return [error(
        `the system was not started by systemd but by ${init}`,
        isWsl(facts)
          ? command`printf '[boot]\nsystemd=true\n' | sudo tee -a /etc/wsl.conf && wsl.exe --shutdown`
          : command`use a host that systemd starts`,
      )];
    }
    const user = userOf(facts)?.id ?? 0;
    return [error(
      `the user's systemd does not answer (${whyUnknown(facts, "user-manager")})`,
      command`sudo systemctl start user@${user}.service && export XDG_RUNTIME_DIR=/run/user/${user}`,
    )];
  },
};
