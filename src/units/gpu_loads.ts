import {
  AMD_LOADS,
  controlGroupFile,
  type GpuLoad,
  memoryOfSoulstones,
  NVIDIA_LOADS,
  NVIDIA_PROCESSES,
  parseAmdLoads,
  parseNvidiaLoads,
  parseProcesses,
} from "../core/orchestrator/gpu_load.ts";
import type { CommandContext } from "../run/context.ts";
import { outputOf } from "./gpus.ts";

/** Reads the load of the GPUs, and the GPU memory of each Soulstone in MiB, where a program reports them. */
export async function readGpuLoads(
  context: CommandContext,
): Promise<{ readonly gpus: readonly GpuLoad[]; readonly usedMib: ReadonlyMap<string, number> }> {
  const { programs: { nvidiaSmi, grep } } = context;
  const [nvidia, amd, apps] = await Promise.all([
    outputOf(context, nvidiaSmi, NVIDIA_LOADS),
    outputOf(context, grep, ["-Hs", "", ...AMD_LOADS]),
    outputOf(context, nvidiaSmi, NVIDIA_PROCESSES),
  ]);
  const processes = parseProcesses(apps);
  const files = [...processes.keys()].map(controlGroupFile);
  const groups = files.length === 0 ? "" : await outputOf(context, grep, ["-Hs", "", ...files]);
  return {
    gpus: [...parseNvidiaLoads(nvidia), ...parseAmdLoads(amd)],
    usedMib: memoryOfSoulstones(processes, groups),
  };
}
