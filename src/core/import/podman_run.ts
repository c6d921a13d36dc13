/** The options of `podman run` and `docker run`, and their Quadlet keys. */

/** One option of the input. */
export interface RunOption {
  /** Its long name without dashes. */
  readonly name: string;
  /** Undefined for a switch. */
  readonly value: string | undefined;
  /** The words of the input. */
  readonly words: readonly string[];
}

/**
 * Options without a value; every other option has one. Source: `podman run --help` of Podman 5.4.2
 * and 5.8.6; docker-run(1).
 */
const SWITCHES: ReadonlySet<string> = new Set(
  (
    "detach disable-content-trust env-host help http-proxy init interactive no-healthcheck " +
    "no-hostname no-hosts oom-kill-disable passwd privileged publish-all quiet read-only " +
    "read-only-tmpfs replace rm rmi rootfs sig-proxy tls-verify tty unsetenv-all use-api-socket"
  ).split(" "),
);

/** The long names of short options. */
const LETTERS = table(
  "a=attach c=cpu-shares d=detach e=env h=hostname i=interactive l=label m=memory P=publish-all " +
    "p=publish q=quiet t=tty u=user v=volume w=workdir",
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
      "net-alias=NetworkAlias publish=PublishPort subgidname=SubGIDMap subuidname=SubUIDMap " +
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
 * Reads options up to the first word that is not one. Returns them, and the other words.
 *
 * @example
 * ```ts
 * import { parseRunOptions } from "./podman_run.ts";
 * parseRunOptions(["-it", "-p8080:80", "--name", "eye", "image", "word"]).rest; // ["image", "word"]
 * ```
 */
export function parseRunOptions(
  words: readonly string[],
): { options: readonly RunOption[]; rest: readonly string[] } {
  const options: RunOption[] = [];
  let at = 0;
  while (/^-./s.test(words[at] ?? "") && words[at] !== "--") {
    const read = words[at]?.startsWith("--") ? [readLong(words, at)] : readShort(words, at);
    options.push(...read);
    at += read.at(-1)?.words.length ?? 1;
  }
  return { options, rest: words.slice(words[at] === "--" ? at + 1 : at) };
}

function readLong(words: readonly string[], at: number): RunOption {
  const [, name = "", value] = /^--([^=]*)(?:=(.*))?$/s.exec(words[at] ?? "") ?? [];
  if (value !== undefined || SWITCHES.has(name)) {
    return { name, value, words: words.slice(at, at + 1) };
  }
  return { name, value: words[at + 1] ?? "", words: words.slice(at, at + 2) };
}

/** Reads one dash and letters: switches, then at most one option with its value. */
function readShort(words: readonly string[], at: number): RunOption[] {
  const letters = words[at]?.slice(1) ?? "";
  const options: RunOption[] = [];
  for (const [i, letter] of [...letters].entries()) {
    const name = LETTERS.get(letter) ?? letter;
    if (SWITCHES.has(name)) {
      options.push({ name, value: undefined, words: [`-${letter}`] });
      continue;
    }
    const joined = letters.slice(i + 1).replace(/^=/, "");
    const own = joined === ""
      ? [`-${letter}`, ...words.slice(at + 1, at + 2)]
      : [`-${letter}${joined}`];
    return [...options, { name, value: joined || (own[1] ?? ""), words: own }];
  }
  return options;
}
