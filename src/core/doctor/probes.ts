/**
 * The commands that doctor runs on a host. They only read, and use no network. Some depend on the output
 * of others, so the list is computed again until it is complete.
 */
import { STATE_FILE } from "../dispatcher/state_file.ts";
import { type Facts, linesOf, type Probe } from "../facts.ts";
import { patternOf, VESSEL } from "../rune/mod.ts";
import { UNIT_FILES_OPTIONS } from "../rune/properties.ts";
import { vesselBinaryOf } from "./checks/vessel.ts";
import { devicePaths, type Needs, NO_NEEDS } from "./needs.ts";
import { containersConfs, hostPathOf, knownFolders, nodesOfDevices, specsIn } from "./read/cdi.ts";
import { GENERATOR_PATHS, REFRESH_OUTPUT, REFRESH_SETTINGS } from "./generators.ts";
import { arcGpusOf, hasNvidia, SMI_QUERY } from "./read/gpus.ts";
import { KERNEL_FILES } from "./read/kernel.ts";
import { lacksNvidiaModule } from "./read/nvidia.ts";
import { podmanInfoOf } from "./read/podman.ts";
import { addressesClash, heldPorts, isHelper, listenersOf, lowPortsOf } from "./read/ports.ts";
import { BOOLEAN_FILES, LABEL_FORMAT, LABEL_LINE, selinuxModeOf } from "./read/selinux.ts";
import {
  ACCOUNT_OF_A_PERSON,
  filesOf,
  GENERATOR_PLACES,
  propertiesOf,
  STAT_FORMAT,
} from "./read/system.ts";

/** The device nodes of NVIDIA, AMD and WSL. */
const GPU_NODES = [
  "/dev/nvidiactl",
  "/dev/nvidia-uvm",
  "/dev/nvidia-modeset",
  ...Array.from({ length: 16 }, (_, i) => `/dev/nvidia${i}`),
  "/dev/kfd",
  "/dev/dxg",
];

/** The programs that give a rootless user more than one id. */
const ID_HELPERS = ["newuidmap", "newgidmap"].flatMap((name) =>
  ["/usr/bin", "/usr/sbin", "/run/wrappers/bin"].map((folder) => `${folder}/${name}`)
);

/** Matches the lines of `cdi_spec_dirs = […]` and nothing else, because the file may contain secrets. */
const SPEC_DIRS_LINE =
  `^[[:space:]]*(cdi_spec_dirs|(("/[^"]*"|'/[^']*'|\\{[^}]*\\})[[:space:]]*,?[[:space:]]*)+(\\]|#|$)|\\])`;

/** Prints the containers that run, with their ports. */
const CONTAINERS = probe("containers", "podman ps --format json");

/** Counts the accounts of people. */
const ACCOUNTS = probe("accounts", "grep -cE", ACCOUNT_OF_A_PERSON, "/etc/passwd");

/** The user, the environment and the Codex that probes are for. */
export interface Asking {
  /** The UID. */
  readonly user: number;
  readonly environment: Facts["environment"];
  readonly needs: Needs;
}

/** Returns the probes that follow from `commands`, the facts so far; each id once, in a fixed order. */
export function probesFor(asking: Asking, commands: Facts["commands"]): readonly Probe[] {
  const facts: Facts = { format: 1, lychd: "", environment: asking.environment, commands };
  const probes = [
    ...systemProbes(asking, facts),
    ...podmanProbes(asking.needs, facts),
    ...systemdProbes(asking, facts),
    ...gpuProbes(asking.needs, facts),
    ...cdiProbes(asking.needs, facts),
    ...codexProbes(asking.needs, facts),
  ];
  return [...new Map(probes.map((probe) => [probe.id, probe])).values()];
}

/** Returns the probes of {@linkcode surveyOf}: GPUs, CDI devices, SELinux and all ports. */
export function surveyProbes(
  environment: Facts["environment"],
  commands: Facts["commands"],
): readonly Probe[] {
  const facts: Facts = { format: 1, lychd: "", environment, commands };
  return [
    probe("podman-info", "podman info --format json"),
    probe("selinux", "cat /sys/fs/selinux/enforce"),
    probe("ports", "ss -Hltnp"),
    ACCOUNTS,
    // A survey does not check permissions.
    ...gpuProbes(NO_NEEDS, facts).filter(({ program }) => program !== "test"),
    ...cdiProbes(NO_NEEDS, facts),
  ];
}

