import { type Facts, hasFailed, outputOf } from "../../facts.ts";
import { type Command, command, countOf } from "../../report/mod.ts";
import {
  type Check,
  error,
  ok,
  see,
  skipped,
  type Subject,
  unknown,
  type Verdict,
  warning,
} from "../check.ts";
import { devicePaths, vendorsOf } from "../needs.ts";
import { nodesOfDevices } from "../read/cdi.ts";
import {
  arcGpusOf,
  gpusOf,
  hasNvidia,
  isForCompute,
  isNvgpu,
  isNvidiaBroken,
  kfdTargetsOf,
  mappedMib,
  pciGpusOf,
} from "../read/gpus.ts";
import {
  accountGroupsOf,
  type FileFact,
  filesOf,
  isLingering,
  isWsl,
  managerGroupsOf,
  userOf,
} from "../read/system.ts";
import { remedy } from "../remedies.ts";
import { CUDA_CHECK } from "./cuda.ts";
import { DRIVER_CHECK, virtualMachineVerdict } from "./driver.ts";

const DRIVERS = { NVIDIA: "driverOfNvidia", AMD: "driverOfAmd", Intel: "driverOfIntel" } as const;

/** The memory that a GPU maps without Resizable BAR (PCI Express Base Specification 6.0, 7.8.6). */
const WITHOUT_RESIZABLE_BAR_MIB = 256;

/** The checks of GPUs and their drivers. */
export const GPU_CHECKS: readonly Check[] = [
  {
    id: "gpu.found",
    about: "every GPU has a driver that supports compute",
    why: "an engine that finds no GPU fails at startup, or is slow",
    run(subject) {
      const { facts, needs } = subject;
      const gpus = gpusOf(facts);
      const verdicts = gpus.map(({ vendor, name, memoryMib }) => {
        const title = name.startsWith(vendor) ? name : `${vendor} ${name}`;
        return ok(`${title}, ${memoryMib === undefined ? "memory unknown" : `${memoryMib} MiB`}`);
      });
      for (const gpu of arcGpusOf(facts)) {
        const mib = mappedMib(facts, gpu);
        if (gpu.driver === undefined || mib === 0 || mib > WITHOUT_RESIZABLE_BAR_MIB) continue;
        verdicts.push(warning(
          `an Intel GPU (${gpu.id}) maps only ${mib} MiB of its memory`,
          command`sudo systemctl reboot --firmware-setup    # turn on Resizable BAR and Above 4G Decoding`,
          "without Resizable BAR, which Intel requires for Arc, models load and run slowly",
        ));
      }
      const needed = vendorsOf(needs);
      const isNvidiaKnown = hasNvidia(facts) || isNvidiaBroken(facts);
      for (const gpu of pciGpusOf(facts)) {
        const { vendor, id, driver } = gpu;
        if (gpus.some((other) => other.vendor === vendor)) {
          if (driver !== undefined) continue;
          const fix = command`lspci -nnk -d ::03xx`;
          const what = `another ${vendor} GPU (${id}) has no driver`;
          verdicts.push(warning(what, fix, "engines can only use the other GPUs"));
          continue;
        }
        // gpu.driver reports the reason.
        if (vendor === "NVIDIA" && isNvidiaKnown) continue;
        const held = virtualMachineVerdict(subject, [gpu]);
        if (held !== undefined) {
          verdicts.push(held);
          continue;
        }
        const what = driver === undefined
          ? `an ${vendor} GPU (${id}) has no driver`
          : `the driver ${driver} of an ${vendor} GPU (${id}) does not support compute`;
        // An integrated GPU may be idle while engines use another one.
        verdicts.push(
          needed.has(vendor) || gpus.length === 0
            ? error(what, remedy(facts, DRIVERS[vendor]))
            : skipped(`${what}, but nothing uses it`),
        );
      }
      if (verdicts.length > 0) return verdicts;
      if (isNvidiaKnown) return see("gpu.driver");
      return needs.devices.length === 0
        ? skipped("there is no GPU, and nothing needs one")
        : error("there is no GPU, but the Codex needs one", command`lspci -d ::03xx`);
    },
  },
  DRIVER_CHECK,
  CUDA_CHECK,
  {
    id: "gpu.uvm",
    about: "NVIDIA's device node for unified memory exists",
    why: "nvidia-smi works without /dev/nvidia-uvm, but CUDA does not",
    run({ facts }) {
      if (!hasNvidia(facts)) return skipped("there is no NVIDIA driver");
      if (isWsl(facts)) return skipped("on WSL everything goes through /dev/dxg");
      if (isNvgpu(facts)) return skipped("the driver of this Tegra has no such node");
      // Ollama, docs/gpu.md, "Linux Suspend Resume".
      const suspends = Number(outputOf(facts, "suspends") ?? 0);
      if (suspends > 0 && filesOf(facts, "gpu-nodes").has("/dev/nvidia-uvm")) {
        return warning(
          `the host was suspended after its start (${
            countOf(suspends, "time")
          }), and an engine fails`,
          command`sudo modprobe -r nvidia_uvm && sudo modprobe nvidia_uvm    # stop all engines first`,
          "after a suspend CUDA may report error 999 until nvidia_uvm is loaded again",
        );
      }
      return filesOf(facts, "gpu-nodes").has("/dev/nvidia-uvm")
        ? ok("/dev/nvidia-uvm exists")
        : error("/dev/nvidia-uvm does not exist", command`sudo nvidia-modprobe -u -c=0`);
    },
  },
  {
    id: "gpu.kfd",
    about: "AMD's compute driver works",
    why: "ROCm reaches a GPU only through /dev/kfd",
    run({ facts, codex, needs }) {
      if (!gpusOf(facts).some(({ vendor }) => vendor === "AMD")) {
        return skipped("there is no AMD GPU");
      }
      const targets = kfdTargetsOf(facts);
      const hasNode = filesOf(facts, "gpu-nodes").has("/dev/kfd");
      if (hasNode && targets.length > 0) {
        return ok(`/dev/kfd provides ${targets.map(gfxName).join(", ")}`);
      }
      const needed = vendorsOf(needs);
      const isIdle = codex.kind !== "none" && needed.size > 0 && !needed.has("AMD");
      if (isIdle) return skipped("no engine uses the AMD GPU");
      return hasNode
        ? error("/dev/kfd provides no GPU for compute", command`sudo dmesg | grep -i kfd`)
        : error(
          "/dev/kfd does not exist",
          command`sudo modprobe amdgpu && sudo dmesg | grep -i kfd`,
        );
    },
  },
  {
    id: "gpu.nodes",
    about: "the user may open the device nodes of the GPUs",
    why: "a rootless engine has no more permissions than the user",
    run(subject) {
      const { facts, codex, needs } = subject;
      if (facts.commands["gpu-nodes"] === undefined) return unknown(facts, "dri");
      const nodes = nodesOf(facts);
      const wanted = devicePaths(needs).flatMap((path) => nodesAt(facts, path));
      const missing = wanted.filter((path) => !nodes.has(path) && path !== "/dev/kfd").map((path) =>
        error(`the Codex uses ${path}, which does not exist`, command`ls -l /dev/dri`)
      );
      const used = codex.kind === "none"
        ? [...filesOf(facts, "gpu-nodes").keys()].filter((path) => isForCompute(facts, path))
        : [...wanted, ...nodesOfDevices(facts, needs.devices)];
      const present = [...new Set(used)].filter((path) => nodes.has(path));
      const verdicts = [...missing, ...closedNodes(subject, present), ...lostGroups(subject)];
      if (verdicts.length > 0) return verdicts;
      if (present.length === 0) {
        return needs.devices.length > 0 ? see("cdi.devices") : skipped("no engine needs one");
      }
      const shown = present.length > 3 ? `${present.length} device nodes` : present.join(", ");
      return ok(`the user may open ${shown}`);
    },
  },
];

