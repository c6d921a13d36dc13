/** Reads why NVIDIA's driver does not work. */
import { type Facts, hasFailed, linesOf, outputOf } from "../../facts.ts";
import { gpusOf, nvidiaDriverOf, pciGpusOf } from "./gpus.ts";

/** A reason why nvidia-smi fails. */
export type SmiFault =
  | "mismatch"
  | "gpu-lost"
  | "no-gpu"
  | "no-power"
  | "no-library"
  | "not-permitted"
  | "not-loaded"
  | "unknown";

/** The faults by their words, and by their exit code in nvidia-smi(1), RETURN VALUE. */
const FAULTS: readonly (readonly [SmiFault, words: RegExp, exit?: number])[] = [
  ["mismatch", /version mismatch/i],
  ["gpu-lost", /device handle|fallen off|is lost|requires reset|^\d+, .*unknown error/i, 15],
  ["no-power", /power cable/i, 8],
  ["no-gpu", /no devices were found/i, 6],
  ["no-library", /libnvidia-ml/i, 12],
  ["not-permitted", /permission/i, 4],
  ["not-loaded", /communicate with the NVIDIA driver|driver not loaded/i, 9],
];

/** Returns why nvidia-smi fails, even if it fails for one GPU of several, and its words. */
export function smiFaultOf(facts: Facts): { fault: SmiFault; words: string } | undefined {
  const fact = facts.commands["nvidia-smi"];
  if (fact === undefined || "failed" in fact) return undefined;
  const lines = [...fact.stdout, ...fact.stderr];
  const [fault] = FAULTS.find(([, words]) => lines.some((line) => words.test(line))) ??
    FAULTS.find(([, , exit]) => exit === fact.exit) ?? ["unknown" as const];
  if (fact.exit === 0 && fault !== "gpu-lost" && fault !== "no-gpu") return undefined;
  return { fault, words: lines.join(" ").trim() || `exit code ${fact.exit}` };
}

/** Returns true if the kernel module that runs is one of the open ones. */
export function isOpenModule(facts: Facts): boolean {
  return /Open Kernel Module/.test(outputOf(facts, "nvidia-driver") ?? "");
}

/**
 * Returns the generations of NVIDIA's GPUs that the driver depends on, from a PCI id such as `10DE:2B85`.
 * The numbers ascend with the generations: Turing begins at 1E02 and Blackwell at 2901 (open-gpu-kernel-modules,
 * README, "Compatible GPUs"; the PCI ID Repository, 10de).
 */
export function generationOf(id: string): "before Turing" | "Turing to Ada" | "Blackwell or newer" {
  const device = parseInt(id.slice("10DE:".length), 16);
  // GH200: Grace Hopper.
  if (device >= 0x2900 || device === 0x2342 || device === 0x2348) return "Blackwell or newer";
  return device < 0x1e00 ? "before Turing" : "Turing to Ada";
}

/** Names of GPUs before Turing, as nvidia-smi prints them. */
const OLD_NAME =
  /\b(?:GTX (?:[5-9]|10)\d\d|GT (?:[5-9]|10)\d\d|TITAN (?:V|Xp?)|G?[VP]100|P(?:4|6|40)|M(?:4|6|10|40|60)|Quadro [KMP]\d+)\b/;

/** Returns true if every NVIDIA GPU is older than Turing: by its name, otherwise by its PCI id. */
export function areBeforeTuring(facts: Facts): boolean {
  const names = gpusOf(facts).flatMap(({ vendor, name }) => vendor === "NVIDIA" ? [name] : []);
  if (names.length > 0) return names.every((name) => OLD_NAME.test(name));
  const gpus = nvidiaPciGpus(facts);
  return gpus.length > 0 && gpus.every(({ id }) => generationOf(id) === "before Turing");
}

/** A reason why the kernel module is not loaded. */
export type ModuleFault = "kernel-not-booted" | "not-built" | "secure-boot" | "unknown";

/** Returns why NVIDIA's kernel module is not loaded. */
export function moduleFaultOf(facts: Facts): ModuleFault {
  const running = kernelOf(facts);
  const kernels = linesOf(facts, "kernels");
  if (running === undefined || kernels.length === 0) return "unknown";
  // pacman removes the modules of a kernel when it upgrades it.
  if (!kernels.includes(running)) return "kernel-not-booted";
  if (facts.commands["nvidia-modules"] === undefined) return "unknown";
  const isBuilt = linesOf(facts, "nvidia-modules")
    .some((line) => line.startsWith(`/lib/modules/${running}/`));
  if (!isBuilt) return "not-built";
  return outputOf(facts, "secure-boot") === undefined ? "unknown" : "secure-boot";
}

/** Returns the version of the kernel that runs, such as `6.12.57+deb13-amd64`. */
export function kernelOf(facts: Facts): string | undefined {
  return /^Linux version (\S+)/.exec(outputOf(facts, "kernel") ?? "")?.[1];
}

/** Returns true if NVIDIA's kernel module is missing, so that the reason is worth more probes. */
export function lacksNvidiaModule(facts: Facts): boolean {
  return hasFailed(facts, "nvidia-smi") && hasFailed(facts, "nvidia-driver") &&
    nvidiaDriverOf(facts) === undefined;
}

/** Returns the NVIDIA GPUs on the PCI bus. */
export function nvidiaPciGpus(facts: Facts) {
  return pciGpusOf(facts).filter(({ vendor }) => vendor === "NVIDIA");
}
