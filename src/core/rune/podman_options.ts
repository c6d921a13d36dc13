/**
 * The options of `podman run` and `docker run`, their Quadlet keys, and a reader of command lines.
 * Sources: `podman run --help` and `podman --help` of 5.4.2 and 5.8.6; docker-run(1).
 *
 * @module
 */

/** One option of the input. */
export interface RunOption {
  /** Its long name without dashes. */
  readonly name: string;
  /** Undefined for a switch. */
  readonly value: string | undefined;
  /** The words of the input. */
  readonly words: readonly string[];
  /** The index of the first of these words; short options may share a word. */
  readonly index: number;
}

/** Options without a value; every other option has one. */
const SWITCHES = names(`
  detach disable-content-trust env-host help http-proxy init interactive no-healthcheck no-hostname
  no-hosts oom-kill-disable passwd privileged publish-all quiet read-only read-only-tmpfs remote
  replace rm rmi rootfs sig-proxy syslog tls-verify transient-store tty unsetenv-all use-api-socket
  version
`);

/** The options of `podman`, which may also follow `run`. */
export const GLOBAL_OPTIONS = names(`
  cdi-spec-dir cgroup-manager config conmon connection events-backend help hooks-dir identity
  imagestore log-level module network-cmd-path network-config-dir out remote root runroot runtime
  runtime-flag ssh storage-driver storage-opt syslog tls-ca tls-cert tls-key tmpdir transient-store
  url version volumepath
`);

/** The options of `podman run`. */
export const RUN_OPTIONS = names(`
  add-host annotation arch attach authfile blkio-weight blkio-weight-device cap-add cap-drop cert-dir
  cgroup-conf cgroup-parent cgroupns cgroups chrootdirs cidfile conmon-pidfile cpu-period cpu-quota
  cpu-rt-period cpu-rt-runtime cpu-shares cpus cpuset-cpus cpuset-mems creds decryption-key detach
  detach-keys device device-cgroup-rule device-read-bps device-read-iops device-write-bps
  device-write-iops disable-content-trust dns dns-opt dns-option dns-search entrypoint env env-file
  env-host env-merge expose gidmap gpus group-add group-entry health-cmd health-interval
  health-log-destination health-max-log-count health-max-log-size health-on-failure health-retries
  health-start-period health-startup-cmd health-startup-interval health-startup-retries
  health-startup-success health-startup-timeout health-timeout help hostname hosts-file hostuser
  http-proxy image-volume init init-path interactive ip ip6 ipc label label-file log-driver log-opt
  mac-address memory memory-reservation memory-swap memory-swappiness mount name net network
  network-alias no-healthcheck no-hostname no-hosts oom-kill-disable oom-score-adj os passwd
  passwd-entry personality pid pidfile pids-limit platform pod pod-id-file preserve-fd preserve-fds
  privileged publish publish-all pull quiet rdt-class read-only read-only-tmpfs replace requires
  restart retry retry-delay rm rmi rootfs sdnotify seccomp-policy secret security-opt shm-size
  shm-size-systemd sig-proxy stop-signal stop-timeout subgidname subuidname sysctl systemd timeout
  tls-verify tmpfs tty tz uidmap ulimit umask unsetenv unsetenv-all user userns uts variant volume
  volumes-from workdir
`);

function names(list: string): ReadonlySet<string> {
  return new Set(list.trim().split(/\s+/));
}

/** The long names of short options. */
const LETTERS = table(
  "a=attach c=cpu-shares d=detach e=env h=hostname i=interactive l=label m=memory P=publish-all " +
    "p=publish q=quiet r=remote t=tty u=user v=volume w=workdir",
);

