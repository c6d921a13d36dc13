/**
 * The load of GPUs, and the GPU memory that each Soulstone uses: the output of `nvidia-smi`, and files of
 * the kernel.
 *
 * @module
 */
import { AMD_COUNTERS, amdGpus, readDrm, readSmi, smiQuery } from "../gpus.ts";
import { soulstoneOf } from "../rune/names.ts";

/** The load of one GPU. */
export interface GpuLoad {
  readonly name: string;
  readonly usedMib: number;
  readonly totalMib: number;
  /** Undefined where the driver does not measure it. */
  readonly powerWatts: number | undefined;
  /** From 0 to 1. */
  readonly utilization: number | undefined;
}

const COLUMNS = [
  ...["index", "name", "memory.used", "memory.total"] as const,
  ...["power.draw", "utilization.gpu"] as const,
] as const;

/** The arguments of `nvidia-smi` whose output {@linkcode parseNvidiaLoads} reads. */
export const NVIDIA_LOADS: readonly string[] = smiQuery(COLUMNS);

/**
 * Reads the output of {@linkcode NVIDIA_LOADS}.
 *
 * @example
 * ```ts
 * import { parseNvidiaLoads } from "./gpu_load.ts";
 * parseNvidiaLoads("0, NVIDIA H200, 512, 143771, 76.25, 3\n")[0]?.powerWatts; // 76.25
 * ```
 */
export function parseNvidiaLoads(text: string): GpuLoad[] {
  return readSmi(text, COLUMNS).flatMap((row) => {
    const [usedMib, totalMib] = [Number(row["memory.used"]), Number(row["memory.total"])];
    if (!Number.isFinite(usedMib) || !Number.isFinite(totalMib)) return [];
    const percent = measured(row["utilization.gpu"]);
    return [{
      name: row.name,
      usedMib,
      totalMib,
      powerWatts: measured(row["power.draw"]),
      utilization: percent === undefined ? undefined : percent / 100,
    }];
  });
}

/** Returns a number; undefined for words such as `[N/A]`. */
function measured(text: string): number | undefined {
  return /^\d/.test(text) && Number.isFinite(Number(text)) ? Number(text) : undefined;
}

/** The files of amdgpu that {@linkcode parseAmdLoads} reads: the memory, and how busy each card is. */
export const AMD_LOADS: readonly string[] = [
  ...AMD_COUNTERS,
  ...AMD_COUNTERS.filter((path) => path.endsWith("_total"))
    .map((path) => path.replace(/[^/]+$/, "gpu_busy_percent")),
];

/**
 * Reads lines `PATH:NUMBER` of {@linkcode AMD_LOADS}, as `grep -H` prints them. The driver has no file of
 * a fixed name for the power.
 */
export function parseAmdLoads(text: string): GpuLoad[] {
  const nodes = readDrm(text.split("\n"));
  return amdGpus(nodes).map(({ names: [index = "", node = ""], totalMib, freeMib }) => {
    const percent = measured(nodes.get(node)?.get("gpu_busy_percent") ?? "");
    return {
      name: `AMD GPU ${index}`,
      usedMib: totalMib - freeMib,
      totalMib,
      powerWatts: undefined,
      utilization: percent === undefined ? undefined : percent / 100,
    };
  });
}

/** The arguments of `nvidia-smi` whose output {@linkcode parseProcesses} reads. */
export const NVIDIA_PROCESSES: readonly string[] = [
  "--query-compute-apps=pid,used_memory",
  "--format=csv,noheader,nounits",
];

/**
 * Reads the GPU memory of each process in MiB, by its number, of all GPUs together.
 *
 * @example
 * ```ts
 * import { parseProcesses } from "./gpu_load.ts";
 * parseProcesses("4711, 512\n4711, 256\n"); // new Map([["4711", 768]])
 * ```
 */
export function parseProcesses(text: string): Map<string, number> {
  const used = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [, pid, mib] = /^(\d+), (\d+)$/.exec(line.trim()) ?? [];
    if (pid !== undefined) used.set(pid, (used.get(pid) ?? 0) + Number(mib));
  }
  return used;
}

/** Returns the file of the kernel that names the control group of the process with this number. */
export function controlGroupFile(pid: string): string {
  return `/proc/${pid}/cgroup`;
}

/**
 * Returns the GPU memory of each Soulstone in MiB: that of the processes in the control group of its
 * service. `groups` has lines `PATH:0::GROUP`, as `grep -H` prints them.
 *
 * @example
 * ```ts
 * import { memoryOfSoulstones } from "./gpu_load.ts";
 * const groups = "/proc/4711/cgroup:0::/app.slice/soulstone-eye.service/libpod-payload-1f\n";
 * memoryOfSoulstones(new Map([["4711", 768]]), groups); // new Map([["eye", 768]])
 * ```
 */
export function memoryOfSoulstones(
  processes: ReadonlyMap<string, number>,
  groups: string,
): Map<string, number> {
  const used = new Map<string, number>();
  for (const line of groups.split("\n")) {
    const [, pid = "", group = ""] = /^\/proc\/(\d+)\/cgroup:\d+::(\/.*)$/.exec(line) ?? [];
    const mib = processes.get(pid);
    const [soulstone] = group.split("/").flatMap((part) => soulstoneOf(part) ?? []);
    if (mib !== undefined && soulstone !== undefined) {
      used.set(soulstone, (used.get(soulstone) ?? 0) + mib);
    }
  }
  return used;
}
