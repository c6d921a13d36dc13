/**
 * What doctor asks of a host. Only programs that read: nothing here writes, and nothing goes to the
 * network. What is asked may depend on what is known, so the list is made anew until it is complete.
 */
import type { Facts, Probe } from "../facts.ts";
import {
  containersConfs,
  hostPathOf,
  knownFolders,
  namesIn,
  nodesOfDevices,
  specsIn,
} from "./read/cdi.ts";
import { filesOf, STAT_FORMAT } from "./read/files.ts";
import { podmanInfoOf } from "./read/podman.ts";
import { addressesClash, listenersOf, lowPortsOf } from "./read/ports.ts";
import { NO_WANTS, type Wants } from "./wants.ts";

/** Where systemd looks for generators of the user, and where Podman's own lies. */
export const GENERATOR_PLACES = [
  "/run/systemd/user-generators/podman-user-generator",
  "/etc/systemd/user-generators/podman-user-generator",
  "/usr/local/lib/systemd/user-generators/podman-user-generator",
  "/usr/lib/systemd/user-generators/podman-user-generator",
];

/** NVIDIA's and AMD's nodes, and WSL's. */
const GPU_NODES = [
  "/dev/nvidiactl",
  "/dev/nvidia-uvm",
  "/dev/nvidia-modeset",
  ...Array.from({ length: 16 }, (_, i) => `/dev/nvidia${i}`),
  "/dev/kfd",
  "/dev/dxg",
];

/** The helpers that give a rootless user more than one id. */
export const ID_HELPERS = ["newuidmap", "newgidmap"].flatMap((name) => [
  `/usr/bin/${name}`,
  `/usr/sbin/${name}`,
  `/run/wrappers/bin/${name}`,
]);

/** What can be part of `cdi_spec_dirs = […]`, and nothing else: the file may hold secrets. */
const SPEC_DIRS_LINE =
  `^[[:space:]]*(cdi_spec_dirs|(("/[^"]*"|'/[^']*'|\\{[^}]*\\})[[:space:]]*,?[[:space:]]*)+(\\]|#|$)|\\])`;

/** Who asks, and for what. */
export interface Asking {
  /** The number of the user. */
  readonly user: number;
  readonly environment: Facts["environment"];
  readonly wants: Wants;
}

/**
 * Everything to ask, as far as `commands`, the facts so far, tell; in the order in which it is
 * printed, each id once.
 */
export function probesFor(asking: Asking, commands: Facts["commands"]): readonly Probe[] {
  const facts: Facts = { format: 1, lychd: "", environment: asking.environment, commands };
  const probes = [
    ...ofSystem(asking),
    ...ofPodman(asking.wants, facts),
    ...ofSystemd(asking),
    ...ofGpus(asking.wants, facts),
    ...ofCdi(asking.wants, facts),
    ...ofCodex(asking.wants, facts),
  ];
  return [...new Map(probes.map((probe) => [probe.id, probe])).values()];
}

/** What a first Codex needs to know: the GPUs, what Podman can resolve, and all ports that are taken. */
export function surveyProbes(
  environment: Facts["environment"],
  commands: Facts["commands"],
): readonly Probe[] {
  const facts: Facts = { format: 1, lychd: "", environment, commands };
  return [
    probe("podman-info", "podman", "info", "--format", "json"),
    probe("selinux", "cat", "/sys/fs/selinux/enforce"),
    probe("ports", "ss", "-Hltnp"),
    // Whether a node may be opened is doctor's to ask.
    ...ofGpus(NO_WANTS, facts).filter(({ program }) => program !== "test"),
    ...ofCdi(NO_WANTS, facts),
  ];
}

function probe(id: string, program: string, ...args: readonly string[]): Probe {
  return { id, program, args };
}

function stat(id: string, paths: readonly string[]): Probe[] {
  return paths.length === 0 ? [] : [probe(id, "stat", "-L", STAT_FORMAT, "--", ...paths)];
}

