import { outputOf } from "../../facts.ts";
import { command } from "../../report/mod.ts";
import { type Check, error, ok, unknown, warning } from "../check.ts";
import { isWsl } from "../read/system.ts";
import { remedy, withComment } from "../remedies.ts";

/** The controllers of Podman's limits: cpu for --cpus, memory for --memory, pids by default. */
const CONTROLLERS = ["cpu", "memory", "pids"];

/** The checks of cgroups. */
export const CGROUP_CHECKS: readonly Check[] = [
  {
    id: "cgroup.version",
    about: "the host uses cgroup v2",
    why: "on cgroup v1 a rootless container has no cgroup of its own, and Podman 6 does not run",
    run({ facts }) {
      const type = outputOf(facts, "cgroup-type");
      if (type === undefined) return unknown(facts, "cgroup-type");
      return type === "cgroup2fs" ? ok("cgroup v2") : error(
        `the host uses cgroup v1 (/sys/fs/cgroup is ${type})`,
        // WSL mounts cgroup v1 itself, before systemd.
        remedy(facts, "kernelArgument", {
          argument: isWsl(facts) ? "cgroup_no_v1=all" : "systemd.unified_cgroup_hierarchy=1",
        }),
      );
    },
  },
  {
    id: "cgroup.controllers",
    about: "the cpu, memory and pids controllers are delegated",
    why: "without them an engine whose unit sets a limit fails to start",
    run({ facts }) {
      const text = outputOf(facts, "cgroup-controllers");
      if (text === undefined) return unknown(facts, "cgroup-controllers");
      const missing = CONTROLLERS.filter((name) => !text.split(/\s+/).includes(name));
      if (missing.length === 0) return ok(text.trim());
      const root = (outputOf(facts, "cgroup-root") ?? text).split(/\s+/);
      const notOnV2 = missing.filter((name) => !root.includes(name));
      if (notOnV2.length > 0 && facts.commands["cgroup-root"] !== undefined) {
        return warning(
          `not available on cgroup v2: ${notOnV2.join(", ")}`,
          remedy(facts, "kernelArgument", { argument: "cgroup_no_v1=all" }),
        );
      }
      const fix = remedy(facts, "userManagerDropIn", {
        name: "delegate",
        setting: command`Delegate=yes`,
      });
      return warning(
        `not delegated to the user: ${missing.join(", ")}`,
        withComment(fix, command`then reboot`),
      );
    },
  },
];
