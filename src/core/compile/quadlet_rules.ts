/**
 * The keys and values of a `quadlet` table that lychd refuses or warns about, and why; it passes on
 * every other one. They were tried with Podman 5.4.2 and systemd 257. docs/security.md lists them.
 *
 * @module
 */
import {
  GLOBAL_OPTIONS,
  isOwnUnit,
  quadletKeyOf,
  type RunOption,
  soulstoneOf,
  splitWords,
} from "../rune/mod.ts";

/** The reason why a value is refused, and what to use instead. */
export interface Refusal {
  readonly why: string;
  readonly instead?: string | undefined;
}

/** A rule for one key of `quadlet`. */
export interface Rule extends Refusal {
  /** Returns the part of a value that is refused. Without this function the key is refused. */
  readonly refused?: (value: string) => string | undefined;
}

/** Rules by `Section.Key`. */
export type Rules = Readonly<Record<string, Rule>>;

/** Returns one rule for each of several keys of a section. */
function each(section: string, keys: string, rule: Rule): Record<string, Rule> {
  return Object.fromEntries(keys.split(" ").map((key) => [`${section}.${key}`, rule]));
}

const NAMESPACE = "the containers of a pod share its user namespace";
// Observed with Podman 5.4.2: creating the container fails.
const POD_NETWORK = "the containers of a pod share its network, addresses and names";
const ONE_POD = "all containers share one pod";
const CGROUP = "systemd could not kill an engine outside of the cgroup of its service";
const OTHER_PODMAN =
  "Podman could use another host, storage or runtime, and would not find the pod";
const SURVIVES = "an engine could survive the start of its rival";
const NOT_SUMMONED = "it could not be summoned";
const CONTAINER_VARIABLE = "set a variable of the container with Container.Environment";

/** Variables that change what Podman does. */
const PODMAN_VARIABLE =
  /^(?:_?(?:BUILDAH|CONTAINERS?|DBUS|LD|LISTEN|PODMAN|STORAGE|XDG)_.*|HOME|LOGNAME|NOTIFY_SOCKET|PATH|USER)$/;

/** Returns the first name of a variable that Podman itself reads, or that systemd would compute. */
function podmanVariable(value: string): string | undefined {
  const split = splitWords(value, "words");
  // Quadlet's reader stops at an empty word, systemd does not.
  if ("problem" in split || split.rest !== "") return value;
  return split.words.map((word) => word.replace(/=.*$/s, ""))
    .find((name) => !/^[A-Za-z_]\w*$/.test(name) || PODMAN_VARIABLE.test(name));
}

