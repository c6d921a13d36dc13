import { command } from "../../report/mod.ts";
import { type Check, error, ok, skipped } from "../check.ts";
import { userOf } from "../read/user.ts";
import { podmanInfoOf } from "../read/podman.ts";

/** Whether Podman runs as the user, with what it should run with. */
export const PODMAN_ROOTLESS: Check = {
  id: "podman.rootless",
  about: "Podman runs rootless and local",
  why: "the engines are units of the user's own systemd",
  run({ facts }) {
    const user = userOf(facts);
    if (user?.id === 0) {
      return [error(
        "lychd was run by root",
        command`su - USER    # one without rights, then lychd doctor`,
        "it writes units for the systemd of the user who runs it, and engines need no rights",
      )];
    }
    const host = podmanInfoOf(facts)?.host;
    if (host === undefined) return [skipped("see podman.version")];
    if (host.serviceIsRemote === true) {
      return [
        error(
          "Podman speaks to another machine",
          command`unset CONTAINER_HOST CONTAINER_CONNECTION`,
        ),
      ];
    }
    return host.security?.rootless === false
      ? [error("Podman does not run rootless", command`podman info --debug`)]
      : [ok("rootless")];
  },
};
