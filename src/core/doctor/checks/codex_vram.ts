import { covensOf } from "../../compile/mod.ts";
import { type Check, error, ok, skipped, type Verdict } from "../check.ts";
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
    const gpus = gpusOf(facts).filter(({ memoryMib }) => memoryMib !== undefined);
    if (gpus.length === 0) return [skipped("the memory of the GPUs is not known")];
    const groups = covensOf(soulstones).map(({ name, members }) => ({
      title: `Coven ${name}`,
      members: declared.filter((s) => members.includes(s.name)),
    }));
    // One without a group runs with the residents only.
    const alone = declared.filter((s) => s.groups.length === 0 && !s.resident).map((s) => ({
      title: s.name,
      members: declared.filter((other) => other.name === s.name || other.resident),
    }));
    const loads = [...groups, ...alone];
    const verdicts = loads.flatMap(({ title, members }) =>
      overload(
        title,
        members.map((s) => ({
          mib: s.vram_mib ?? 0,
          gpus: reach(devicesOf(s, settings), gpus),
        })),
        gpus,
      )
    );
    return verdicts.length > 0 ? verdicts : [ok(
      `${loads.length} Covens fit into ${sum(gpus.map(({ memoryMib }) => memoryMib ?? 0))} MiB`,
    )];
  },
};

/** The GPUs that devices lead to; all of them where that cannot be told. */
function reach(devices: readonly string[], gpus: readonly Gpu[]): ReadonlySet<Gpu> {
  const named = devices.map((device) => {
    const name = /^nvidia\.com\/gpu=(.+)$/.exec(device)?.[1];
    return gpus.find((gpu) =>
      gpu.vendor === "NVIDIA" && name !== undefined &&
      (String(gpu.index) === name || gpu.uuid === name)
    );
  });
  return named.length === 0 || named.includes(undefined)
    ? new Set(gpus)
    : new Set(named.filter((gpu) => gpu !== undefined));
}

/**
 * Tells of the first set of GPUs whose memory is less than what must fit into it: engines that can
 * go nowhere else.
 */
function overload(
  title: string,
  members: readonly { mib: number; gpus: ReadonlySet<Gpu> }[],
  gpus: readonly Gpu[],
): Verdict[] {
  const sets = [...members.map((member) => member.gpus), new Set(gpus)];
  for (const set of sets) {
    const needed = sum(
      members.filter((m) => [...m.gpus].every((gpu) => set.has(gpu))).map(({ mib }) => mib),
    );
    const there = sum([...set].map(({ memoryMib }) => memoryMib ?? 0));
    if (needed > there) {
      return [error(
        `${title} needs ${needed} MiB, but its GPUs have ${there} MiB`,
        "nvidia-smi    # then take an engine out of the group, or lower its share",
      )];
    }
  }
  return [];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
