/** The options of `podman run` and `docker run`, and what Quadlet calls them. */

/** One option as it was given. */
export interface RunOption {
  /** Its long name without dashes. */
  readonly name: string;
  /** Nothing for a switch. */
  readonly value: string | undefined;
  /** The words that it had. */
  readonly words: readonly string[];
}

/** The options at the beginning of `words`, and the words behind them. */
export interface RunOptions {
  readonly options: readonly RunOption[];
  readonly rest: readonly string[];
}

/**
 * Options that take no value. Every other one takes one (`podman run --help` of Podman 5.4.2 and
 * 5.8.6; docker-run(1)).
 */
const SWITCHES: ReadonlySet<string> = new Set([
  "detach",
  "disable-content-trust",
  "env-host",
  "help",
  "http-proxy",
  "init",
  "interactive",
  "no-healthcheck",
  "no-hostname",
  "no-hosts",
  "oom-kill-disable",
  "passwd",
  "privileged",
  "publish-all",
  "quiet",
  "read-only",
  "read-only-tmpfs",
  "replace",
  "rm",
  "rmi",
  "rootfs",
  "sig-proxy",
  "tls-verify",
  "tty",
  "unsetenv-all",
  "use-api-socket",
]);

/** One letter for a long name. */
const LETTERS: Readonly<Record<string, string>> = {
  a: "attach",
  c: "cpu-shares",
  d: "detach",
  e: "env",
  h: "hostname",
  i: "interactive",
  l: "label",
  m: "memory",
  P: "publish-all",
  p: "publish",
  q: "quiet",
  t: "tty",
  u: "user",
  v: "volume",
  w: "workdir",
};

/** Options with a key of Quadlet's [Container]. */
const KEYS: Readonly<Record<string, string>> = {
  "add-host": "AddHost",
  annotation: "Annotation",
  "cap-add": "AddCapability",
  "cap-drop": "DropCapability",
  cgroups: "CgroupsMode",
  device: "AddDevice",
  dns: "DNS",
  "dns-opt": "DNSOption",
  "dns-option": "DNSOption",
  "dns-search": "DNSSearch",
  entrypoint: "Entrypoint",
  env: "Environment",
  "env-file": "EnvironmentFile",
  "env-host": "EnvironmentHost",
  expose: "ExposeHostPort",
  gidmap: "GIDMap",
  "group-add": "GroupAdd",
  "health-cmd": "HealthCmd",
  "health-interval": "HealthInterval",
  "health-on-failure": "HealthOnFailure",
  "health-retries": "HealthRetries",
  "health-start-period": "HealthStartPeriod",
  "health-startup-cmd": "HealthStartupCmd",
  "health-startup-interval": "HealthStartupInterval",
  "health-startup-retries": "HealthStartupRetries",
  "health-startup-success": "HealthStartupSuccess",
  "health-startup-timeout": "HealthStartupTimeout",
  "health-timeout": "HealthTimeout",
  hostname: "HostName",
  init: "RunInit",
  ip: "IP",
  ip6: "IP6",
  label: "Label",
  "log-driver": "LogDriver",
  "log-opt": "LogOpt",
  mount: "Mount",
  name: "ContainerName",
  net: "Network",
  network: "Network",
  "net-alias": "NetworkAlias",
  "network-alias": "NetworkAlias",
  "pids-limit": "PidsLimit",
  pod: "Pod",
  publish: "PublishPort",
  pull: "Pull",
  "read-only": "ReadOnly",
  "read-only-tmpfs": "ReadOnlyTmpfs",
  secret: "Secret",
  "shm-size": "ShmSize",
  "stop-signal": "StopSignal",
  "stop-timeout": "StopTimeout",
  subgidname: "SubGIDMap",
  subuidname: "SubUIDMap",
  sysctl: "Sysctl",
  tmpfs: "Tmpfs",
  tz: "Timezone",
  uidmap: "UIDMap",
  ulimit: "Ulimit",
  user: "User",
  userns: "UserNS",
  volume: "Volume",
  workdir: "WorkingDir",
};

/** The key of [Container] that says the same as an option; nothing when there is none. */
export function quadletKeyOf(option: string): string | undefined {
  return Object.hasOwn(KEYS, option) ? KEYS[option] : undefined;
}

/**
 * Reads options until the first word that is none.
 *
 * @example
 * ```ts
 * import { parseRunOptions } from "./podman_run.ts";
 * parseRunOptions(["-it", "-p8080:80", "--name", "eye", "image", "word"]).rest; // ["image", "word"]
 * ```
 */
export function parseRunOptions(words: readonly string[]): RunOptions {
  const options: RunOption[] = [];
  let at = 0;
  while (at < words.length) {
    const word = words[at] ?? "";
    if (!/^-./s.test(word) || word === "--") break;
    const read = word.startsWith("--") ? readLong(words, at) : readShort(words, at);
    options.push(...read.options);
    at += read.length;
  }
  return { options, rest: words.slice(words[at] === "--" ? at + 1 : at) };
}

interface Read {
  readonly options: readonly RunOption[];
  /** How many words it had. */
  readonly length: number;
}

function readLong(words: readonly string[], at: number): Read {
  const word = words[at] ?? "";
  const equals = word.indexOf("=");
  const name = word.slice(2, equals < 0 ? undefined : equals);
  if (equals >= 0) {
    const value = word.slice(equals + 1);
    return { options: [{ name, value, words: [word] }], length: 1 };
  }
  if (SWITCHES.has(name)) {
    return { options: [{ name, value: undefined, words: [word] }], length: 1 };
  }
  const own = words.slice(at, at + 2);
  return { options: [{ name, value: own[1] ?? "", words: own }], length: own.length };
}

/** One dash and letters: switches, then at most one option with its value. */
function readShort(words: readonly string[], at: number): Read {
  const word = words[at] ?? "";
  const options: RunOption[] = [];
  for (let i = 1; i < word.length; i++) {
    const letter = word[i] ?? "";
    const name = Object.hasOwn(LETTERS, letter) ? LETTERS[letter] ?? letter : letter;
    if (SWITCHES.has(name)) {
      options.push({ name, value: undefined, words: [`-${letter}`] });
      continue;
    }
    const joined = word.slice(i + 1).replace(/^=/, "");
    const own = joined === ""
      ? [`-${letter}`, ...words.slice(at + 1, at + 2)]
      : [`-${letter}${joined}`];
    const value = joined === "" ? own[1] ?? "" : joined;
    options.push({ name, value, words: own });
    return { options, length: own.length };
  }
  return { options, length: 1 };
}
