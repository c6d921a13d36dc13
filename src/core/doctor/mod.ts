/** What is wrong with a host, and the command that mends it. */
import { command } from "../report/mod.ts";
import type { Check, Subject, Verdict } from "./check.ts";
import type { HostFinding } from "./report.ts";
import { CDI_DEVICES } from "./checks/cdi_devices.ts";
import { CDI_DRIVER } from "./checks/cdi_driver.ts";
import { CDI_DUPLICATES } from "./checks/cdi_duplicates.ts";
import { CDI_FOLDERS } from "./checks/cdi_folders.ts";
import { CDI_NODES } from "./checks/cdi_nodes.ts";
import { CDI_REFRESH } from "./checks/cdi_refresh.ts";
import { CDI_SPECS } from "./checks/cdi_specs.ts";
import { CGROUP_CONTROLLERS } from "./checks/cgroup_controllers.ts";
import { CGROUP_VERSION } from "./checks/cgroup_version.ts";
import { CODEX_IMAGES } from "./checks/codex_images.ts";
import { CODEX_KEYS } from "./checks/codex_keys.ts";
import { CODEX_MODELS } from "./checks/codex_models.ts";
import { CODEX_PORTS } from "./checks/codex_ports.ts";
import { CODEX_SECRETS } from "./checks/codex_secrets.ts";
import { CODEX_VALID } from "./checks/codex_valid.ts";
import { CODEX_VOLUMES } from "./checks/codex_volumes.ts";
import { CODEX_VRAM } from "./checks/codex_vram.ts";
import { GPU_DRIVER } from "./checks/gpu_driver.ts";
import { GPU_FOUND } from "./checks/gpu_found.ts";
import { GPU_KFD } from "./checks/gpu_kfd.ts";
import { GPU_NODES } from "./checks/gpu_nodes.ts";
import { GPU_UVM } from "./checks/gpu_uvm.ts";
import { HOST_DISK } from "./checks/host_disk.ts";
import { HOST_MEMLOCK } from "./checks/host_memlock.ts";
import { HOST_SELINUX } from "./checks/host_selinux.ts";
import { PODMAN_NETWORK } from "./checks/podman_network.ts";
import { PODMAN_ROOTLESS } from "./checks/podman_rootless.ts";
import { PODMAN_RUNTIME } from "./checks/podman_runtime.ts";
import { PODMAN_STORAGE } from "./checks/podman_storage.ts";
import { PODMAN_SUBIDS } from "./checks/podman_subids.ts";
import { PODMAN_VERSION } from "./checks/podman_version.ts";
import { QUADLET_GENERATOR } from "./checks/quadlet_generator.ts";
import { QUADLET_VERSION } from "./checks/quadlet_version.ts";
import { SYSTEMD_BOOT } from "./checks/systemd_boot.ts";
import { SYSTEMD_LINGER } from "./checks/systemd_linger.ts";
import { SYSTEMD_MANAGER } from "./checks/systemd_manager.ts";
import { SYSTEMD_SESSION } from "./checks/systemd_session.ts";
import { SYSTEMD_UNITS } from "./checks/systemd_units.ts";
import { SYSTEMD_VERSION } from "./checks/systemd_version.ts";

export type { Check, CodexState, Subject } from "./check.ts";
export { type Asking, probesFor, surveyProbes } from "./probes.ts";
export { formatFindings, type HostFinding, listChecks } from "./report.ts";
export { NO_WANTS, type Wants, wantsOf } from "./wants.ts";
export { type Survey, surveyOf } from "./survey.ts";
export { podmanInfoOf } from "./read/podman.ts";
export { userOf } from "./read/user.ts";
export { type Gpu, type Vendor } from "./read/gpus.ts";
export { addressesClash, type Listener } from "./read/ports.ts";

/** Every check, by group. */
export const CHECKS: readonly Check[] = [
  PODMAN_VERSION,
  PODMAN_ROOTLESS,
  PODMAN_RUNTIME,
  PODMAN_NETWORK,
  PODMAN_STORAGE,
  PODMAN_SUBIDS,
  QUADLET_GENERATOR,
  QUADLET_VERSION,
  CGROUP_VERSION,
  CGROUP_CONTROLLERS,
  SYSTEMD_MANAGER,
  SYSTEMD_SESSION,
  SYSTEMD_VERSION,
  SYSTEMD_LINGER,
  SYSTEMD_UNITS,
  SYSTEMD_BOOT,
  GPU_FOUND,
  GPU_DRIVER,
  GPU_UVM,
  GPU_KFD,
  GPU_NODES,
  CDI_FOLDERS,
  CDI_SPECS,
  CDI_DEVICES,
  CDI_DRIVER,
  CDI_NODES,
  CDI_DUPLICATES,
  CDI_REFRESH,
  HOST_SELINUX,
  HOST_MEMLOCK,
  HOST_DISK,
  CODEX_VALID,
  CODEX_KEYS,
  CODEX_PORTS,
  CODEX_IMAGES,
  CODEX_SECRETS,
  CODEX_VOLUMES,
  CODEX_MODELS,
  CODEX_VRAM,
];

/** What to examine, and how hard to judge. */
export interface Examining {
  /** Groups and ids of checks; all of them by default. */
  readonly only?: readonly string[];
  /** Whether a warning is an error. */
  readonly strict?: boolean;
}

/**
 * Runs checks over what is known of a host. A check that crashes is one more finding: a fault of
 * ours, and never the end of the others.
 */
export function examine(
  subject: Subject,
  { only, strict = false }: Examining = {},
  checks: readonly Check[] = CHECKS,
): readonly HostFinding[] {
  return checks.filter((check) => only === undefined || only.some((name) => isNamed(check, name)))
    .flatMap((check) =>
      verdictsOf(check, subject).map((verdict): HostFinding => ({
        id: check.id,
        state: strict && verdict.state === "warning" ? "error" : verdict.state,
        what: verdict.what,
        why: "why" in verdict && verdict.why !== undefined ? verdict.why : check.why,
        fix: "fix" in verdict ? verdict.fix.line : null,
      }))
    );
}

/** Whether `name` is a check's id or group. */
export function isNamed({ id }: Check, name: string): boolean {
  return id === name || id.startsWith(`${name}.`);
}

function verdictsOf(check: Check, subject: Subject): readonly Verdict[] {
  try {
    return check.run(subject);
  } catch (error) {
    const words = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return [{
      state: "error",
      what: `this check failed itself: ${words}`,
      why: "it is a bug of lychd; nothing is known of what it was to find",
      fix: command`lychd doctor --facts    # send this with your report`,
    }];
  }
}
