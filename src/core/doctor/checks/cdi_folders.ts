import { shellWord } from "../../report/mod.ts";
import { type Check, error, ok, type Verdict, warning } from "../check.ts";
import { cdiFoldersOf, effectiveDevices, knownFolders, specsIn } from "../read/cdi.ts";
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
    const isRead = (folder: string) => read.some((other) => real(other) === real(folder));
    const verdicts: Verdict[] = [];
    const resolved = effectiveDevices(facts).devices;
    for (const { path, folder, spec } of specsIn(facts, knownFolders(facts))) {
      if (isRead(folder) || spec === undefined) continue;
      // What another file defines in a folder that is read is not missed.
      if (spec.devices.every((device) => resolved.has(device))) continue;
      const isNeeded = subject.codex.kind === "none" ||
        spec.devices.some((device) => wanted(subject).includes(device));
      const say = isNeeded ? error : warning;
      verdicts.push(say(
        `${path} is not read: ${name} looks into ${read.join(" and ")} only`,
        readAlso([...read, folder]),
      ));
    }
    if (configured !== undefined && !isHeeded) {
      const lost = configured.folders.filter((folder) => !isRead(folder));
      if (lost.length > 0) {
        const say = wanted(subject).every((device) => resolved.has(device)) ? warning : error;
        verdicts.push(say(
          `${configured.file} sets cdi_spec_dirs, which ${name} does not heed: ${lost.join(", ")}`,
          `sudo mkdir -p /etc/cdi && sudo cp ${lost.map((f) => `${f}/*`).join(" ")} /etc/cdi/`,
        ));
      }
    }
    return verdicts.length > 0 ? verdicts : [ok(`${name} reads ${read.join(" and ")}`)];
  },
};

/** The user's own setting wins over those of the system; the last file of the folder over all. */
function readAlso(folders: readonly string[]): string {
  const list = folders.map((folder) => JSON.stringify(folder)).join(", ");
  const line = shellWord(`[engine]\\ncdi_spec_dirs = [${list}]\\n`);
  const settings = "~/.config/containers/containers.conf.d";
  return `mkdir -p ${settings} && printf ${line} > ${settings}/zz-cdi.conf`;
}

/** A folder, the same whether it is named by /var/run or /run. */
function real(folder: string): string {
  return folder.replace(/^\/var\/run\//, "/run/");
}