function ofSystem({ user }: Asking): Probe[] {
  return [
    probe("os-release", "cat", "/etc/os-release"),
    probe("kernel", "cat", "/proc/version"),
    probe("init", "cat", "/proc/1/comm"),
    probe("id", "id"),
    probe("subuid", "cat", "/etc/subuid"),
    probe("subgid", "cat", "/etc/subgid"),
    probe("nsswitch", "grep", "-hsE", "^subid:", "/etc/nsswitch.conf"),
    ...stat("id-helpers", ID_HELPERS),
    probe("cgroup-type", "stat", "--file-system", "--format=%T", "/sys/fs/cgroup"),
    probe("cgroup-root", "cat", "/sys/fs/cgroup/cgroup.controllers"),
    probe(
      "cgroup-controllers",
      "cat",
      `/sys/fs/cgroup/user.slice/user-${user}.slice/user@${user}.service/cgroup.controllers`,
    ),
    probe("selinux", "cat", "/sys/fs/selinux/enforce"),
    probe("selinux-devices", "cat", "/sys/fs/selinux/booleans/container_use_devices"),
  ];
}

function ofPodman({ images, secrets }: Wants, facts: Facts): Probe[] {
  const graphRoot = podmanInfoOf(facts)?.store?.graphRoot;
  return [
    probe("podman-info", "podman", "info", "--format", "json"),
    // It can say that even where its report fails.
    probe("podman-version", "podman", "--version"),
    probe("generator-version", "generator", "-version"),
    ...stat("generator-places", GENERATOR_PLACES),
    ...images.length === 0 ? [] : [probe("podman-images", "podman", "images", "--format", "json")],
    ...secrets.length === 0
      ? []
      : [probe("podman-secrets", "podman", "secret", "ls", "--format", "{{.Name}}")],
    ...graphRoot === undefined
      ? []
      : [probe("disk", "df", "--block-size=1", "--output=avail,target", "--", graphRoot)],
  ];
}

function ofSystemd({ environment, wants }: Asking): Probe[] {
  const session = environment["XDG_RUNTIME_DIR"];
  return [
    probe(
      "user-manager",
      "systemctl",
      "--user",
      "show",
      "--property=Version,SystemState,DefaultLimitMEMLOCK",
    ),
    ...stat("session", session === undefined ? [] : [session, `${session}/bus`]),
    probe("linger", "ls", "-1", "/var/lib/systemd/linger"),
    probe(
      "boot",
      "systemctl",
      "--user",
      "show",
      "--property=Id,Wants,Requires",
      "--",
      "default.target",
    ),
    ...wants.units.length === 0 ? [] : [
      probe(
        "units",
        "systemctl",
        "--user",
        "show",
        "--property=Id,LoadState,ActiveState,SubState,Result,LoadError",
        "--",
        ...wants.units,
      ),
    ],
  ];
}

function ofGpus({ devices }: Wants, facts: Facts): Probe[] {
  const cards = lines(facts, "drm-cards").filter((name) => /^(?:card|renderD)\d+$/.test(name));
  const displays = lines(facts, "pci").map((name) => `/sys/bus/pci/devices/${name}`);
  const controllers = lines(facts, "pci-classes").map((line) =>
    line.replace(/\/class:.*$/, "/uevent")
  );
  const renderers = lines(facts, "dri").map((name) => `/dev/dri/${name}`)
    .filter((path) => /\/renderD\d+$/.test(path));
  const asked = devices.filter((device) => device.startsWith("/dev/"))
    .map((device) => device.split(":")[0] ?? device);
  const nodes = [...new Set([...GPU_NODES, ...renderers, ...asked])];
  const there = [...filesOf(facts, "gpu-nodes")].filter(([, file]) =>
    file.kind.endsWith("special file")
  );
  return [
    probe("nvidia-driver", "cat", "/proc/driver/nvidia/version"),
    probe(
      "nvidia-smi",
      "nvidiaSmi",
      "--query-gpu=index,uuid,name,memory.total,driver_version",
      "--format=csv,noheader,nounits",
    ),
    probe("char-devices", "cat", "/proc/devices"),
    probe(
      "kfd",
      "grep",
      "-rHsE",
      "--include=properties",
      "^gfx_target_version ",
      "/sys/devices/virtual/kfd/kfd/topology/nodes",
    ),
    probe("pci", "ls", "-1", "/sys/bus/pci/devices"),
    ...displays.length === 0
      ? []
      : [probe("pci-classes", "grep", "-HsE", "^0x03", ...displays.map((d) => `${d}/class`))],
    ...controllers.length === 0
      ? []
      : [probe("pci-gpus", "grep", "-HsE", "^(DRIVER|PCI_ID)=", ...controllers)],
    probe("drm-cards", "ls", "-1", "/sys/class/drm"),
    probe("dri", "ls", "-1", "/dev/dri"),
    ...cards.length === 0 ? [] : [
      probe(
        "drm",
        "grep",
        "-HsE",
        "^(DRIVER=|PCI_ID=|PCI_SLOT_NAME=|[0-9]+$)",
        ...cards.flatMap((card) => [
          `/sys/class/drm/${card}/device/uevent`,
          `/sys/class/drm/${card}/device/mem_info_vram_total`,
        ]),
      ),
    ],
    ...facts.commands["dri"] === undefined ? [] : stat("gpu-nodes", nodes),
    ...there.map(([path]) => probe(`open:${path}`, "test", "-r", path, "-a", "-w", path)),
  ];
}

