import { command } from "../../report/mod.ts";
import { type Check, error, ok, skipped } from "../check.ts";
import { filesOf } from "../read/files.ts";
import { gpusOf, kfdTargetsOf } from "../read/gpus.ts";

/** Whether AMD's compute driver works. */
export const GPU_KFD: Check = {
  id: "gpu.kfd",
  about: "AMD's compute driver is there",
  why: "ROCm reaches a GPU through /dev/kfd only",
  run({ facts }) {
    if (!gpusOf(facts).some(({ vendor }) => vendor === "AMD")) {
      return [skipped("there is no AMD GPU")];
    }
    const nodes = filesOf(facts, "gpu-nodes");
    if (!nodes.has("/dev/kfd")) {
      return [
        error("/dev/kfd is not there", command`sudo modprobe amdgpu && sudo dmesg | grep -i kfd`),
      ];
    }
    const targets = kfdTargetsOf(facts);
    if (targets.length === 0) {
      return [error("/dev/kfd shows no GPU for compute", command`sudo dmesg | grep -i kfd`)];
    }
    return [ok(`/dev/kfd with ${targets.map(gfxName).join(", ")}`)];
  },
};

/** 110000 is gfx1100; the last two digits are hexadecimal (90010 is gfx90a). */
function gfxName(target: number): string {
  const major = Math.floor(target / 10_000);
  const minor = Math.floor(target / 100) % 100;
  return `gfx${major}${minor.toString(16)}${(target % 100).toString(16)}`;
}
