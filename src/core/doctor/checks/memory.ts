import type { Codex, Soulstone } from "../../codex/mod.ts";
import { covensOf, profileOf } from "../../compile/mod.ts";
import type { Facts } from "../../facts.ts";
import { hopelessNeeds, largestOfSlots, memoryNeeds } from "../../orchestrator/gpu_memory.ts";
import { command } from "../../report/mod.ts";
import { type Check, error, ok, skipped, type Verdict, withSoulstones } from "../check.ts";
import { devicesOf } from "../needs.ts";
import { gpuMemoryOf, gpusOf } from "../read/gpus.ts";
import { podmanInfoOf } from "../read/podman.ts";

/** Checks the memory that the engines of a Codex need together. */
export const MEMORY: Check = {
  id: "codex.vram",
  about: "the memory of each Coven fits into the GPUs and the host",
  why: 'the last engine to start fails with "out of memory"',
  run: withSoulstones(({ facts, codex: { codex } }) => {
    const gpu = gpuVerdicts(facts, codex);
    const host = hostProblems(facts, codex);
    return host.length > 0 ? [...gpu.filter(({ state }) => state === "error"), ...host] : gpu;
  }),
};

function gpuVerdicts(facts: Facts, codex: Codex): Verdict[] {
  const combinations = combinationsOf(codex, (soulstone) => soulstone.vram_mib);
  if (combinations.length === 0) return [skipped("no Soulstone sets vram_mib")];
  const gpus = gpuMemoryOf(facts);
  if (gpus.length === 0) return [skipped("the memory of the GPUs is unknown")];
  const problems = combinations.flatMap(({ title, members }) => {
    const [need] = hopelessNeeds(memoryNeeds(members, gpus));
    return need === undefined ? [] : error(
      `${title} needs ${need.neededMib} MiB, but its GPUs have ${need.totalMib} MiB`,
      command`nvidia-smi    # then move an engine to another group, or reduce its memory`,
    );
  });
  const total = gpus.reduce((sum, { totalMib }) => sum + totalMib, 0);
  return problems.length > 0 ? problems : [ok(`every Coven fits into ${total} MiB`)];
}

/**
 * Reports what needs more memory than the host has. `shm_size_mib` is only a limit, which may be higher:
 * engines use a small part of what their documentation recommends.
 */
function hostProblems(facts: Facts, codex: Codex): Verdict[] {
  const bytes = podmanInfoOf(facts)?.host?.memTotal;
  if (bytes === undefined) return [];
  const totalMib = Math.floor(bytes / 2 ** 20);
  const isShared = hasSharedMemory(facts);
  const combinations = combinationsOf(codex, (soulstone) => {
    const ofGpu = isShared && devicesOf(soulstone, codex.settings).length > 0
      ? soulstone.vram_mib ?? 0
      : 0;
    return profileOf(soulstone).hostMemoryMib(soulstone.exec ?? []) + ofGpu || undefined;
  });
  return combinations.flatMap(({ title, members }) => {
    const neededMib = members.reduce((sum, { vramMib }) => sum + vramMib, 0);
    return neededMib <= totalMib ? [] : error(
      `${title} reserves ${neededMib} MiB of memory, but the host has ${totalMib} MiB`,
      command`free --mebi    # then move an engine to another group, or reduce its memory`,
      "the last engine to start fails, or the kernel kills it",
    );
  });
}

/** Returns the engines that may run together, of those that declare some memory. */
function combinationsOf(
  { soulstones, settings }: Codex,
  memoryOf: (soulstone: Soulstone) => number | undefined,
) {
  const declared = soulstones.flatMap((s) => {
    const vramMib = memoryOf(s);
    return vramMib === undefined ? [] : [{ ...s, devices: devicesOf(s, settings), vramMib }];
  });
  if (declared.length === 0) return [];
  const covens = covensOf(soulstones).map(({ name, members }) => ({
    title: `Coven ${name}`,
    members: declared.filter((s) => members.includes(s.name)),
  }));
  // A Soulstone without a group runs together with the residents only.
  const alone = declared.filter((s) => s.groups.length === 0 && !s.resident).map((s) => ({
    title: s.name,
    members: declared.filter((other) => other.name === s.name || other.resident),
  }));
  const largest = largestOfSlots(declared);
  const slots = {
    title: `the largest of each slot (${largest.map((s) => s.name).join(", ")})`,
    members: [...largest, ...declared.filter((s) => s.resident)],
  };
  return [...covens, ...alone, ...largest.length > 1 ? [slots] : []];
}

/** Returns true if the GPUs use the memory of the host, as those of Jetson and GB10 do: they report none. */
function hasSharedMemory(facts: Facts): boolean {
  const gpus = gpusOf(facts).filter(({ vendor }) => vendor === "NVIDIA");
  return gpus.length > 0 && gpus.every(({ memoryMib }) => memoryMib === undefined);
}
