import type { Soulstone } from "../../codex/mod.ts";
import { outputOf } from "../../facts.ts";
import { command } from "../../report/mod.ts";
import { type Check, error, ok, unknown, warning } from "../check.ts";
import { isWsl } from "../read/system.ts";
import { remedy, withComment } from "../remedies.ts";

/** The controllers of Podman's limits: cpu for --cpus, memory for --memory, pids by default. */
const CONTROLLERS = ["cpu", "memory", "pids"];

/** The options and keys of Podman that need each controller (podman-run(1), podman-container.unit(5)). */
const LIMITS: Readonly<Record<string, RegExp>> = {
  cpu: /^--cpu(?:s|-(?:period|quota|shares|rt-period|rt-runtime))\b|^-c\b/,
  memory: /^--memory(?:-reservation|-swap|-swappiness)?\b|^-m\b|^Memory$/,
  pids: /^--pids-limit\b|^PidsLimit$/,
};

/** Returns true if the unit of an engine sets a limit that needs a controller. */
function isLimited({ quadlet }: Soulstone, controller: string): boolean {
  const container = quadlet["Container"] ?? {};
  const args = [container["PodmanArgs"] ?? []].flat();
  return [...args.flatMap((arg) => String(arg).split(" ")), ...Object.keys(container)]
    .some((word) => LIMITS[controller]?.test(word));
}

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
    run({ facts, codex }) {
      const text = outputOf(facts, "cgroup-controllers");
      if (text === undefined) return unknown(facts, "cgroup-controllers");
      const missing = CONTROLLERS.filter((name) => !text.split(/\s+/).includes(name));
      if (missing.length === 0) return ok(text.trim());
      const soulstones = codex.kind === "none" ? [] : codex.codex.soulstones;
      const limited = soulstones.filter((soulstone) =>
        missing.some((name) => isLimited(soulstone, name))
      );
      const report = limited.length === 0 ? warning : error;
      const needed = limited.length === 0
        ? ""
        : `, which the limits of ${limited.map(({ name }) => name).join(", ")} need`;
      const root = (outputOf(facts, "cgroup-root") ?? text).split(/\s+/);
      const notOnV2 = missing.filter((name) => !root.includes(name));
      if (notOnV2.length > 0 && facts.commands["cgroup-root"] !== undefined) {
        return report(
          `not available on cgroup v2: ${notOnV2.join(", ")}${needed}`,
          remedy(facts, "kernelArgument", { argument: "cgroup_no_v1=all" }),
        );
      }
      const fix = remedy(facts, "userManagerDropIn", {
        name: "delegate",
        setting: command`Delegate=yes`,
      });
      return report(
        `not delegated to the user: ${missing.join(", ")}${needed}`,
        withComment(fix, command`then reboot`),
      );
    },
  },
];
