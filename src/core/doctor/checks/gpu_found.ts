import { type Command, command } from "../../report/mod.ts";
import { type Check, error, ok, skipped, type Verdict, warning } from "../check.ts";
import { gpusOf, hasNvidia, isNvidiaBroken, pciGpusOf, type Vendor } from "../read/gpus.ts";
import { type Os, osOf } from "../read/os.ts";
import { vendorsOf } from "../wants.ts";

/** Which GPUs are there. */
export const GPU_FOUND: Check = {
  id: "gpu.found",
  about: "the GPUs of the host, and their memory",
  why: "an engine that finds no GPU fails at its start, or is slow",
  run({ facts, wants }) {
    const gpus = gpusOf(facts);
    const verdicts: Verdict[] = gpus.map(({ vendor, name, memoryMib }) => {
      const title = name.startsWith(vendor) ? name : `${vendor} ${name}`;
      return ok(`${title}, ${memoryMib === undefined ? "memory unknown" : `${memoryMib} MiB`}`);
    });
    const asked = vendorsOf(wants);
    for (const { vendor, id, driver } of pciGpusOf(facts)) {
      if (gpus.some((gpu) => gpu.vendor === vendor)) {
        if (driver === undefined) {
          const what = `another ${vendor} GPU (${id}) has no driver`;
          verdicts.push(
            warning(what, command`lspci -nnk -d ::03xx`, "engines see the others only"),
          );
        }
        continue;
      }
      // Its tool is there and says why it does not work.
      if (vendor === "NVIDIA" && (hasNvidia(facts) || isNvidiaBroken(facts))) continue;
      const what = driver === undefined
        ? `an ${vendor} GPU (${id}) is there, but no driver for it`
        : `the driver ${driver} of an ${vendor} GPU (${id}) can do no computing`;
      // A processor's own GPU may idle beside the one that engines use.
      verdicts.push(
        asked.has(vendor) || gpus.length === 0
          ? error(what, driverCommand(osOf(facts), vendor))
          : skipped(`${what}; nothing asks for it`),
      );
    }
    if (verdicts.length > 0) return verdicts;
    if (hasNvidia(facts) || isNvidiaBroken(facts)) return [skipped("see gpu.driver")];
    return wants.devices.length === 0
      ? [skipped("there is no GPU, and nothing asks for one")]
      : [error("there is no GPU, but the Codex asks for one", command`lspci -d ::03xx`)];
  },
};

function driverCommand(os: Os, vendor: Vendor): Command {
  if (vendor === "AMD") return command`sudo modprobe amdgpu`;
  if (vendor === "Intel") return command`sudo modprobe --all i915 xe`;
  if (os.id === "ubuntu") return command`sudo ubuntu-drivers install`;
  if (os.family.includes("debian")) {
    return command`sudo apt-get install nvidia-driver    # from non-free`;
  }
  if (os.family.includes("arch")) return command`sudo pacman -S nvidia-open`;
  if (os.family.includes("fedora")) {
    return command`sudo dnf install akmod-nvidia    # from RPM Fusion`;
  }
  return command`modinfo nvidia    # shows whether a driver is installed`;
}
