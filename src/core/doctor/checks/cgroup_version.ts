import { outputOf, whyUnknown } from "../../facts.ts";
import { type Os, osOf } from "../read/os.ts";
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

/** The command that adds an argument to the kernel's. */
function kernelArgument(os: Os, argument: string): string {
  if (os.isImage) return `sudo rpm-ostree kargs --append=${argument}    # then reboot`;
  if (os.family.includes("fedora") || os.family.includes("rhel")) {
    return `sudo grubby --update-kernel=ALL --args=${argument}    # then reboot`;
  }
  return `sudo sed -i 's/^GRUB_CMDLINE_LINUX="/&${argument} /' /etc/default/grub && sudo update-grub    # then reboot`;
}
