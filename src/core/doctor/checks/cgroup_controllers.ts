import { outputOf, whyUnknown } from "../../facts.ts";
import { command } from "../../report/mod.ts";
import { kernelArgument, osOf } from "../read/os.ts";
import { type Check, ok, skipped, warning } from "../check.ts";
import { userOf } from "../read/user.ts";

/** What Podman sets limits by; cpu is for --cpus, memory for --memory, pids by default. */
const NEEDED = ["cpu", "memory", "pids"];

/** Whether the user may set limits. */
export const CGROUP_CONTROLLERS: Check = {
  id: "cgroup.controllers",
  about: "cpu, memory and pids are delegated to the user",
  why: "without them a limit in a unit makes the engine fail to start",
  run({ facts }) {
    const text = outputOf(facts, "cgroup-controllers");
    if (text === undefined) return [skipped(whyUnknown(facts, "cgroup-controllers"))];
    const missing = NEEDED.filter((name) => !text.split(/\s+/).includes(name));
    if (missing.length === 0) return [ok(`controllers ${text.trim()}`)];
    const root = (outputOf(facts, "cgroup-root") ?? text).split(/\s+/);
    const onV1 = missing.filter((name) => !root.includes(name));
    if (onV1.length > 0 && facts.commands["cgroup-root"] !== undefined) {
      return [warning(
        `the kernel has ${onV1.join(", ")} on cgroup v1, or not at all`,
        kernelArgument(osOf(facts), "cgroup_no_v1=all"),
      )];
    }
    const user = userOf(facts)?.id ?? 0;
    const folder = "/etc/systemd/system/user@.service.d";
    return [warning(
      `the user's systemd has no controller ${missing.join(", ")}`,
      command`sudo mkdir -p ${folder} && printf '[Service]\nDelegate=yes\n' | sudo tee ${folder}/delegate.conf && sudo systemctl daemon-reload && sudo systemctl restart user@${user}.service`,
    )];
  },
};
