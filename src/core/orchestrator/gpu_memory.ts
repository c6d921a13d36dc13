import type { Gpu } from "../gpus.ts";
import type { Engine } from "./inventory.ts";

/** An engine that uses GPU memory. */
export type MemoryUser = Pick<Engine, "devices" | "vramMib">;

/** The memory that some engines declare, and the memory of the GPUs that they use. */
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
 * import { parseNvidiaSmi } from "../gpus.ts";
 * import { memoryNeeds } from "./gpu_memory.ts";
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

/** Returns the engine of each slot that declares the most memory: these may run together. */
export function largestOfSlots<
  User extends Pick<MemoryUser, "vramMib"> & { readonly slot?: string | undefined },
>(engines: readonly User[]): User[] {
  const largest = new Map<string, User>();
  for (const engine of engines) {
    if (engine.slot === undefined) continue;
    const other = largest.get(engine.slot);
    if ((engine.vramMib ?? 0) > (other?.vramMib ?? -1)) largest.set(engine.slot, engine);
  }
  return [...largest.values()];
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
