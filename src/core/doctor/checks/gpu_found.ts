import { type Check, error, ok, skipped } from "../check.ts";
import { gpusOf, hasNvidia, pciGpusOf, type Vendor } from "../read/gpus.ts";
import { type Os, osOf } from "../read/os.ts";

/** Which GPUs are there. */
export const GPU_FOUND: Check = {
  id: "gpu.found",
  about: "the GPUs of the host, and their memory",
  why: "an engine that finds no GPU fails at its start, or is slow",
  run({ facts, wants }) {
    const gpus = gpusOf(facts);
    const shown = gpus.map(({ vendor, name, memoryMib }) => {
      const title = name.startsWith(vendor) ? name : `${vendor} ${name}`;
      return ok(`${title}, ${memoryMib === undefined ? "memory unknown" : `${memoryMib} MiB`}`);
    });
    // One that the bus has and no driver shows; NVIDIA's driver has a check of its own.
    const idle = pciGpusOf(facts).find(({ vendor }) =>
      !gpus.some((gpu) => gpu.vendor === vendor) && !(vendor === "NVIDIA" && hasNvidia(facts))
    );
    if (idle !== undefined) {
      const what = `an ${idle.vendor} GPU (${idle.id}) is there, but no driver for it`;
      const verdict = error(what, driverCommand(osOf(facts), idle.vendor));
      return [...shown, verdict];
    }
    if (shown.length > 0) return shown;
    if (hasNvidia(facts)) return [skipped("NVIDIA's driver shows none: see gpu.driver")];
    return wants.devices.length === 0
      ? [skipped("there is no GPU, and nothing asks for one")]
      : [error("there is no GPU, but the Codex asks for one", "lspci -d ::03xx")];
  },
};

function driverCommand(os: Os, vendor: Vendor): string {
  if (vendor === "AMD") return "sudo modprobe amdgpu";
  if (vendor === "Intel") return "sudo modprobe --all i915 xe";
  if (os.id === "ubuntu") return "sudo ubuntu-drivers install";
  if (os.family.includes("debian")) return "sudo apt-get install nvidia-driver    # from non-free";
  if (os.family.includes("arch")) return "sudo pacman -S nvidia-open";
  if (os.family.includes("fedora")) return "sudo dnf install akmod-nvidia    # from RPM Fusion";
  return "modinfo nvidia    # shows whether a driver is installed";
}
