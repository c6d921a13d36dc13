/** The check of NVIDIA's driver: nvidia-smi fails for many reasons, and each has another fix. */
import { couldNotRun, type Facts, NO_ANSWER } from "../../facts.ts";
import { command } from "../../report/mod.ts";
import {
  type Check,
  error,
  ok,
  see,
  skipped,
  type Subject,
  type Verdict,
  warning,
} from "../check.ts";
import { vendorsOf } from "../needs.ts";
import { isNvgpu, nvidiaDriverOf, type PciGpu } from "../read/gpus.ts";
import {
  generationOf,
  isOpenModule,
  type ModuleFault,
  moduleFaultOf,
  nvidiaPciGpus,
  type SmiFault,
  smiFaultOf,
} from "../read/nvidia.ts";
import { isWsl } from "../read/system.ts";
import { type Remedy, remedy, withComment } from "../remedies.ts";

/** The first driver without support for Maxwell, Pascal and Volta (NVIDIA, "Unix graphics driver support"). */
const DRIVER_FROM_TURING = 590;

const KERNEL_LOG = command`sudo dmesg | grep -i -e NVRM -e Xid`;

/** The check of NVIDIA's driver. */
export const DRIVER_CHECK: Check = {
  id: "gpu.driver",
  about: "NVIDIA's driver works and has the version of its tools",
  why: "without a working driver, CUDA finds no GPU",
  run(subject) {
    const { facts } = subject;
    const driver = nvidiaDriverOf(facts);
    // Jetson: its nvidia-smi may be missing or fail.
    if (isNvgpu(facts)) return ok(`NVIDIA driver ${driver ?? "nvgpu"}`);
    if (couldNotRun(facts, "nvidia-smi", NO_ANSWER)) {
      return error("nvidia-smi does not answer in time", KERNEL_LOG);
    }
    const fact = facts.commands["nvidia-smi"];
    if (fact === undefined || "failed" in fact) {
      return driver === undefined ? skipped("there is no NVIDIA driver") : error(
        `the driver ${driver} is loaded, but nvidia-smi is not installed`,
        remedy(facts, "installNvidiaSmi", { branch: branchOf(driver) }),
      );
    }
    const found = smiFaultOf(facts);
    if (found === undefined) return ok(`NVIDIA driver ${driver ?? "of unknown version"}`);
    if (found.fault === "no-gpu" || found.fault === "not-loaded") {
      const verdict = virtualMachineVerdict(subject, nvidiaPciGpus(facts));
      if (verdict !== undefined) return verdict;
    }
    return REPORTS[found.fault](subject, `nvidia-smi: ${found.words}`);
  },
};

const REPORTS: Readonly<Record<SmiFault, (subject: Subject, what: string) => Verdict>> = {
  mismatch: ({ facts }, what) =>
    error(
      what,
      remedy(facts, "reboot"),
      "the driver was updated on disk, but the kernel still runs the previous one",
    ),
  // NVIDIA, "XID Errors": 79, GPU has fallen off the bus.
  "gpu-lost": ({ facts }, what) =>
    error(
      what,
      withComment(remedy(facts, "reboot"), command`first, ${KERNEL_LOG} shows the cause`),
      "the GPU stopped responding, often for lack of power, heat or a loose riser; it works again after a reboot",
    ),
  "no-power": (_, what) =>
    error(what, command`sudo poweroff    # then connect the power cables of the GPU`),
  "no-gpu": ({ facts }, what) => noGpu(facts, what),
  "no-library": ({ facts }, what) =>
    error(
      what,
      remedy(facts, "installNvidiaSmi", { branch: branchOf(nvidiaDriverOf(facts)) }),
      "nvidia-smi is installed, but not the libraries of the driver",
    ),
  "not-permitted": ({ facts }, what) =>
    hasClosedNode(facts)
      ? see("gpu.nodes", what)
      : error(what, command`ls -l ${isWsl(facts) ? "/dev/dxg" : command`/dev/nvidia*`}`),
  "not-loaded": ({ facts }, what) =>
    nvidiaDriverOf(facts) === undefined || isWsl(facts)
      ? notLoaded(facts, what)
      : error(what, KERNEL_LOG),
  unknown: ({ facts }, what) =>
    nvidiaDriverOf(facts) === undefined ? notLoaded(facts, what) : error(what, KERNEL_LOG),
};

