import { command } from "../../report/mod.ts";
import { covensOf } from "../../compile/mod.ts";
import {
  type Gpu as OrchestratorGpu,
  hopelessNeeds,
  memoryNeeds,
} from "../../orchestrator/gpu_memory.ts";
import { type Check, error, ok, skipped } from "../check.ts";
import { type Gpu, gpusOf } from "../read/gpus.ts";
import { devicesOf } from "../wants.ts";

/** Whether what runs together fits into the GPUs. */
export const CODEX_VRAM: Check = {
  id: "codex.vram",
  about: "the declared vram_mib of each Coven fits into the GPUs",
  why: "the last engine to start fails with “out of memory”",
  run({ facts, codex }) {
    if (codex.kind === "none") return [skipped(codex.reason)];
    const { soulstones, settings } = codex.codex;
    const declared = soulstones.filter((s) => s.vram_mib !== undefined);
    if (declared.length === 0) return [skipped("no Soulstone declares vram_mib")];
    const gpus = withMemory(gpusOf(facts));
    if (gpus.length === 0) return [skipped("the memory of the GPUs is not known")];
    const covens = covensOf(soulstones).map(({ name, members }) => ({
      title: `Coven ${name}`,
      members: declared.filter((s) => members.includes(s.name)),
    }));
    // One without a group runs with the residents only.
    const alone = declared.filter((s) => s.groups.length === 0 && !s.resident).map((s) => ({
      title: s.name,
      members: declared.filter((other) => other.name === s.name || other.resident),
    }));
    const loads = [...covens, ...alone];
    const verdicts = loads.flatMap(({ title, members }) => {
      const users = members.map((s) => ({ devices: devicesOf(s, settings), vramMib: s.vram_mib }));
      const [need] = hopelessNeeds(memoryNeeds(users, gpus));
      if (need === undefined) return [];
      return [error(
        `${title} needs ${need.neededMib} MiB, but its GPUs have ${need.totalMib} MiB`,
        command`nvidia-smi    # then take an engine out of the group, or lower its share`,
      )];
    });
    if (verdicts.length > 0) return verdicts;
    const total = gpus.reduce((sum, { totalMib }) => sum + totalMib, 0);
    return [ok(`what runs together fits into ${total} MiB`)];
  },
};

/** GPUs whose memory is known, as the Orchestrator sees them when all of it is free. */
function withMemory(gpus: readonly Gpu[]): OrchestratorGpu[] {
  const amd = gpus.filter((gpu) => gpu.vendor === "AMD");
  return gpus.flatMap((gpu): OrchestratorGpu[] => {
    const { vendor, index, uuid, card, memoryMib } = gpu;
    if (memoryMib === undefined || vendor === "Intel") return [];
    const memory = { totalMib: memoryMib, freeMib: memoryMib };
    if (vendor === "NVIDIA") {
      const names = index === undefined ? [] : [String(index), `nvidia${index}`];
      return [{ vendor: "nvidia", names: [...names, uuid ?? []].flat(), ...memory }];
    }
    return [{ vendor: "amd", names: [String(amd.indexOf(gpu)), card ?? []].flat(), ...memory }];
  });
}