/** Options with a key of [Container]. */
const KEYS = new Map([
  // The key is the same name in upper camel case.
  ...(
    "add-host annotation entrypoint group-add health-cmd health-interval health-on-failure " +
    "health-retries health-start-period health-startup-cmd health-startup-interval " +
    "health-startup-retries health-startup-success health-startup-timeout health-timeout label " +
    "log-driver log-opt mount network network-alias pids-limit pod pull read-only read-only-tmpfs " +
    "secret shm-size stop-signal stop-timeout sysctl tmpfs ulimit user volume"
  ).split(" ").map((name) =>
    [name, name.replace(/(?:^|-)(.)/g, (_, c) => c.toUpperCase())] as const
  ),
  ...table(
    "cap-add=AddCapability cap-drop=DropCapability cgroups=CgroupsMode device=AddDevice dns=DNS " +
      "dns-opt=DNSOption dns-option=DNSOption dns-search=DNSSearch env=Environment " +
      "env-file=EnvironmentFile env-host=EnvironmentHost expose=ExposeHostPort gidmap=GIDMap " +
      "hostname=HostName init=RunInit ip=IP ip6=IP6 name=ContainerName net=Network " +
      "net-alias=NetworkAlias publish=PublishPort rootfs=Rootfs subgidname=SubGIDMap subuidname=SubUIDMap " +
      "tz=Timezone uidmap=UIDMap userns=UserNS workdir=WorkingDir",
  ),
]);

/** Reads `name=value` pairs. */
function table(pairs: string): ReadonlyMap<string, string> {
  return new Map(pairs.split(" ").map((pair) => pair.split("=") as [string, string]));
}

/** Returns the key of [Container] that means the same as an option, or nothing. */
export function quadletKeyOf(option: string): string | undefined {
  return KEYS.get(option);
}

/**
 * Reads options up to the first word that is not one, and returns its index and the words after the
 * options.
 *
 * @example
 * ```ts
 * import { parseRunOptions } from "./podman_options.ts";
 * parseRunOptions(["-it", "-p8080:80", "--name", "eye", "image", "word"]).rest; // ["image", "word"]
 * ```
 */
export function parseRunOptions(
  words: readonly string[],
): { options: readonly RunOption[]; end: number; rest: readonly string[] } {
  const options: RunOption[] = [];
  let at = 0;
  while (/^-./s.test(words[at] ?? "") && words[at] !== "--") {
    const read = words[at]?.startsWith("--") ? [readLong(words, at)] : readShort(words, at);
    options.push(...read);
    at += read.at(-1)?.words.length ?? 1;
  }
  return { options, end: at, rest: words.slice(words[at] === "--" ? at + 1 : at) };
}

/** Returns true if an option has no value although it needs one. */
export function lacksValue({ name, value, words }: RunOption): boolean {
  return value === "" && words.length === 1 && !SWITCHES.has(name) && !words[0]?.endsWith("=");
}

function readLong(words: readonly string[], index: number): RunOption {
  const [, name = "", value] = /^--([^=]*)(?:=(.*))?$/s.exec(words[index] ?? "") ?? [];
  if (value !== undefined || SWITCHES.has(name)) {
    return { name, value, words: words.slice(index, index + 1), index };
  }
  return { name, value: words[index + 1] ?? "", words: words.slice(index, index + 2), index };
}

/** Reads one dash and letters: switches, then at most one option with its value. */
function readShort(words: readonly string[], index: number): RunOption[] {
  const letters = words[index]?.slice(1) ?? "";
  const options: RunOption[] = [];
  for (let i = 0; i < letters.length; i++) {
    const letter = letters.charAt(i);
    const name = LETTERS.get(letter) ?? letter;
    const rest = letters.slice(i + 1);
    const isAssigned = /^=./s.test(rest);
    if (SWITCHES.has(name) && !isAssigned) {
      options.push({ name, value: undefined, words: [`-${letter}`], index });
      continue;
    }
    const next = rest === "" ? words.slice(index + 1, index + 2) : [];
    const value = isAssigned ? rest.slice(1) : rest || (next[0] ?? "");
    return [...options, { name, value, words: [`-${letter}${rest}`, ...next], index }];
  }
  return options;
}

/**
 * Returns an option as one word, so that its value cannot be mistaken for another option.
 *
 * @example
 * ```ts
 * import { parseRunOptions, wordOf } from "./podman_options.ts";
 * parseRunOptions(["--gpus", "all", "-e", "A=1", "-it"]).options.map(wordOf);
 * // ["--gpus=all", "--env=A=1", "--interactive", "--tty"]
 * ```
 */
export function wordOf({ name, value }: RunOption): string {
  return `${name.length === 1 ? "-" : "--"}${name}${value === undefined ? "" : `=${value}`}`;
}