/** Returns the probes of {@linkcode portHolderOf}. */
export function portProbes(port: number): readonly Probe[] {
  return [probe("ports", "ss -Hltnp", `sport = :${port}`), CONTAINERS];
}

/** Returns a probe. `line` is split at spaces; `args` follow as they are. */
function probe(id: string, line: string, ...args: readonly string[]): Probe {
  const [program = "", ...words] = line.split(" ");
  return { id, program, args: [...words, ...args] };
}

/** Returns one probe, or no probe if `args` is empty. */
function probeEach(id: string, line: string, args: readonly string[]): Probe[] {
  return args.length === 0 ? [] : [probe(id, line, ...args)];
}

function stat(id: string, paths: readonly string[]): Probe[] {
  return probeEach(id, `stat -L ${STAT_FORMAT} --`, [...new Set(paths)]);
}

/** Returns true if the unit of an engine has failed, or restarts again and again. */
function hasFailedEngine(facts: Facts): boolean {
  return [...propertiesOf(facts, "units")].some(([unit, properties]) =>
    unit.startsWith("soulstone-") &&
    (properties.get("ActiveState") === "failed" || properties.get("SubState") === "auto-restart")
  );
}

/** Returns the probe that tests if the user may read and write `path`. */
function open(path: string): Probe {
  return probe(`open:${path}`, "test", "-r", path, "-a", "-w", path);
}

function systemProbes({ user, environment, needs }: Asking, facts: Facts): Probe[] {
  const manager = `/sys/fs/cgroup/user.slice/user-${user}.slice/user@${user}.service`;
  return [
    probe("os-release", "cat /etc/os-release"),
    probe("kernel", "cat /proc/version"),
    probe("init", "cat /proc/1/comm"),
    probe("id", "id"),
    probe("account", `id ${user}`),
    probe("subuid", "cat /etc/subuid"),
    probe("subgid", "cat /etc/subgid"),
    probe("nsswitch", "grep -hsE ^subid: /etc/nsswitch.conf"),
    ...stat("id-helpers", ID_HELPERS),
    probe("cgroup-type", "stat --file-system --format=%T /sys/fs/cgroup"),
    probe("cgroup-root", "cat /sys/fs/cgroup/cgroup.controllers"),
    probe("cgroup-controllers", `cat ${manager}/cgroup.controllers`),
    probe("kernel-limits", "grep -Hs .", ...KERNEL_FILES),
    probe("key-users", "grep -hsE", `^ *${user}:`, "/proc/key-users"),
    probe("selinux", "cat /sys/fs/selinux/enforce"),
    probe("selinux-devices", "cat /sys/fs/selinux/booleans/container_use_devices"),
    ...selinuxModeOf(facts) === undefined ? [] : [
      probe("selinux-booleans", "grep -HsE ^[01]", ...BOOLEAN_FILES),
      probe(
        "containers-label",
        "grep -rHsE --include=*.conf",
        LABEL_LINE,
        ...configsOf(environment),
      ),
      ...probeEach("selinux-labels", `stat -L ${LABEL_FORMAT} --`, sortedPaths(needs)),
    ],
  ];
}

/** Returns the files of containers.conf and the folders of their drop-ins. */
function configsOf(environment: Facts["environment"]): string[] {
  return containersConfs(environment["HOME"]).flatMap((file) => [file, `${file}.d`]);
}

function sortedPaths({ paths }: Needs): string[] {
  return [...new Set(paths.map(({ path }) => path))].sort();
}

function podmanProbes({ images, secrets }: Needs, facts: Facts): Probe[] {
  const graphRoot = podmanInfoOf(facts)?.store?.graphRoot;
  return [
    probe("podman-info", "podman info --format json"),
    // This works even if `podman info` fails.
    probe("podman-version", "podman --version"),
    probe("generator-version", "generator -version"),
    ...stat("generator-places", GENERATOR_PLACES),
    ...images.length === 0 ? [] : [probe("podman-images", "podman images --format json")],
    ...secrets.length === 0 ? [] : [probe("podman-secrets", "podman secret ls --format {{.Name}}")],
    ...graphRoot === undefined
      ? []
      : [probe("disk", "df --block-size=1 --output=avail,target --", graphRoot)],
  ];
}