/** Returns the names of units in a value, as systemd reads it. */
export function unitsIn(value: string): string[] {
  return value.replace(/["']/g, "").split(/\s+/).filter((name) => name !== "");
}

/** Units that start or stop all others of the session: every service requires its slice, for example. */
const SESSION_UNIT =
  /^(?:basic|default|exit|paths|shutdown|sockets|timers)\.target$|^systemd-exit\.service$|\.slice$/;

/** Returns the first unit of lychd, or of the session that starts and stops them, in a value. */
function ownUnit(value: string): string | undefined {
  return unitsIn(value).find((name) => isOwnUnit(name) || SESSION_UNIT.test(name));
}

const NAMES_OWN_UNIT: Rule = {
  why: "only a summon, the exclusivity rule and your session start and stop units of lychd",
  instead: "put Soulstones that run together into one group",
  refused: ownUnit,
};

const ORDERS_OWN_UNIT: Rule = {
  why: "lychd orders its units by the exclusivity rule",
  refused: (value) => unitsIn(value).find((name) => isOwnUnit(name)),
};

/** Keys that no container may set. */
const RULES: Rules = {
  "Container.Pod": { why: ONE_POD },
  "Container.ContainerName": { why: "lychd finds the container by this name" },
  "Container.ServiceName": { why: "other units refer to the service by its name" },
  "Container.Network": { why: "the container uses the network of the pod" },
  ...each("Container", "Image Rootfs", { why: "use `image`" }),
  ...each("Container", "AddHost HostName IP IP6 NetworkAlias", { why: POD_NETWORK }),
  ...each("Container", "UserNS UIDMap GIDMap SubUIDMap SubGIDMap", { why: NAMESPACE }),
  ...each("Container", "RemapUsers RemapUid RemapGid RemapUidSize", { why: NAMESPACE }),
  "Container.CgroupsMode": { why: CGROUP },
  "Container.ContainersConfModule": {
    why: OTHER_PODMAN,
    instead: "set options of the container with keys of Container",
  },
  ...each(
    "Unit",
    "BindTo BindsTo Conflicts JoinsNamespaceOf OnFailure OnSuccess PartOf PropagateReloadFrom " +
      "PropagateReloadTo PropagatesReloadTo PropagatesStopTo ReloadPropagatedFrom Requires " +
      "RequiresOverridable Requisite RequisiteOverridable StopPropagatedFrom Upholds Wants",
    NAMES_OWN_UNIT,
  ),
  ...each("Unit", "After Before", ORDERS_OWN_UNIT),
  ...each("Unit", "OnFailureIsolate OnFailureJobMode OnSuccessJobMode", {
    why:
      "another mode than the default can stop every engine, or ignore that two exclude each other",
  }),
  ...each("Unit", "JobRunningTimeoutSec JobTimeoutSec", {
    why: "the limit holds for stops too, so a rival could not start while the engine stops",
    instead: "limit the service with TimeoutStartSec and TimeoutStopSec",
  }),
  ...each("Unit", "FailureAction JobTimeoutAction StartLimitAction SuccessAction", {
    why: "it can end your whole session",
  }),
  ...each("Unit", "RefuseManualStart StopWhenUnneeded", { why: NOT_SUMMONED }),
  "Unit.RefuseManualStop": { why: "it could not be banished" },
  ...each("Unit", "DefaultDependencies SurviveFinalKillSignal", {
    why: "an engine must stop with your session",
  }),
  ...each("Service", "Type KillMode NotifyAccess Delegate", { why: "Quadlet sets it" }),
  ...each("Service", "ExecStart ExecStop", { why: "Quadlet writes it" }),
  ...each("Service", "FinalKillSignal SendSIGKILL", { why: SURVIVES }),
  ...each("Service", "FailureAction StartLimitAction", { why: "it can end your whole session" }),
  ...each("Service", "Environment PassEnvironment UnsetEnvironment", {
    why: OTHER_PODMAN,
    instead: CONTAINER_VARIABLE,
    refused: podmanVariable,
  }),
  ...each("Service", "EnvironmentFile ExecSearchPath", {
    why: OTHER_PODMAN,
    instead: "set variables of the container with Container.EnvironmentFile",
  }),
  ...each(
    "Service",
    "BindLogSockets BindPaths BindReadOnlyPaths DynamicUser ExecPaths ExtensionDirectories ExtensionImagePolicy " +
      "ExtensionImages Group IPCNamespacePath InaccessibleDirectories InaccessiblePaths LogNamespace " +
      "MountAPIVFS MountFlags MountImagePolicy MountImages NetworkNamespacePath NoExecPaths PAMName " +
      "PermissionsStartOnly PrivateDevices PrivateIPC PrivateMounts PrivateNetwork PrivatePIDs " +
      "PrivateTmp PrivateUsers ProcSubset ProtectClock ProtectControlGroups ProtectHome " +
      "ProtectHostname ProtectKernelLogs ProtectKernelModules ProtectKernelTunables ProtectProc " +
      "ProtectSystem ReadOnlyDirectories ReadOnlyPaths ReadWriteDirectories ReadWritePaths " +
      "RestrictNamespaces RootDirectory RootDirectoryStartOnly RootEphemeral RootHash " +
      "RootHashSignature RootImage RootImageOptions RootImagePolicy RootVerity SupplementaryGroups " +
      "TemporaryFileSystem User",
    {
      why: "Podman must see the same files, processes and users as for the pod",
      instead: "limit the container with keys of Container, such as ReadOnly and DropCapability",
    },
  ),
  "Service.PIDFile": { why: "Podman reports the process, and systemd would delete the file" },
  "Service.RemainAfterExit": { why: "an engine that exited would count as running" },
  ...each("Service", "RuntimeDirectory RuntimeDirectoryPreserve", {
    why: "systemd deletes the folder after a stop, even one of Podman",
    instead: "mount a folder or a volume",
  }),
  "Service.Sockets": {
    why: "the engine would listen outside of the pod",
    instead: "`port` publishes a port",
  },
};

const SWAPS: Rule = { why: "the sixth swap within ten seconds would fail" };

/** The rules for the keys of a Soulstone. */
export const ENGINE_RULES: Rules = {
  ...RULES,
  "Container.StartWithPod": { why: "the pod must start without its engines" },
  "Container.PublishPort": { why: "the pod publishes the ports; see `port` and `port_expose`" },
  "Container.Exec": { why: "use `exec`" },
  ...each("Service", "ExecStart ExecStop", { why: "Quadlet writes it; use `exec`" }),
  ...each("Unit", "StartLimitIntervalSec StartLimitInterval StartLimitBurst", SWAPS),
  ...each("Service", "StartLimitInterval StartLimitBurst", SWAPS),
  ...each("Unit", "After Before", {
    ...ORDERS_OWN_UNIT,
    // A cycle of Soulstones is found when all of them are known: see order.ts.
    refused: (value) =>
      unitsIn(value).find((name) => isOwnUnit(name) && soulstoneOf(name) === undefined),
  }),
  ...each("Install", "WantedBy RequiredBy", { why: "see `boot_coven` of lychd.toml" }),
  "Install.UpheldBy": {
    why: "an engine that systemd always starts again could not be banished",
  },
  "Install.Alias": { why: "the exclusivity rule refers to the unit by its own name" },
};

/** The rules for the keys of a Watcher. */
export const WATCHER_RULES: Rules = {
  ...RULES,
  "Container.StartWithPod": { why: "lychd-watchers.target starts it" },
  "Container.PublishPort": { why: "the pod publishes the ports; see `port`" },
  "Container.Exec": { why: "lychd writes its flags" },
  ...each("Container", "User Group", { why: "its files are readable only by the operator" }),
  "Service.ExecReload": { why: "lychd writes it" },
  ...each("Install", "WantedBy RequiredBy UpheldBy", { why: "lychd-watchers.target starts it" }),
  "Install.Alias": { why: "other units refer to the service by its name" },
};

/** Returns why a key cannot be set in a Soulstone; nothing if it can. */
export function whyReserved(section: string, key: string): string | undefined {
  const rule = ENGINE_RULES[`${section}.${key}`];
  return rule?.refused === undefined ? rule?.why : undefined;
}

/** Options of Podman that have no key and are refused in `PodmanArgs`. */
export const REFUSED_OPTIONS: ReadonlyMap<string, Rule> = new Map([
  ...options("pod-id-file", { why: ONE_POD }),
  ...options("cgroup-parent", { why: CGROUP }),
  ...options("hosts-file mac-address no-hosts publish-all", { why: POD_NETWORK }),
  ...options("attach cidfile detach replace rm sdnotify", { why: "Quadlet sets it" }),
  ...options("restart", { why: "systemd restarts the engine", instead: "set Service.Restart" }),
  ...options("rmi", { why: "Podman would delete the image at each stop" }),
  ...options("requires volumes-from", {
    why: "Podman could not remove the other container when it stops",
  }),
  ...options("cgroupns ipc pid uts", {
    why: "the engine would depend on another container",
    instead: "use `host` or `private`",
    refused: (value) => /^(?:host|none|private|shareable|)$/.test(value) ? undefined : value,
  }),
  ...options("conmon-pidfile pidfile", {
    why: "it overwrites a file of the host, even one of Podman",
  }),
  ...options("help version", { why: "Podman would print a text and start nothing" }),
  ...options([...GLOBAL_OPTIONS].filter((name) => !/^(?:log-level|syslog)$/.test(name)).join(" "), {
    why: OTHER_PODMAN,
  }),
]);

function options(names: string, rule: Rule): [name: string, rule: Rule][] {
  return names.split(" ").map((name) => [name, rule]);
}

/** Returns why an option in a list of `PodmanArgs` or `GlobalArgs` is refused; nothing if it is not. */
export function whyOptionRefused(
  rules: Rules,
  key: "PodmanArgs" | "GlobalArgs",
  { name, value, words }: RunOption,
): Refusal | undefined {
  const own = quadletKeyOf(name);
  for (const rule of [rules[`Container.${own}`], REFUSED_OPTIONS.get(name)]) {
    if (rule === undefined) continue;
    if (rule.refused === undefined || rule.refused(value ?? "") !== undefined) return rule;
  }
  if (key === "PodmanArgs") return undefined;
  return GLOBAL_OPTIONS.has(name) && words[0]?.startsWith("--")
    ? undefined
    : { why: "it is not a global option of Podman", instead: "use PodmanArgs" };
}

/** Keys of Container and options that weaken the isolation, and the values that do not. */
export const WEAKENING: readonly {
  readonly settings: string;
  readonly unless?: RegExp;
  readonly why: string;
}[] = [
  {
    settings: "AddCapability --cap-add",
    why: "it gets more rights than Podman gives by default",
  },
  {
    settings: "--privileged",
    unless: /^(?:0|f|false)$/i,
    why: "it gets every device and right that your user can give",
  },
  {
    settings: "AppArmor SeccompProfile SecurityLabelDisable SecurityLabelNested Unmask " +
      "--seccomp-policy --security-opt",
    unless: /^(?:false|no-new-privileges(?:[:=].*)?|mask=.*)$/s,
    why: "it can lose the protection by SELinux, AppArmor, seccomp or masked paths",
  },
  {
    settings: "--pid",
    unless: /^(?:private)?$/,
    why: "it can see and end the processes of your session",
  },
  {
    settings: "--cgroupns --ipc --uts",
    unless: /^(?:none|private|shareable)?$/,
    why: "it shares a namespace with the host",
  },
  { settings: "--device-cgroup-rule", why: "it can use more devices than the Codex names" },
  {
    settings: "--tls-verify",
    unless: /^(?:1|t|true)$/i,
    why: "another server could provide its image",
  },
];

/** Returns how a key of Container or an option such as `--pid` weakens the isolation. */
export function weaknesses(setting: string, value: string): string[] {
  return WEAKENING.filter(({ settings, unless }) =>
    settings.split(" ").includes(setting) && !unless?.test(value)
  ).map(({ why }) => why);
}
