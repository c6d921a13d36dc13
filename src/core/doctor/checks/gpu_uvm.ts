import { command } from "../../report/mod.ts";
import { type Check, error, ok, skipped } from "../check.ts";
import { filesOf } from "../read/files.ts";
import { hasNvidia } from "../read/gpus.ts";
import { isWsl } from "../read/os.ts";

/** Whether the node for CUDA's memory is there. */
export const GPU_UVM: Check = {
  id: "gpu.uvm",
  about: "NVIDIA's node for unified memory is there",
  why: "nvidia-smi works without /dev/nvidia-uvm, CUDA does not",
  run({ facts }) {
    if (!hasNvidia(facts)) return [skipped("there is no NVIDIA driver")];
    const nodes = filesOf(facts, "gpu-nodes");
    if (isWsl(facts)) return [skipped("below Windows all goes through /dev/dxg")];
    return nodes.has("/dev/nvidia-uvm")
      ? [ok("/dev/nvidia-uvm is there")]
      : [error("/dev/nvidia-uvm is not there", command`sudo nvidia-modprobe -u -c=0`)];
  },
};
