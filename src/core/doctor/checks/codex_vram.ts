import { covensOf } from "../../compile/mod.ts";
import { type Gpu as OrchestratorGpu, memoryNeed } from "../../orchestrator/mod.ts";
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
    const gpus = gpusOf(facts).flatMap(withMemory);
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
      const need = memoryNeed(users, gpus);
      if (need === undefined || need.neededMib <= need.totalMib) return [];
      return [error(
        `${title} needs ${need.neededMib} MiB, but its GPUs have ${need.totalMib} MiB`,
        "nvidia-smi    # then take an engine out of the group, or lower its share",
      )];
    });
    if (verdicts.length > 0) return verdicts;
    const total = gpus.reduce((sum, { totalMib }) => sum + totalMib, 0);
    return [ok(`what runs together fits into ${total} MiB`)];
  },
};

/** A GPU whose memory is known, as the Orchestrator sees one that is free. */
function withMemory({ vendor, index, uuid, memoryMib }: Gpu): OrchestratorGpu[] {
  if (memoryMib === undefined || vendor === "Intel") return [];
  const names = [index === undefined ? [] : [String(index)], uuid ?? []].flat();
  const lower = vendor === "NVIDIA" ? "nvidia" : "amd";
  return [{ vendor: lower, names, totalMib: memoryMib, freeMib: memoryMib }];
}