/** Returns the name of a GPU target: 110000 is gfx1100, and 90010 is gfx90a (hexadecimal digits). */
function gfxName(target: number): string {
  const digits = [Math.floor(target / 100) % 100, target % 100].map((n) => n.toString(16));
  return `gfx${Math.floor(target / 10_000)}${digits.join("")}`;
}

function nodesOf(facts: Facts): ReadonlyMap<string, FileFact> {
  return new Map([...filesOf(facts, "gpu-nodes"), ...filesOf(facts, "cdi-paths")]);
}

/** Returns the nodes for compute in the folder `path`, which Podman adds all; otherwise `path` itself. */
function nodesAt(facts: Facts, path: string): string[] {
  const nodes = nodesOf(facts);
  if (nodes.get(path)?.kind !== "directory") return [path];
  return [...nodes.keys()].filter((node) =>
    node.startsWith(`${path.replace(/\/$/, "")}/`) && isForCompute(facts, node)
  );
}

/**
 * Reports the engines whose containers lose the group that opens their nodes. Podman removes all groups of
 * the user from a container without `keep-groups` (podman-run(1), --device).
 */
function lostGroups({ facts, codex, needs }: Subject): Verdict[] {
  const user = userOf(facts);
  const nodes = nodesOf(facts);
  return codex.kind === "none" ? [] : needs.engines.flatMap((engine) => {
    if (engine.keepsGroups) return [];
    const used = [
      ...devicePaths(engine).flatMap((path) => nodesAt(facts, path)),
      ...nodesOfDevices(facts, engine.devices),
    ];
    const lost = [...new Set(used)].flatMap((path) => {
      const node = nodes.get(path);
      // An access control list may permit the user too.
      const isByGroup = node !== undefined && isForGroup(node) && node.owner !== user?.id &&
        node.group !== "root" &&
        (hasFailed(facts, `open:${path}`) || user?.groups.includes(node.group) === true);
      return isByGroup ? [{ path, group: node.group }] : [];
    });
    return [...Map.groupBy(lost, ({ group }) => group)].map(([group, members]) => {
      const paths = members.map(({ path }) => path).join(", ");
      return error(
        `${engine.soulstone}: only the group ${group} may open ${paths}, and the container does not keep it`,
        command`lychd render --restart --codex ${codex.shown}    # after you add to ${engine.soulstone}: quadlet.Container.GroupAdd = "keep-groups"`,
        "a container has the groups of the user only with keep-groups",
      );
    });
  });
}

