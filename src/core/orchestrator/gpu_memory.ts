import type { Engine } from "./inventory.ts";

/** What takes memory of GPUs. */
export type MemoryUser = Pick<Engine, "devices" | "vramMib">;

/** The memory of one GPU. */
export interface Gpu {
  readonly vendor: "nvidia" | "amd";
  /** What CDI calls it behind `nvidia.com/gpu=`. */
  readonly names: readonly string[];
  readonly totalMib: number;
  readonly freeMib: number;
}

/** What `nvidia-smi` is asked. */
export const NVIDIA_QUERY: readonly string[] = [
  "--query-gpu=index,uuid,memory.total,memory.free",
  "--format=csv,noheader,nounits",
];

/**
 * Reads the answer to {@linkcode NVIDIA_QUERY}; a line without numbers, such as that of a GPU that is
 * cut into MIG instances, is passed over.
 *
 * @example
 * ```ts
 * import { parseNvidiaSmi } from "./gpu_memory.ts";
 * parseNvidiaSmi("0, GPU-5ebe, 24576, 23028\n")[0]?.freeMib; // 23028
 * ```
 */
export function parseNvidiaSmi(text: string): Gpu[] {
  return text.split("\n").flatMap((line) => {
    const [index = "", uuid = "", total, free] = line.split(",").map((field) => field.trim());
    const [totalMib, freeMib] = [Number(total), Number(free)];
    if (index === "" || !Number.isFinite(totalMib) || !Number.isFinite(freeMib)) return [];
    return [{ vendor: "nvidia" as const, names: [index, uuid], totalMib, freeMib }];
  });
}

/** How many cards are looked for. */
const CARD_LIMIT = 32;

/**
 * The counters of the kernel's amdgpu driver, in bytes, for every card that could be there.
 * Source: kernel documentation, GPU Driver, AMDGPU, Misc: mem_info_vram_total and mem_info_vram_used.
 */
export const AMD_COUNTERS: readonly string[] = Array.from(
  { length: CARD_LIMIT },
  (_, card) =>
    ["total", "used"].map((what) => `/sys/class/drm/card${card}/device/mem_info_vram_${what}`),
).flat();

/**
 * Reads lines `PATH:BYTES` of {@linkcode AMD_COUNTERS}, as `grep -H` prints them.
 *
 * @example
 * ```ts
 * import { AMD_COUNTERS, parseAmdCounters } from "./gpu_memory.ts";
 * const [total, used] = AMD_COUNTERS;
 * parseAmdCounters(`${total}:17163091968\n${used}:1048576\n`)[0]?.freeMib; // 16367
 * ```
 */
export function parseAmdCounters(text: string): Gpu[] {
  const bytes = new Map(
    text.split("\n").map((line) => {
      const colon = line.lastIndexOf(":");
      return [line.slice(0, colon), Number(line.slice(colon + 1))] as const;
    }),
  );
  const found: Gpu[] = [];
  for (let i = 0; i < AMD_COUNTERS.length; i += 2) {
    const total = bytes.get(AMD_COUNTERS[i] ?? "");
    const used = bytes.get(AMD_COUNTERS[i + 1] ?? "");
    if (total === undefined || used === undefined || !Number.isFinite(total - used)) continue;
    const mib = (n: number) => Math.floor(n / 2 ** 20);
    const names = [String(found.length)];
    found.push({ vendor: "amd", names, totalMib: mib(total), freeMib: mib(total - used) });
  }
  return found;
}

/** What some engines declare that they take, and what the GPUs that they are given have. */
export interface MemoryNeed {
  readonly neededMib: number;
  readonly freeMib: number;
  readonly totalMib: number;
}

/**
 * Compares what `engines` declare with the GPUs that they are given, for each set of GPUs by itself.
 * An engine that declares nothing counts as nothing.
 *
 * @returns the need with the least left over; nothing when nothing is declared or no GPU is known.
 */
export function memoryNeed(
  engines: readonly MemoryUser[],
  gpus: readonly Gpu[],
): MemoryNeed | undefined {
  const users = engines.filter((engine) => (engine.vramMib ?? 0) > 0)
    .map((engine) => ({ vramMib: engine.vramMib ?? 0, gpus: gpusOf(engine, gpus) }))
    .filter((user) => user.gpus.length > 0);
  const needs = users.map(({ gpus: set }) => {
    // Whoever is confined to some of these GPUs takes from them too.
    const within = users.filter((user) => user.gpus.every((gpu) => set.includes(gpu)));
    const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
    return {
      neededMib: sum(within.map((user) => user.vramMib)),
      freeMib: sum(set.map((gpu) => gpu.freeMib)),
      totalMib: sum(set.map((gpu) => gpu.totalMib)),
    };
  });
  const left = (need: MemoryNeed) => need.freeMib - need.neededMib;
  return needs.sort((a, b) => left(a) - left(b))[0];
}

/** The GPUs that an engine is given: those that it names, else all of the vendor. */
function gpusOf({ devices }: MemoryUser, gpus: readonly Gpu[]): Gpu[] {
  return gpus.filter(({ vendor, names }) =>
    devices.some((device) => {
      const [, kind, name] = /^([a-z]+)\.com\/gpu=(.*)$/.exec(device) ?? [];
      if (kind !== undefined) return kind === vendor && (name === "all" || isNamed(name, names));
      return vendor === "amd" ? /^\/dev\/(?:kfd|dri)/.test(device) : /^\/dev\/nvidia/.test(device);
    })
  );
}

/** `0`, a UUID, or a part of that GPU such as `0:1`. */
function isNamed(name: string | undefined, names: readonly string[]): boolean {
  return name !== undefined && names.includes(name.replace(/:.*$/, ""));
}
