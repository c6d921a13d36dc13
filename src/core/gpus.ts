/**
 * Reads the GPUs of a host, for doctor and the Orchestrator: the output of `nvidia-smi`, and the files
 * of the kernel's drivers below `/sys/class/drm`.
 */

/** The maker of a GPU. */
export type Vendor = "NVIDIA" | "AMD" | "Intel";

/** The memory of one GPU. */
export interface Gpu {
  readonly vendor: "nvidia" | "amd";
  /** Its names in CDI and below `/dev`. Messages use the first one, its number. */
  readonly names: readonly string[];
  readonly totalMib: number;
  readonly freeMib: number;
}

/** A column of `nvidia-smi --query-gpu`. */
type SmiColumn =
  | ("index" | "uuid" | "name" | "driver_version")
  | ("memory.total" | "memory.free" | "memory.used" | "power.draw" | "utilization.gpu");

/** Returns the arguments of `nvidia-smi` that print `columns` as CSV, one GPU on each line. */
export function smiQuery(columns: readonly SmiColumn[]): readonly string[] {
  return [`--query-gpu=${columns.join(",")}`, "--format=csv,noheader,nounits"];
}

/**
 * Reads the output of {@linkcode smiQuery}. Lines that do not start with the number of a GPU are
 * skipped, so `index` must be the first column.
 */
export function readSmi<Column extends SmiColumn>(
  text: string,
  columns: readonly Column[],
): Readonly<Record<Column, string>>[] {
  return text.split("\n").map((line) => line.split(",").map((field) => field.trim()))
    .filter((fields) => fields.length > 1 && /^\d+$/.test(fields[0] ?? ""))
    .map((fields) =>
      Object.fromEntries(columns.map((name, i) => [name, fields[i] ?? ""])) as Record<
        Column,
        string
      >
    );
}

/** Returns the names of an NVIDIA GPU in CDI and below `/dev`. */
export function nvidiaNames({ index, uuid }: { index: string; uuid: string }): string[] {
  return [index, uuid, `nvidia${index}`];
}

const MEMORY_COLUMNS = ["index", "uuid", "memory.total", "memory.free"] as const;

/** The arguments of `nvidia-smi` whose output {@linkcode parseNvidiaSmi} reads. */
export const NVIDIA_QUERY: readonly string[] = smiQuery(MEMORY_COLUMNS);

/**
 * Reads the output of {@linkcode NVIDIA_QUERY}. A GPU without numbers, such as one that is split into
 * MIG instances, is skipped.
 *
 * @example
 * ```ts
 * import { parseNvidiaSmi } from "./gpus.ts";
 * parseNvidiaSmi("0, GPU-5ebe, 24576, 23028\n")[0]?.freeMib; // 23028
 * ```
 */
export function parseNvidiaSmi(text: string): Gpu[] {
  return readSmi(text, MEMORY_COLUMNS).flatMap((row) => {
    const [totalMib, freeMib] = [Number(row["memory.total"]), Number(row["memory.free"])];
    if (!Number.isFinite(totalMib) || !Number.isFinite(freeMib)) return [];
    return [{ vendor: "nvidia" as const, names: nvidiaNames(row), totalMib, freeMib }];
  });
}

/** The values of each node below `/sys/class/drm`, by node; a value by its key or its file. */
export type DrmNodes = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Reads lines `/sys/class/drm/NODE/device/FILE:[KEY=]VALUE`, as `grep -H` prints them. */
export function readDrm(lines: readonly string[]): DrmNodes {
  const nodes = new Map<string, Map<string, string>>();
  for (const line of lines) {
    const found = /^\/sys\/class\/drm\/((?:card|renderD)\d+)\/device\/(\w+):(?:(\w+)=)?(.*)$/
      .exec(line);
    if (found === null) continue;
    const [, node = "", file = "", key, value = ""] = found;
    nodes.set(node, (nodes.get(node) ?? new Map<string, string>()).set(key ?? file, value));
  }
  return nodes;
}

/**
 * Returns the GPUs of amdgpu, under the names of both of their nodes: the driver creates the two
 * together, so the first render node belongs to the first card. A node without its counters is
 * skipped; with `assumeFree`, the counter of used memory is not needed.
 */
export function amdGpus(nodes: DrmNodes, { assumeFree = false } = {}): Gpu[] {
  const withMemory = (prefix: string) =>
    [...nodes].flatMap(([node, values]) => {
      const bytes = (name: string) => Number(values.get(`mem_info_vram_${name}`) ?? NaN);
      const [total, used] = [bytes("total"), assumeFree ? 0 : bytes("used")];
      return node.startsWith(prefix) && Number.isFinite(total - used)
        ? [{ node, number: Number(node.replace(/^\D+/, "")), total, used }]
        : [];
    }).sort((a, b) => a.number - b.number);
  const renderers = withMemory("renderD");
  return withMemory("card").map(({ node, total, used }, i) => ({
    vendor: "amd",
    names: [String(i), node, ...renderers[i] === undefined ? [] : [renderers[i].node]],
    totalMib: Math.floor(total / 2 ** 20),
    freeMib: Math.floor((total - used) / 2 ** 20),
  }));
}

/** The number of cards that {@linkcode AMD_COUNTERS} covers. */
const CARD_LIMIT = 32;

/**
 * The counters of amdgpu, in bytes, of every card that could exist, by both of its nodes. Source:
 * kernel documentation, GPU Driver, AMDGPU, Misc: mem_info_vram_total and mem_info_vram_used.
 */
export const AMD_COUNTERS: readonly string[] = (["card", "renderD"] as const).flatMap((prefix) =>
  Array.from({ length: CARD_LIMIT }, (_, i) => `${prefix}${prefix === "card" ? i : 128 + i}`)
).flatMap((node) =>
  ["total", "used"].map((name) => `/sys/class/drm/${node}/device/mem_info_vram_${name}`)
);

/**
 * Reads lines `PATH:BYTES` of {@linkcode AMD_COUNTERS}, as `grep -H` prints them.
 *
 * @example
 * ```ts
 * import { AMD_COUNTERS, parseAmdCounters } from "./gpus.ts";
 * const [total, used] = AMD_COUNTERS;
 * parseAmdCounters(`${total}:17163091968\n${used}:1048576\n`)[0]?.freeMib; // 16367
 * ```
 */
export function parseAmdCounters(text: string): Gpu[] {
  return amdGpus(readDrm(text.split("\n")));
}