/**
 * Returns the command that gives nodes the permissions of their driver, now and after each boot: NVIDIA's
 * tools create nodes with the mode of the module option (`nvidia-modprobe`), udev creates all others.
 */
function openNodes(paths: readonly string[], group: string): Command {
  const isOfGroup = group !== "root";
  const nvidia = paths.filter((path) => path.startsWith("/dev/nvidia"));
  const others = paths.filter((path) => !nvidia.includes(path));
  const names = others.map((path) => path.slice(path.lastIndexOf("/") + 1));
  const option = `options nvidia NVreg_DeviceFileMode=${isOfGroup ? "0660" : "0666"}`;
  // The default of systemd's 50-udev-default.rules. WSL has no group for its node.
  const owner = isOfGroup ? group : "render";
  const access = names.includes("dxg") ? 'MODE="0666"' : `GROUP="${owner}", MODE="0660"`;
  const rule = `KERNEL=="${names.join("|")}", ${access}`;
  const commands = [
    ...nvidia.length === 0 ? [] : [
      command`echo ${option} | sudo tee /etc/modprobe.d/nvidia-nodes.conf && sudo chmod ${
        isOfGroup ? "g+rw" : "a+rw"
      } ${nvidia}`,
    ],
    ...names.length === 0 ? [] : [
      command`echo ${rule} | sudo tee /etc/udev/rules.d/70-gpu-nodes.rules && sudo udevadm control --reload && sudo udevadm trigger ${
        others.map((path) => `--name-match=${path}`)
      }`,
    ],
  ];
  return commands.reduce((all, next) => command`${all} && ${next}`);
}

/** Reports the nodes that engines may not open, by group. Without a Codex they may not be needed. */
function closedNodes({ facts, codex }: Subject, paths: readonly string[]): Verdict[] {
  const user = userOf(facts);
  const name = user?.name ?? command`$USER`;
  const report = codex.kind === "none" ? warning : error;
  const nodes = nodesOf(facts);
  const closed = paths.filter((path) => isClosed(facts, path, nodes.get(path)));
  const byGroup = Map.groupBy(closed, (path) => nodes.get(path)?.group ?? "root");
  // systemd keeps the groups that the account had when it started; with lingering a new login does not change that.
  const managers = managerGroupsOf(facts);
  const restart = isLingering(facts) || managers !== undefined
    ? command`sudo loginctl terminate-user ${name}    # ends its sessions and engines; then log in again`
    : command`exit    # then log in again`;
  return [...byGroup].map(([group, members]) => {
    const what = `${user?.name ?? "the user"} may not open ${members.join(", ")}`;
    const isMember = user?.groups.includes(group) === true;
    if (isMember && !members.some((path) => hasFailed(facts, `open:${path}`))) {
      const paths = members.join(", ");
      const why =
        "it keeps the groups that the account had when it started, and with lingering that is at boot";
      return managers === undefined
        ? warning(
          `only members of ${group} may open ${paths}, and the facts do not show whether the user's systemd, which starts engines, is one`,
          restart,
          why,
        )
        : report(
          `the user's systemd, which starts engines, may not open ${paths}: it does not have the group ${group} yet`,
          restart,
          why,
        );
    }
    if (group === "root" || isMember) return report(what, openNodes(members, group));
    const fix = accountGroupsOf(facts)?.includes(group) === true
      ? restart
      : remedy(facts, "addToGroup", { group, user: name, restart });
    return report(
      `${what} (group ${group})`,
      fix,
      "a rootless engine has the groups of the user's systemd, which keeps those of its start",
    );
  });
}

/** Returns true if engines may not open a node: the user's systemd starts them, with its own groups. */
function isClosed(facts: Facts, path: string, node: FileFact | undefined): boolean {
  const isClosedHere = hasFailed(facts, `open:${path}`);
  if (isClosedHere && managerGroupsOf(facts) === undefined) return true;
  if (node === undefined || !isForGroup(node)) return isClosedHere;
  // An ACL opens a node to a user, whatever the groups.
  const isByGroup = isClosedHere || userOf(facts)?.groups.includes(node.group) === true;
  // Facts of 0.1.0 do not have the groups of the user's systemd; without lingering a login starts it.
  return isByGroup &&
    (managerGroupsOf(facts)?.includes(node.group) ?? !isLingering(facts)) !== true;
}

/** Returns true if a node is open to its group, but not to every user. */
function isForGroup({ mode }: FileFact): boolean {
  return (mode & 0o060) === 0o060 && (mode & 0o006) !== 0o006;
}