function systemdProbes({ user, environment, needs }: Asking, facts: Facts): Probe[] {
  const session = environment["XDG_RUNTIME_DIR"];
  const home = environment["HOME"];
  const service = `user@${user}.service`;
  const manager = propertiesOf(facts, "system").get(service)?.get("MainPID") ?? "0";
  const properties = "Id,ActiveState,SubState,Result";
  return [
    probe(
      "user-manager",
      "systemctl --user show --property=Version,SystemState,DefaultLimitMEMLOCK",
    ),
    ...stat("session", session === undefined ? [] : [session, `${session}/bus`]),
    probe("linger", "ls -1 /var/lib/systemd/linger"),
    probe(
      "system",
      `systemctl show --property=Id,ActiveState,MainPID -- ${service} network-online.target`,
    ),
    ...manager === "0"
      ? []
      : [probe("manager-groups", `grep -hs ^Groups: /proc/${manager}/status`)],
    ...home === undefined ? [] : [probe("home", "df --output=fstype,source,target --", home)],
    probe("boot", "systemctl --user show --property=Id,Wants,Requires -- default.target"),
    ...probeEach(
      "units",
      `systemctl --user show --property=${properties} --`,
      needs.units.map(patternOf),
    ),
    ...needs.hasVessel
      ? [
        probe(
          "vessel",
          `systemctl --user show --property=Id,ExecStart,MainPID -- ${VESSEL.service}`,
        ),
        ACCOUNTS,
      ]
      : [],
    ...needs.hasPortals && session !== undefined
      ? [probe("door-state", "cat", `${session}/${VESSEL.runtimeFolder}/${STATE_FILE}`)]
      : [],
    ...probeEach(
      "unit-files",
      `systemctl --user list-unit-files ${UNIT_FILES_OPTIONS.join(" ")} --`,
      needs.units,
    ),
  ];
}

function gpuProbes(needs: Needs, facts: Facts): Probe[] {
  const cards = linesOf(facts, "drm-cards").filter((name) => /^(?:card|renderD)\d+$/.test(name));
  const renderers = linesOf(facts, "dri").filter((name) => /^renderD\d+$/.test(name));
  const nodes = [...GPU_NODES, ...renderers.map((name) => `/dev/dri/${name}`)];
  const found = [...filesOf(facts, "gpu-nodes")]
    .filter(([, file]) => file.kind.endsWith("special file"));
  return [
    probe("nvidia-driver", "cat /proc/driver/nvidia/version"),
    probe("nvidia-smi", "nvidiaSmi", ...SMI_QUERY),
    // A suspend matters only if engines fail on a driver that answers.
    ...hasNvidia(facts) && hasFailedEngine(facts)
      ? [probe("suspends", "cat /sys/power/suspend_stats/success")]
      : [],
    ...lacksNvidiaModule(facts)
      ? [
        probe("kernels", "ls -1 /lib/modules"),
        probe(
          "nvidia-modules",
          "grep -rHosE --include=modules.dep",
          "^[^:]*/nvidia(-current)?\\.ko",
          "/lib/modules",
        ),
        // An EFI variable: four bytes of attributes, then 1 if Secure Boot is on.
        probe(
          "secure-boot",
          "grep -qsa",
          "\u0001",
          "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
        ),
      ]
      : [],
    probe(
      "kfd",
      "grep -rHsE --include=properties",
      "^gfx_target_version ",
      "/sys/devices/virtual/kfd/kfd/topology/nodes",
    ),
    probe("pci", "ls -1 /sys/bus/pci/devices"),
    ...probeEach(
      "pci-classes",
      "grep -HsE ^0x03",
      linesOf(facts, "pci").map((name) => `/sys/bus/pci/devices/${name}/class`),
    ),
    ...probeEach(
      "pci-gpus",
      "grep -HsE ^(DRIVER|PCI_ID)=",
      linesOf(facts, "pci-classes").map((line) => line.replace(/\/class:.*$/, "/uevent")),
    ),
    ...probeEach(
      "pci-resources",
      "grep -HsE ^0x",
      arcGpusOf(facts).map(({ address }) => `/sys/bus/pci/devices/${address}/resource`),
    ),
    probe("drm-cards", "ls -1 /sys/class/drm"),
    probe("dri", "ls -1 /dev/dri"),
    ...probeEach(
      "drm",
      "grep -HsE ^(DRIVER=|PCI_ID=|PCI_SLOT_NAME=|[0-9]+$)",
      cards.flatMap((card) =>
        ["uevent", "mem_info_vram_total"].map((file) => `/sys/class/drm/${card}/device/${file}`)
      ),
    ),
    ...facts.commands["dri"] === undefined
      ? []
      : stat("gpu-nodes", [...nodes, ...devicePaths(needs)]),
    ...found.map(([path]) => open(path)),
  ];
}

