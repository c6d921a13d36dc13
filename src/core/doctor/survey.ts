import type { Facts } from "../facts.ts";
import { outputOf, whyUnknown } from "../facts.ts";
import { effectiveDevices } from "./read/cdi.ts";
import { filesOf } from "./read/files.ts";
import { type Gpu, gpusOf, hasNvidia, type Vendor } from "./read/gpus.ts";
import { type Listener, listenersOf } from "./read/ports.ts";

/** What a first Codex needs to know of its host. */
export interface Survey {
  readonly gpus: readonly Gpu[];
  /** Whose GPUs engines are to run on; nothing when none fits. */
  readonly vendor: Vendor | undefined;
  /** What an engine is given to reach them: CDI names where there are any, else device nodes. */
  readonly devices: readonly string[];
  /** Whether Podman can resolve these devices now. */
  readonly devicesDefined: boolean;
  /** Who listens on which port; nothing when that could not be asked. */
  readonly listeners: readonly Listener[] | undefined;
  /** Why it could not be asked. */
  readonly listenersUnknown: string | undefined;
  /** Whether SELinux keeps containers from files that are not labelled for them. */
  readonly isSelinuxEnforcing: boolean;
}

/** Reads what {@linkcode surveyProbes} asked. */
export function surveyOf(facts: Facts): Survey {
  const listenersKnown = outputOf(facts, "ports") !== undefined;
  return {
    gpus: gpusOf(facts),
    ...devicesOf(facts),
    listeners: listenersKnown ? listenersOf(facts) : undefined,
    listenersUnknown: listenersKnown ? undefined : whyUnknown(facts, "ports"),
    isSelinuxEnforcing: outputOf(facts, "selinux")?.trim() === "1",
  };
}

type Devices = Pick<Survey, "vendor" | "devices" | "devicesDefined">;

/**
 * NVIDIA before AMD before Intel. Intel's only with a CDI specification: else it is most often the
 * small GPU of the processor, on which no engine should land by a guess.
 */
function devicesOf(facts: Facts): Devices {
  const defined = [...effectiveDevices(facts).devices.keys()];
  const nvidia = ofKind(defined, "nvidia.com/gpu");
  if (nvidia.length > 0) return { vendor: "NVIDIA", devices: nvidia, devicesDefined: true };
  if (hasNvidia(facts)) {
    return { vendor: "NVIDIA", devices: ["nvidia.com/gpu=all"], devicesDefined: false };
  }
  const amd = ofKind(defined, "amd.com/gpu");
  if (amd.length > 0) return { vendor: "AMD", devices: amd, devicesDefined: true };
  const hasAmd = gpusOf(facts).some(({ vendor }) => vendor === "AMD");
  if (hasAmd && filesOf(facts, "gpu-nodes").has("/dev/kfd")) {
    return { vendor: "AMD", devices: ["/dev/kfd", "/dev/dri"], devicesDefined: true };
  }
  const intel = ofKind(defined, "intel.com/gpu");
  return intel.length > 0
    ? { vendor: "Intel", devices: intel, devicesDefined: true }
    : { vendor: undefined, devices: [], devicesDefined: false };
}

/** Those of `devices` that are `kind=NAME`: `kind=all` alone where there is one. */
function ofKind(devices: readonly string[], kind: string): string[] {
  const own = devices.filter((device) => device.startsWith(`${kind}=`)).sort();
  const all = own.filter((device) => device === `${kind}=all`);
  return all.length > 0 ? all : own;
}
