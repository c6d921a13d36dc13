import type { Facts } from "../../facts.ts";
import { shellWord } from "../../report/mod.ts";
import { type Check, error, ok, skipped } from "../check.ts";
import { effectiveDevices } from "../read/cdi.ts";
import { filesOf } from "../read/files.ts";
import { installCommand, osOf } from "../read/os.ts";
import { deviceNames, regenerate, removeRivals, wanted } from "./cdi.ts";

/** Whether everything that the Codex asks for is defined. */
export const CDI_DEVICES: Check = {
  id: "cdi.devices",
  about: "every CDI device of the Codex exists, by its full name",
  why: "an engine with a device that is not defined fails at its start",
  run(subject) {
    const { facts, codex } = subject;
    if (codex.kind === "none") return [skipped(codex.reason)];
    const devices = wanted(subject);
    if (devices.length === 0) return [skipped("the Codex asks for none")];
    const { devices: defined, clashes } = effectiveDevices(facts);
    return devices.map((device) => {
      const file = defined.get(device);
      if (file !== undefined) return ok(`${device} is in ${file.path}`);
      const rivals = clashes.get(device);
      if (rivals !== undefined) {
        return error(
          `${device} is in ${
            rivals.map(({ path }) => path).join(" and in ")
          }, so that neither counts`,
          removeRivals(rivals),
        );
      }
      const kind = kindOf(device);
      const others = [...defined.keys()].filter((name) => kindOf(name) === kind);
      if (others.length > 0) {
        return error(
          `${device} is not defined; ${kind} has ${deviceNames(others)}`,
          regenerate(facts, defined.get(others[0] ?? "")?.path),
        );
      }
      return error(`${device} is not defined`, define(facts, kind));
    });
  },
};

/** `nvidia.com/gpu` of `nvidia.com/gpu=0`. */
function kindOf(device: string): string {
  return device.slice(0, device.indexOf("="));
}

/** The command that makes the first specification of a kind. */
function define(facts: Facts, kind: string): string {
  if (kind === "nvidia.com/gpu") {
    return filesOf(facts, "nvidia-ctk").size > 0
      ? regenerate(facts, undefined)
      : installCommand(osOf(facts), "nvidia-container-toolkit");
  }
  if (kind === "amd.com/gpu") return "sudo amd-ctk cdi generate --output=/etc/cdi/amd.json";
  if (kind === "intel.com/gpu") return "sudo intel-cdi-specs-generator gpu";
  return `grep -l ${shellWord(kind)} /etc/cdi/* /var/run/cdi/*`;
}