function ofCdi({ devices }: Wants, facts: Facts): Probe[] {
  const configs = containersConfs(facts.environment["HOME"]).flatMap((file) => [file, `${file}.d`]);
  const isKnown = facts.commands["containers-conf"] !== undefined &&
    facts.commands["podman-info"] !== undefined;
  const folders = isKnown ? knownFolders(facts) : [];
  const files = specsIn(facts, folders);
  const paths = files.flatMap(({ spec }) => [
    ...(spec?.nodes ?? []).map(hostPathOf),
    ...spec?.paths ?? [],
  ]);
  return [
    probe("containers-conf", "grep", "-rHsE", "--include=*.conf", SPEC_DIRS_LINE, ...configs),
    ...folders.map((folder) => probe(`cdi-folder:${folder}`, "ls", "-1", folder)),
    ...folders.flatMap((folder) => namesIn(facts, folder).map((name) => `${folder}/${name}`))
      .filter((path) => /\.(?:yaml|json)$/.test(path))
      .map((path) => probe(`cdi-spec:${path}`, "cat", path)),
    // A folder is complete when all of it was read: else the list of paths would be asked in part.
    ...files.some(({ path }) => facts.commands[`cdi-spec:${path}`] === undefined)
      ? []
      : stat("cdi-paths", [...new Set(paths)]),
    ...nodesOfDevices(facts, devices).filter((path) => filesOf(facts, "cdi-paths").has(path))
      .map((path) => probe(`open:${path}`, "test", "-r", path, "-a", "-w", path)),
    ...stat("nvidia-ctk", ["/usr/bin/nvidia-ctk", "/run/current-system/sw/bin/nvidia-ctk"]),
    probe(
      "nvidia-refresh",
      "systemctl",
      "show",
      "--property=Id,LoadState,ActiveState,UnitFileState,Result",
      "--",
      "nvidia-cdi-refresh.path",
      "nvidia-cdi-refresh.service",
    ),
  ];
}

function ofCodex({ ports, reserved, bindAddress, pod, paths }: Wants, facts: Facts): Probe[] {
  const filter = [
    ...ports.map(({ port }) => `sport = :${port}`),
    ...reserved === undefined
      ? []
      : [`( sport >= :${reserved.first} and sport <= :${reserved.last} )`],
  ].join(" or ");
  const held = listenersOf(facts).filter(({ address }) => addressesClash(address, bindAddress));
  const holders = [...new Set(held.flatMap(({ holder }) => holder?.id ?? []))];
  const there = [...filesOf(facts, "codex-paths").keys()];
  return [
    ...filter === "" ? [] : [probe("ports", "ss", "-Hltnp", filter)],
    ...lowPortsOf({ ports, reserved }).length === 0
      ? []
      : [probe("unprivileged-ports", "cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start")],
    ...held.length === 0 ? [] : [probe("pod", "podman", "pod", "inspect", "--", pod)],
    ...holders.map((id) => probe(`cgroup-of:${id}`, "cat", `/proc/${id}/cgroup`)),
    ...stat("codex-paths", [...new Set(paths.map(({ path }) => path))].sort()),
    ...there.map((path) => probe(`readable:${path}`, "test", "-r", path)),
  ];
}

function lines(facts: Facts, id: string): string[] {
  const fact = facts.commands[id];
  return fact !== undefined && "exit" in fact ? fact.stdout : [];
}