function cdiProbes({ devices }: Needs, facts: Facts): Probe[] {
  const isKnown = facts.commands["containers-conf"] !== undefined &&
    facts.commands["podman-info"] !== undefined;
  const folders = isKnown ? knownFolders(facts) : [];
  const files = specsIn(facts, folders);
  const isComplete = files.every(({ path }) => facts.commands[`cdi-spec:${path}`] !== undefined);
  const paths = files.flatMap(({ spec }) => {
    const { nodes = [], paths = [] } = spec?.editsOf(spec.devices) ?? {};
    return [...nodes.map(hostPathOf), ...paths];
  });
  return [
    probe(
      "containers-conf",
      "grep -rHsE --include=*.conf",
      SPEC_DIRS_LINE,
      ...configsOf(facts.environment),
    ),
    ...folders.map((folder) => probe(`cdi-folder:${folder}`, "ls -1", folder)),
    ...files.map(({ path }) => probe(`cdi-spec:${path}`, "cat", path)),
    ...isComplete ? stat("cdi-paths", paths) : [],
    ...nodesOfDevices(facts, devices).filter((path) => filesOf(facts, "cdi-paths").has(path))
      .map(open),
    ...stat("nvidia-ctk", GENERATOR_PATHS),
    probe(
      "nvidia-refresh",
      "systemctl show --property=Id,LoadState,ActiveState,UnitFileState,Result,Environment -- " +
        "nvidia-cdi-refresh.path nvidia-cdi-refresh.service",
    ),
    probe("nvidia-refresh-settings", `grep -sE ^${REFRESH_OUTPUT}= ${REFRESH_SETTINGS}`),
  ];
}

function codexProbes(needs: Needs, facts: Facts): Probe[] {
  const { ports, reserved } = needs;
  const filter = [
    ...ports.map(({ port }) => `sport = :${port}`),
    ...reserved === undefined
      ? []
      : [`( sport >= :${reserved.first} and sport <= :${reserved.last} )`],
  ].join(" or ");
  return [
    ...filter === "" ? [] : [probe("ports", "ss -Hltnp", filter)],
    ...lowPortsOf({ ports, reserved }).length === 0
      ? []
      : [probe("unprivileged-ports", "cat /proc/sys/net/ipv4/ip_unprivileged_port_start")],
    ...holderProbes(needs, facts),
    ...binaryProbes(facts),
    ...stat("codex-paths", sortedPaths(needs)),
    ...[...filesOf(facts, "codex-paths").keys()]
      .map((path) => probe(`readable:${path}`, "test", "-r", path)),
  ];
}

/** Returns the probes that test if the program of the front door can run, and if it is the one that runs. */
function binaryProbes(facts: Facts): Probe[] {
  const path = vesselBinaryOf(facts);
  if (path === undefined) return [];
  const id = propertiesOf(facts, "vessel").get(VESSEL.service)?.get("MainPID") ?? "0";
  return [
    probe(`runs:${path}`, "test", "-x", path),
    ...id === "0"
      ? []
      : [probe("vessel-files", "stat -L --format=%d:%i --", `/proc/${id}/exe`, path)],
  ];
}

/** Returns the probes that show what holds the needed ports. */
function holderProbes(needs: Needs, facts: Facts): Probe[] {
  const { pod } = needs;
  const addresses = [needs.bindAddress, ...needs.ports.map(({ bindAddress }) => bindAddress)];
  const held = listenersOf(facts)
    .filter(({ address }) => addresses.some((wanted) => addressesClash(address, wanted)));
  const holders = [...new Set(held.flatMap(({ holder }) => holder?.id ?? []))];
  const probes = held.length === 0 ? [] : [
    probe("pod", "podman pod inspect --", pod),
    ...holders.map((id) => probe(`cgroup-of:${id}`, `cat /proc/${id}/cgroup`)),
  ];
  const isKnown = probes.every(({ id }) => facts.commands[id] !== undefined);
  const hasOthers = isKnown &&
    heldPorts(facts, needs).some(({ isOurs, holder }) => !isOurs && isHelper(holder?.name ?? ""));
  return [...probes, ...hasOthers ? [CONTAINERS] : []];
}
