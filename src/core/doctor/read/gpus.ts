import { type Facts, outputOf, partOf } from "../../facts.ts";
import { readVersion } from "./version.ts";

/** Who made a GPU. */
export type Vendor = "NVIDIA" | "AMD" | "Intel";

/** One GPU of the host. */
export interface Gpu {
  readonly vendor: Vendor;
  readonly name: string;
  /** As NVIDIA's driver counts. */
  readonly index?: number;
  readonly uuid?: string;
  /** The name of its node below `/dev/dri`. */
  readonly card?: string;
  /** Nothing when the driver does not tell. */
  readonly memoryMib?: number;
}

/** Every GPU that a driver shows, NVIDIA's first. */
export function gpusOf(facts: Facts): readonly Gpu[] {
  return [...nvidiaGpus(facts), ...drmGpus(facts)];
}

/** Reads `index, uuid, name, memory.total` of `nvidia-smi --format=csv,noheader,nounits`. */
function nvidiaGpus(facts: Facts): Gpu[] {
  return (outputOf(facts, "nvidia-smi") ?? "").split("\n").flatMap((line) => {
    const [index, uuid, name, memory] = line.split(",").map((field) => field.trim());
    if (index === undefined || !/^\d+$/.test(index) || uuid === undefined) return [];
    const memoryMib = Number(memory);
    return [{
      vendor: "NVIDIA" as const,
      name: name ?? "GPU",
      index: Number(index),
      uuid,
      // Where memory is the system's own it says [N/A].
      ...Number.isFinite(memoryMib) ? { memoryMib } : {},
    }];
  });
}

/** Reads `/sys/class/drm/card*`: uevent, and for amdgpu the size of the memory. */
function drmGpus(facts: Facts): Gpu[] {
  const cards = new Map<string, Map<string, string>>();
  for (const line of (partOf(facts, "drm") ?? "").split("\n")) {
    const found = /^\/sys\/class\/drm\/(card\d+)\/device\/(\w+):(?:(\w+)=)?(.*)$/.exec(line);
    if (found === null) continue;
    const [, card = "", file = "", key, value = ""] = found;
    const values = cards.get(card) ?? new Map<string, string>();
    cards.set(card, values.set(key ?? file, value));
  }
  return [...cards].flatMap(([card, values]) => {
    const vendor = { amdgpu: "AMD", i915: "Intel", xe: "Intel" }[values.get("DRIVER") ?? ""];
    if (vendor === undefined) return [];
    const bytes = Number(values.get("mem_info_vram_total"));
    return [{
      vendor: vendor as Vendor,
      name: `${values.get("PCI_ID") ?? "GPU"} (${values.get("DRIVER")})`,
      card,
      ...bytes > 0 ? { memoryMib: Math.floor(bytes / 2 ** 20) } : {},
    }];
  });
}

/** A GPU on the PCI bus. */
export interface PciGpu {
  readonly vendor: Vendor;
  /** `10DE:2684`. */
  readonly id: string;
  /** The kernel's driver that has it, if one has. */
  readonly driver: string | undefined;
}

/** GPUs on the PCI bus, whether or not a driver has them. */
export function pciGpusOf(facts: Facts): readonly PciGpu[] {
  const vendors: Readonly<Record<string, Vendor>> = {
    "10DE": "NVIDIA",
    "1002": "AMD",
    "8086": "Intel",
  };
  const lines = (partOf(facts, "pci-gpus") ?? "").split("\n");
  return lines.flatMap((line) => {
    const [, file, id = ""] = /^(.*):PCI_ID=([0-9A-F]{4}:[0-9A-F]{4})$/.exec(line) ?? [];
    const vendor = vendors[id.slice(0, 4)];
    const driver = lines.find((l) => l.startsWith(`${file}:DRIVER=`))?.split("DRIVER=")[1];
    return vendor === undefined ? [] : [{ vendor, id, driver }];
  });
}

/** The kernel's driver of each `/dev/dri/renderD*`. */
export function renderDriversOf(facts: Facts): ReadonlyMap<string, string> {
  return new Map(
    (partOf(facts, "drm") ?? "").split("\n").flatMap((line) => {
      const found = /\/(renderD\d+)\/device\/uevent:DRIVER=(.*)$/.exec(line);
      return found === null ? [] : [[`/dev/dri/${found[1]}`, found[2] ?? ""] as const];
    }),
  );
}

/** Whether nvidia-smi is there but finds no driver to speak to: gpu.driver tells why. */
export function isNvidiaBroken(facts: Facts): boolean {
  const fact = facts.commands["nvidia-smi"];
  return fact !== undefined && ("exit" in fact ? fact.exit !== 0 : /no answer/.test(fact.failed));
}

/** Whether the kernel has NVIDIA's driver, whatever its tools say. */
export function hasNvidia(facts: Facts): boolean {
  return nvidiaDriverOf(facts) !== undefined || nvidiaGpus(facts).length > 0;
}

/**
 * The version of the NVIDIA driver that runs, as written: by `/proc/driver/nvidia/version`, below
 * Windows by `nvidia-smi`.
 */
export function nvidiaDriverOf(facts: Facts): string | undefined {
  // NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 01:44:30 UTC 2024
  // NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build  (…)
  const line = /^NVRM version:.*?\s(\d+\.\d+(?:\.\d+)?)\s/m.exec(
    `${outputOf(facts, "nvidia-driver") ?? ""} `,
  );
  if (line !== null) return line[1];
  const smi = (outputOf(facts, "nvidia-smi") ?? "").split("\n")[0]?.split(",").at(-1)?.trim();
  return readVersion(smi) === undefined ? undefined : smi;
}

/** The major number that the kernel gave a driver now, by `/proc/devices`. */
export function majorOf(facts: Facts, driver: string): number | undefined {
  for (const line of (outputOf(facts, "char-devices") ?? "").split("\n")) {
    const [number, name] = line.trim().split(/\s+/);
    if (name === driver && /^\d+$/.test(number ?? "")) return Number(number);
  }
  return undefined;
}

/** The GPU nodes of the compute driver of AMD, by their target: gfx1100 is 110000. */
export function kfdTargetsOf(facts: Facts): readonly number[] {
  return (partOf(facts, "kfd") ?? "").split("\n").flatMap((line) => {
    const target = Number(/:gfx_target_version (\d+)$/.exec(line)?.[1] ?? 0);
    return target > 0 ? [target] : [];
  });
}