/** Reports that the driver runs, but accepts no GPU. */
function noGpu(facts: Facts, what: string): Verdict {
  // The driver is that of Windows.
  if (isWsl(facts)) return notLoaded(facts, what);
  const driver = nvidiaDriverOf(facts);
  const branch = branchOf(driver);
  const generations = nvidiaPciGpus(facts).map(({ id }) => generationOf(id));
  const isOpen = isOpenModule(facts);
  // NVIDIA, "NVIDIA Transitions Fully Towards Open-Source GPU Kernel Modules", Supported GPUs.
  if (driver !== undefined && !isOpen && generations.includes("Blackwell or newer")) {
    return error(
      what,
      remedy(facts, "openNvidiaModules", { branch }),
      `driver ${driver} runs with closed kernel modules; this GPU works only with the open ones`,
    );
  }
  if (driver !== undefined && generations.includes("before Turing")) {
    if (Number(branch) >= DRIVER_FROM_TURING) {
      return error(
        what,
        remedy(facts, "legacyNvidia"),
        `driver ${driver} does not support GPUs before Turing; 580 is the last one that does`,
      );
    }
    if (isOpen) {
      return error(
        what,
        remedy(facts, "closedNvidiaModules", { branch }),
        `driver ${driver} runs with open kernel modules, which do not support GPUs before Turing`,
      );
    }
  }
  return error(what, KERNEL_LOG, "the driver is loaded, but accepts no GPU; the kernel logs why");
}

/** The reasons why the kernel module is not loaded, and the commands that load it. */
const MODULE_REPORTS = {
  "kernel-not-booted": [
    "the kernel was upgraded, which removed the modules of the kernel that still runs",
    "reboot",
  ],
  "not-built": ["there is no kernel module of the driver for the kernel that runs", "buildNvidia"],
  "secure-boot": [
    "the kernel module is not loaded; Secure Boot is on and rejects modules that are not signed",
    "trustNvidia",
  ],
  unknown: [
    "the kernel module is not loaded: it is not built for this kernel, this kernel was upgraded but not booted, or Secure Boot rejects it",
    "loadNvidia",
  ],
} as const satisfies Readonly<Record<ModuleFault, readonly [why: string, fix: Remedy]>>;

function notLoaded(facts: Facts, what: string): Verdict {
  // On WSL the module is a part of Windows.
  const [why, fix] = isWsl(facts)
    ? ["the driver of Windows and WSL do not match", "loadNvidia"] as const
    : MODULE_REPORTS[moduleFaultOf(facts)];
  return error(what, remedy(facts, fix), why);
}

function branchOf(driver = ""): string {
  return driver.split(".")[0] ?? "";
}

/** Returns true if the user may not open one of NVIDIA's nodes. */
function hasClosedNode(facts: Facts): boolean {
  return Object.entries(facts.commands).some(([id, fact]) =>
    id.startsWith("open:/dev/nvidia") && "exit" in fact && fact.exit !== 0
  );
}

/** The drivers that keep a GPU for a virtual machine. */
const VM_DRIVERS = /^(?:vfio-pci|pci-stub)$/;

/** Returns the verdict if virtual machines hold all of these GPUs, which are of one vendor. */
export function virtualMachineVerdict(
  { facts, codex, needs }: Subject,
  gpus: readonly PciGpu[],
): Verdict | undefined {
  const [first] = gpus;
  if (first === undefined || !gpus.every(({ driver = "" }) => VM_DRIVERS.test(driver))) {
    return undefined;
  }
  const { vendor, id, address, driver: holder = "" } = first;
  const what = `${holder} holds the ${vendor} GPU (${id}) for a virtual machine`;
  if (codex.kind === "read" && !vendorsOf(needs).has(vendor)) {
    return skipped(`${what}, and no engine uses it`);
  }
  const report = codex.kind === "read" ? error : warning;
  const driver = vendor === "NVIDIA" ? "nvidia" : vendor === "AMD" ? "amdgpu" : "xe";
  return report(
    what,
    remedy(facts, "takeFromVirtualMachine", { address, holder, driver }),
    "a GPU that is passed to a virtual machine does not exist for the host",
  );
}
