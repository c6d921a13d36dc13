/** Finds problems of a host, and the command that fixes each of them. */
import { command } from "../report/mod.ts";
import type { Check, Subject, Verdicts } from "./check.ts";
import { CDI_CHECKS } from "./checks/cdi.ts";
import { CGROUP_CHECKS } from "./checks/cgroup.ts";
import { CODEX_CHECKS } from "./checks/codex.ts";
import { GPU_CHECKS } from "./checks/gpu.ts";
import { HOST_CHECKS } from "./checks/host.ts";
import { PODMAN_CHECKS } from "./checks/podman.ts";
import { QUADLET_CHECKS } from "./checks/quadlet.ts";
import { SYSTEMD_CHECKS } from "./checks/systemd.ts";
import { PORTAL_CHECKS } from "./checks/portals.ts";
import { VESSEL_CHECKS } from "./checks/vessel.ts";
import type { HostFinding } from "./report.ts";

export type { Check, CodexState, Subject } from "./check.ts";
export { type Asking, portProbes, probesFor, surveyProbes } from "./probes.ts";
export { formatFindings, type HostFinding, listChecks } from "./report.ts";
export { type Needs, needsOf, NO_NEEDS } from "./needs.ts";
export { type Survey, surveyOf } from "./survey.ts";
export { podmanInfoOf } from "./read/podman.ts";
export { userOf } from "./read/system.ts";
export type { HostGpu, Vendor } from "./read/gpus.ts";
export { addressesClash, type Listener, portHolderOf } from "./read/ports.ts";

/** Every check, by group. */
export const CHECKS: readonly Check[] = [
  ...PODMAN_CHECKS,
  ...QUADLET_CHECKS,
  ...CGROUP_CHECKS,
  ...SYSTEMD_CHECKS,
  ...GPU_CHECKS,
  ...CDI_CHECKS,
  ...HOST_CHECKS,
  ...CODEX_CHECKS,
  ...VESSEL_CHECKS,
  ...PORTAL_CHECKS,
];

/**
 * Runs checks over the facts of a host. A check that throws becomes a finding of its own, and the
 * others still run. `only` are groups and ids of checks; `strict` treats warnings as errors.
 */
export function examine(
  subject: Subject,
  { only, strict }: { readonly only?: readonly string[]; readonly strict?: boolean } = {},
  checks: readonly Check[] = CHECKS,
): readonly HostFinding[] {
  return checks.filter((check) => only === undefined || only.some((name) => isNamed(check, name)))
    .flatMap((check) =>
      [runCheck(check, subject)].flat().map((verdict): HostFinding => ({
        id: check.id,
        state: strict && verdict.state === "warning" ? "error" : verdict.state,
        what: verdict.what,
        why: "why" in verdict && verdict.why !== undefined ? verdict.why : check.why,
        fix: "fix" in verdict ? verdict.fix.line : null,
      }))
    );
}

/** Returns true if `name` is the id or the group of a check. */
export function isNamed({ id }: Check, name: string): boolean {
  return id === name || id.startsWith(`${name}.`);
}

function runCheck(check: Check, subject: Subject): Verdicts {
  try {
    return check.run(subject);
  } catch (error) {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return {
      state: "error",
      what: `this check crashed: ${message}`,
      why: "this is a bug of lychd; what the check looks for is unknown",
      fix: command`lychd doctor --facts    # attach this to your bug report`,
    };
  }
}
