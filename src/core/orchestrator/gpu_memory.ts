import type { Engine } from "./inventory.ts";

/** An engine that uses GPU memory. */
export type MemoryUser = Pick<Engine, "devices" | "vramMib">;

/** The memory of one GPU. */
export interface Gpu {
  readonly vendor: "nvidia" | "amd";
  /** Its names in CDI and `/dev`; the first is its number, for messages. */
  readonly names: readonly string[];
  readonly totalMib: number;
  readonly freeMib: number;
}

/** The arguments of `nvidia-smi`. */
export const NVIDIA_QUERY: readonly string[] = [
  "--query-gpu=index,uuid,memory.total,memory.free",
  "--format=csv,noheader,nounits",
];

/**
 * Reads the output for {@linkcode NVIDIA_QUERY}. Ignores lines without numbers, such as those of a GPU
 * that is divided into MIG instances.
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
    const names = [index, uuid, `nvidia${index}`];
    return [{ vendor: "nvidia" as const, names, totalMib, freeMib }];
  });
}

/** The nodes of every possible card: `card0`, …, and `renderD128`, …, which only render. */
const CARDS = Array.from({ length: 32 }, (_, i) => `card${i}`);
const RENDER_NODES = CARDS.map((_, i) => `renderD${128 + i}`);

function counters(node: string): string[] {
  return ["total", "used"].map((what) => `/sys/class/drm/${node}/device/mem_info_vram_${what}`);
}

/**
 * The counter files of the amdgpu driver for every possible card, by both of its node names, in bytes.
 * Source: kernel documentation, GPU Driver, AMDGPU, Misc: mem_info_vram_total and mem_info_vram_used.
 */
export const AMD_COUNTERS: readonly string[] = [...CARDS, ...RENDER_NODES].flatMap(counters);

/**
 * Reads lines `PATH:BYTES` of {@linkcode AMD_COUNTERS}, as `grep -H` prints them. A driver creates both
 * nodes of a card together, so the first render node belongs to the first card.
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
  const mib = (n: number) => Math.floor(n / 2 ** 20);
  const found = (all: readonly string[]) =>
    all.flatMap((node) => {
      const [total, used] = counters(node).map((path) => bytes.get(path));
      return total === undefined || used === undefined || !Number.isFinite(total - used)
        ? []
        : [{ node, totalMib: mib(total), freeMib: mib(total - used) }];
    });
  const rendering = found(RENDER_NODES);
  return found(CARDS).map(({ node, totalMib, freeMib }, i) => ({
    vendor: "amd",
    names: [String(i), node, ...rendering[i] === undefined ? [] : [rendering[i].node]],
    totalMib,
    freeMib,
  }));
}

/** The memory that some engines declare, and that of the GPUs they use. */
export interface MemoryNeed<User extends MemoryUser = MemoryUser> {
  readonly users: readonly User[];
  /** For messages: `nvidia 0`. */
  readonly gpus: readonly string[];
  readonly neededMib: number;
  readonly freeMib: number;
  readonly totalMib: number;
}

/**
 * Compares the memory that `engines` declare with that of their GPUs. Returns one need for each set of
 * GPUs that some of them share, the tightest first. Ignores engines that declare nothing, and those
 * whose GPUs are not known.
 *
 * @example
 * ```ts
 * import { memoryNeeds, parseNvidiaSmi } from "./gpu_memory.ts";
 * const gpus = parseNvidiaSmi("0, GPU-5ebe, 24576, 23028\n1, GPU-8f2e, 8192, 8000\n");
 * const needs = memoryNeeds([{ devices: ["nvidia.com/gpu=1"], vramMib: 9000 }], gpus);
 * needs[0]?.totalMib; // 8192
 * ```
 */
export function memoryNeeds<User extends MemoryUser>(
  engines: readonly User[],
  gpus: readonly Gpu[],
): MemoryNeed<User>[] {
  const users = engines.filter((engine) => (engine.vramMib ?? 0) > 0)
    .map((engine) => ({
      engine,
      gpus: gpus.filter((gpu) => engine.devices.some((device) => isDeviceOf(device, gpu))),
    }))
    .filter((user) => user.gpus.length > 0);
  const needs = unions(users.map((user) => user.gpus)).map((set): MemoryNeed<User> => {
    // An engine that may use only some of these GPUs counts too.
    const within = users.filter((user) => user.gpus.every((gpu) => set.includes(gpu)))
      .map((user) => user.engine);
    return {
      users: within,
      gpus: gpus.filter((gpu) => set.includes(gpu)).map(({ vendor, names }) =>
        `${vendor} ${names[0]}`
      ),
      neededMib: sum(within.map((engine) => engine.vramMib ?? 0)),
      freeMib: sum(set.map((gpu) => gpu.freeMib)),
      totalMib: sum(set.map((gpu) => gpu.totalMib)),
    };
  });
  const left = (need: MemoryNeed) => need.freeMib - need.neededMib;
  return needs.sort((a, b) => left(a) - left(b));
}

/** Returns the needs that do not fit now but would fit an empty GPU. */
export function shortNeeds<Need extends MemoryNeed>(needs: readonly Need[]): Need[] {
  return needs.filter((n) => n.freeMib < n.neededMib && n.neededMib <= n.totalMib);
}

/** Returns the needs that never fit. */
export function hopelessNeeds<Need extends MemoryNeed>(needs: readonly Need[]): Need[] {
  return needs.filter((need) => need.neededMib > need.totalMib);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

/** Returns the sets and the unions of those that overlap, without duplicates. */
function unions(sets: readonly (readonly Gpu[])[]): (readonly Gpu[])[] {
  const found: (readonly Gpu[])[] = [];
  const isKnown = (a: readonly Gpu[]) =>
    found.some((b) => a.length === b.length && a.every((gpu) => b.includes(gpu)));
  const waiting = [...sets];
  for (let set = waiting.pop(); set !== undefined; set = waiting.pop()) {
    if (isKnown(set)) continue;
    const own = new Set(set);
    const near = found.filter((other) => other.some((gpu) => own.has(gpu)));
    waiting.push(...near.map((other) => [...own.union(new Set(other))]));
    found.push(set);
  }
  return found;
}

/**
 * Returns true if a device names a GPU: by its CDI name, in any notation of nvidia-ctk (`0`, `gpu0`, a
 * UUID, `0:1` for a part), or by its node. `/dev/nvidiactl` and `/dev/kfd` name no GPU.
 */
function isDeviceOf(device: string, { vendor, names }: Gpu): boolean {
  const [, kind, name = ""] = /^-?([a-z]+)\.com\/gpu=(.*)$/.exec(device) ?? [];
  if (kind !== undefined) {
    const plain = name.replace(/^(?:gpu|mig)(?=\d)/, "").replace(/:.*$/, "");
    return kind === vendor && (name === "all" || names.includes(plain));
  }
  const [node = ""] = device.replace(/^-/, "").split(":");
  if (vendor === "nvidia") return /^\/dev\/nvidia\d+$/.test(node) && names.includes(node.slice(5));
  if (!/^\/dev\/dri(?:\/|$)/.test(node)) return false;
  const [own] = /(?<=^\/dev\/dri\/)(?:card|renderD)\d+$/.exec(node) ?? [];
  // The folder, or a path without the number.
  return own === undefined || names.includes(own);
}
