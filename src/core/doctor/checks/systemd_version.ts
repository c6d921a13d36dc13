import { osOf, upgradeCommand } from "../read/os.ts";
import { type Check, ok, skipped, warning } from "../check.ts";
import { propertiesOf } from "../read/units.ts";
import { OLDEST_PODMAN, podmanVersionOf } from "../read/podman.ts";
import { compareVersions } from "../read/version.ts";

/** The oldest systemd with every directive that lychd writes (RestartSteps=, 254). */
const OLDEST = 254;

/** Whether systemd knows what the units say. */
export const SYSTEMD_VERSION: Check = {
  id: "systemd.version",
  about: "systemd is new enough",
  why: "an older one ignores RestartSteps= and tries a broken engine again without end",
  run({ facts }) {
    const text = propertiesOf(facts, "user-manager").get("")?.get("Version");
    const version = Number(/\d+/.exec(text ?? "")?.[0]);
    if (text === undefined || !(version > 0)) {
      return [skipped("the user's systemd does not answer")];
    }
    if (version >= OLDEST) return [ok(`systemd ${version}`)];
    const podman = podmanVersionOf(facts);
    return podman !== undefined && compareVersions(podman, OLDEST_PODMAN) < 0
      ? [skipped(`see podman.version: systemd ${version} is as old`)]
      : [warning(`systemd ${version} is older than ${OLDEST}`, upgradeCommand(osOf(facts)))];
  },
};
