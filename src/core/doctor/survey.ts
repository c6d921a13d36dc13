import { type Facts, outputOf, whyUnknown } from "../facts.ts";
import { effectiveDevices } from "./read/cdi.ts";
import { gpusOf, hasNvidia, type HostGpu, type Vendor } from "./read/gpus.ts";
import { type Listener, listenersOf } from "./read/ports.ts";
import { selinuxModeOf } from "./read/selinux.ts";
import { filesOf, otherAccounts } from "./read/system.ts";

/** The facts of a host that a first Codex depends on. */
export interface Survey {
  readonly gpus: readonly HostGpu[];
  /** The maker of the GPUs for engines; undefined if no GPU is suitable. */
  readonly vendor: Vendor | undefined;
  /** The devices for engines: CDI names if there are any, otherwise device nodes. */
  readonly devices: readonly string[];
  /** True if Podman can resolve these devices now. */
  readonly devicesDefined: boolean;
  /** The sockets that listen on ports; undefined if they are unknown. */
  readonly listeners: readonly Listener[] | undefined;
  /** The reason why they are unknown. */
  readonly listenersUnknown: string | undefined;
  /** The number of other people with an account on the host; undefined if it is unknown. */
  readonly otherAccounts: number | undefined;
  /** True if SELinux restricts containers to files that are labelled for them. */
  readonly isSelinuxEnforcing: boolean;
}

/** Reads the facts that {@linkcode surveyProbes} gathers. */
export function surveyOf(facts: Facts, user: number): Survey {
  const listenersKnown = outputOf(facts, "ports") !== undefined;
  return {
    gpus: gpusOf(facts),
    ...devicesOf(facts),
    listeners: listenersKnown ? listenersOf(facts) : undefined,
    listenersUnknown: listenersKnown ? undefined : whyUnknown(facts, "ports"),
    otherAccounts: otherAccounts(facts, user),
    isSelinuxEnforcing: selinuxModeOf(facts) === "enforcing",
  };
}

/**
 * Prefers NVIDIA, then AMD, then Intel. Intel needs a CDI specification: without one it is usually the
 * integrated GPU, which no engine should get by default.
 */
function devicesOf(facts: Facts): Pick<Survey, "vendor" | "devices" | "devicesDefined"> {
  const defined = [...effectiveDevices(facts).devices.keys()].sort();
  for (const vendor of ["NVIDIA", "AMD", "Intel"] as const) {
    const kind = `${vendor.toLowerCase()}.com/gpu`;
    const own = defined.filter((device) => device.startsWith(`${kind}=`));
    const devices = own.includes(`${kind}=all`) ? [`${kind}=all`] : own;
    if (devices.length > 0) return { vendor, devices, devicesDefined: true };
    if (vendor === "NVIDIA" && hasNvidia(facts)) {
      return { vendor, devices: [`${kind}=all`], devicesDefined: false };
    }
    if (
      vendor === "AMD" && filesOf(facts, "gpu-nodes").has("/dev/kfd") &&
      gpusOf(facts).some((gpu) => gpu.vendor === "AMD")
    ) return { vendor, devices: ["/dev/kfd", "/dev/dri"], devicesDefined: true };
  }
  return { vendor: undefined, devices: [], devicesDefined: false };
}
