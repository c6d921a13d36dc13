import { couldNotRun, type Facts, hasFailed, linesOf, NO_ANSWER, outputOf } from "../../facts.ts";
import {
  amdGpus,
  type DrmNodes,
  type Gpu,
  nvidiaNames,
  readDrm,
  readSmi,
  smiQuery,
  type Vendor,
} from "../../gpus.ts";
import { filesOf } from "./system.ts";

export type { Vendor } from "../../gpus.ts";

/** A GPU that a driver reports. */
export interface HostGpu {
  readonly vendor: Vendor;
  readonly name: string;
  /** The number and the UUID of an NVIDIA GPU. */
  readonly index?: number;
  readonly uuid?: string;
  /** Missing if the driver does not report it. */
  readonly memoryMib?: number;
}

const SMI_COLUMNS = ["index", "uuid", "name", "memory.total", "driver_version"] as const;

/** The arguments of `nvidia-smi`. */
export const SMI_QUERY: readonly string[] = smiQuery(SMI_COLUMNS);

function smiOf(facts: Facts) {
  return readSmi(outputOf(facts, "nvidia-smi") ?? "", SMI_COLUMNS);
}

function drmOf(facts: Facts): DrmNodes {
  return readDrm(linesOf(facts, "drm"));
}

/** Returns every GPU that a driver reports, NVIDIA's first. */
export function gpusOf(facts: Facts): readonly HostGpu[] {
  const nvidia = smiOf(facts).map((row): HostGpu => ({
    vendor: "NVIDIA",
    name: row.name,
    index: Number(row.index),
    uuid: row.uuid,
    // A GPU that shares the system's memory has `[N/A]`.
    ...memoryOf(Number(row["memory.total"])),
  }));
  const others = [...drmOf(facts)].flatMap(([node, values]): HostGpu[] => {
    const driver = values.get("DRIVER") ?? "";
    const vendor = vendorOfDriver(driver);
    if (vendor === undefined || !node.startsWith("card")) return [];
    const memoryMib = Math.floor(Number(values.get("mem_info_vram_total")) / 2 ** 20);
    const name = `${values.get("PCI_ID") ?? "GPU"} (${driver})`;
    return [{ vendor, name, ...memoryMib > 0 ? { memoryMib } : {} }];
  });
  // JetPack 5 has no nvidia-smi.
  const tegra: HostGpu[] = nvidia.length === 0 && isNvgpu(facts)
    ? [{ vendor: "NVIDIA", name: "Tegra (nvgpu)", index: 0 }]
    : [];
  return [...nvidia, ...tegra, ...others];
}

/**
 * Returns true if the GPU is part of a Tegra and has the driver nvgpu, as a Jetson up to Orin. This driver
 * has other device nodes than the usual one, and no nvidia-uvm (nvidia-cdi-refresh.service of the Container
 * Toolkit makes the same distinction). A Jetson Thor has the usual driver.
 */
export function isNvgpu(facts: Facts): boolean {
  return outputOf(facts, "nvidia-driver") === undefined && (
    smiOf(facts).some(({ name }) => /\bnvgpu\b/.test(name)) ||
    /tegra/i.test(outputOf(facts, "kernel") ?? "") ||
    [...filesOf(facts, "cdi-paths").keys()].some((path) =>
      /^\/dev\/(?:nvgpu\/|nvhost-gpu$)/.test(path)
    )
  );
}

function memoryOf(memoryMib: number): { memoryMib?: number } {
  return Number.isFinite(memoryMib) ? { memoryMib } : {};
}

function vendorOfDriver(driver: string): Vendor | undefined {
  return driver === "amdgpu" ? "AMD" : driver === "i915" || driver === "xe" ? "Intel" : undefined;
}

/** Returns the GPUs whose memory is known, with all of it free. */
export function gpuMemoryOf(facts: Facts): readonly Gpu[] {
  const nvidia = smiOf(facts).flatMap((row): Gpu[] => {
    const totalMib = Number(row["memory.total"]);
    return Number.isFinite(totalMib)
      ? [{ vendor: "nvidia", names: nvidiaNames(row), totalMib, freeMib: totalMib }]
      : [];
  });
  return [...nvidia, ...amdGpus(drmOf(facts), { assumeFree: true })]
    .filter(({ totalMib }) => totalMib > 0);
}

