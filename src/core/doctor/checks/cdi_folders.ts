import { type Command, command } from "../../report/mod.ts";
import { type Check, error, ok, type Verdict, warning } from "../check.ts";
import { cdiFoldersOf, effectiveDevices, specsUnread } from "../read/cdi.ts";
import { podmanVersionOf } from "../read/podman.ts";
import { writeVersion } from "../read/version.ts";
import { IDLE, isIdle, wanted } from "./cdi.ts";

/** Whether the specifications lie where this Podman looks. */
export const CDI_FOLDERS: Check = {
  id: "cdi.folders",
  about: "specifications lie where this version of Podman looks",
  why: "Podman says “unresolvable CDI devices” although nvidia-ctk lists them",
  run(subject) {
    const { facts } = subject;
    if (isIdle(subject)) return [IDLE];
    const { read, configured, isHeeded } = cdiFoldersOf(facts);
    const version = podmanVersionOf(facts);
    const name = version === undefined ? "this Podman" : `Podman ${writeVersion(version)}`;
    const resolved = effectiveDevices(facts).devices;
    // One command for all of them: each writes the same file.
    const unreadFolders = [...new Set(specsUnread(facts).map(({ folder }) => folder))];
    const verdicts = specsUnread(facts).flatMap(({ path, folder, spec }): Verdict[] => {
      // What another file defines in a folder that is read is not missed.
      if (spec === undefined || spec.devices.every((device) => resolved.has(device))) return [];
      const isNeeded = subject.codex.kind === "none" ||
        spec.devices.some((device) => wanted(subject).includes(device));
      const say = isNeeded ? error : warning;
      const isLost = !isHeeded && configured?.folders.includes(folder) === true;
      return [
        isLost
          ? say(
            `${path} is not read: ${name} does not heed cdi_spec_dirs of ${configured?.file}`,
            command`sudo mkdir -p /etc/cdi && sudo cp ${path} /etc/cdi/`,
          )
          : say(
            `${path} is not read: ${name} looks into ${read.join(" and ")} only`,
            readAlso([...read, ...unreadFolders]),
          ),
      ];
    });
    return verdicts.length > 0 ? verdicts : [ok(`${name} reads ${read.join(" and ")}`)];
  },
};

/** The user's own setting wins over those of the system; the last file of the folder over all. */
function readAlso(folders: readonly string[]): Command {
  const list = folders.map((folder) => JSON.stringify(folder)).join(", ");
  const lines = `[engine]\\ncdi_spec_dirs = [${list}]\\n`;
  const settings = command`~/.config/containers/containers.conf.d`;
  return command`mkdir -p ${settings} && printf ${lines} > ${settings}/zz-cdi.conf`;
}
