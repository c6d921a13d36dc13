import { outputOf, whyUnknown } from "../../facts.ts";
import { kernelArgument, osOf } from "../read/os.ts";
import { type Check, error, ok, skipped } from "../check.ts";

/** Whether the host has the cgroups that rootless containers need. */
export const CGROUP_VERSION: Check = {
  id: "cgroup.version",
  about: "the host uses cgroup v2",
  why: "on cgroup v1 a rootless container has no cgroup of its own, and Podman 6 does not run",
  run({ facts }) {
    const type = outputOf(facts, "cgroup-type");
    if (type === undefined) return [skipped(whyUnknown(facts, "cgroup-type"))];
    if (type === "cgroup2fs") return [ok("cgroup v2")];
    return [error(
      `/sys/fs/cgroup is ${type}: cgroup v1`,
      kernelArgument(osOf(facts), "systemd.unified_cgroup_hierarchy=1"),
    )];
  },
};