const PCI_VENDORS: Readonly<Record<string, Vendor>> = {
  "10DE": "NVIDIA",
  "1002": "AMD",
  "8086": "Intel",
};

/** A GPU on the PCI bus. */
export interface PciGpu {
  readonly vendor: Vendor;
  /** Such as `10DE:2684`. */
  readonly id: string;
  /** Such as `0000:01:00.0`. */
  readonly address: string;
  /** The kernel driver in use, if any. */
  readonly driver: string | undefined;
}

/** Returns the GPUs on the PCI bus. */
export function pciGpusOf(facts: Facts): PciGpu[] {
  const lines = linesOf(facts, "pci-gpus");
  return lines.flatMap((line): PciGpu[] => {
    const [, file, id = ""] = /^(.*):PCI_ID=([0-9A-F]{4}:[0-9A-F]{4})$/.exec(line) ?? [];
    const vendor = PCI_VENDORS[id.slice(0, 4)];
    const driver = lines.find((l) => l.startsWith(`${file}:DRIVER=`))?.split("DRIVER=")[1];
    const [, address = ""] = /([^/]+)\/uevent$/.exec(file ?? "") ?? [];
    return vendor === undefined ? [] : [{ vendor, id, address, driver }];
  });
}

/** A line of `/sys/bus/pci/devices/ADDRESS/resource`: the first and last address of a part, and its flags. */
const RESOURCE = /\/([^/]+)\/resource:(0x[0-9a-f]{1,16}) (0x[0-9a-f]{1,16}) /;

/** Returns the discrete GPUs of Intel; an integrated one is on the bus of the processor. */
export function arcGpusOf(facts: Facts): readonly PciGpu[] {
  return pciGpusOf(facts).filter(({ vendor, address }) =>
    vendor === "Intel" && !address.startsWith("0000:00:")
  );
}

/** Returns the size of the largest part of a GPU's memory that the processor reaches at once; 0 if unknown. */
export function mappedMib(facts: Facts, { address }: PciGpu): number {
  const sizes = linesOf(facts, "pci-resources").flatMap((line) => {
    const [, gpu, start, end] = RESOURCE.exec(line) ?? [];
    return gpu === address ? [Number(end) - Number(start) + 1] : [];
  });
  return Math.max(0, ...sizes) / 2 ** 20;
}

/** Returns true for device nodes that can compute, false for display-only nodes. */
export function isForCompute(facts: Facts, path: string): boolean {
  if (!path.startsWith("/dev/dri/")) return true;
  const [, node = ""] = /\/(renderD\d+)$/.exec(path) ?? [];
  return vendorOfDriver(drmOf(facts).get(node)?.get("DRIVER") ?? "") !== undefined;
}

/** Returns true if nvidia-smi exists but cannot reach the driver; gpu.driver reports the reason. */
export function isNvidiaBroken(facts: Facts): boolean {
  return hasFailed(facts, "nvidia-smi") || couldNotRun(facts, "nvidia-smi", NO_ANSWER) ||
    // Some versions exit with 0.
    /no devices were found/i.test(outputOf(facts, "nvidia-smi") ?? "");
}

/** Returns true if NVIDIA's driver is loaded, even if its tools fail. */
export function hasNvidia(facts: Facts): boolean {
  return nvidiaDriverOf(facts) !== undefined || smiOf(facts).length > 0 || isNvgpu(facts);
}

/**
 * Returns the version of the running NVIDIA driver, from `/proc/driver/nvidia/version`, or on WSL from
 * `nvidia-smi`.
 */
export function nvidiaDriverOf(facts: Facts): string | undefined {
  // NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 01:44:30 UTC 2024
  // NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build  (…)
  const [, version] = /^NVRM version:.*?\s(\d+\.\d+(?:\.\d+)?)\s/m.exec(
    `${outputOf(facts, "nvidia-driver") ?? ""} `,
  ) ?? [];
  return version ?? smiOf(facts).map((row) => row.driver_version).find((v) => /\d\.\d/.test(v));
}

/** Returns the GPU targets of AMD's compute driver: gfx1100 is 110000. */
export function kfdTargetsOf(facts: Facts): readonly number[] {
  return linesOf(facts, "kfd").flatMap((line) => {
    const target = Number(/:gfx_target_version (\d+)$/.exec(line)?.[1] ?? 0);
    return target > 0 ? [target] : [];
  });
}
