/** Maps each key of a container to a field. Any other key goes to `quadlet`, if that is allowed. */
import { soulstoneUnit } from "../rune/names.ts";
import { SYSTEMD_COMMANDS } from "../rune/systemd_keys.ts";
import { lychdSchema, parseVolume, type Plain, QUADLET_SECTIONS } from "../codex/mod.ts";
import { isShellLine, whyReserved } from "../compile/mod.ts";
import type { Outcome } from "./report.ts";
import type { Alternative, Proposal } from "./resolve.ts";
import { START_LIMIT_SECONDS, STOP_LIMIT_SECONDS, wholeSeconds, whyCut } from "./seconds.ts";
import {
  all,
  type Container,
  join,
  passed,
  type PlacedContainer,
  type Setting,
} from "./setting.ts";

/** Alternatives for the compiler to judge, or an outcome. */
type Meaning =
  | readonly Alternative[]
  | { readonly outcome: Outcome; readonly to?: string; readonly why?: string };

/** Returns what a setting can become, or records its outcome. */
export function proposalsFor(setting: Setting, placed: PlacedContainer): Proposal[] {
  const name = `${setting.section}.${setting.key}`;
  const own = Object.hasOwn(KEYS, name) ? KEYS[name]?.(setting, placed) : undefined;
  const meaning = own ?? otherKey(setting, placed);
  if (!("outcome" in meaning)) return [{ item: setting.item, alternatives: meaning }];
  placed.report.record(setting.item, meaning.outcome, meaning);
  return [];
}

/** Passes on a key without a field, unless it would break what lychd relies on. */
function otherKey(setting: Setting, { container }: PlacedContainer): Meaning {
  const { section, key, value } = setting;
  if (!SECTIONS.has(section)) return lost(`a .container has no section [${section}]`);
  const why = whyReserved(section, key);
  if (why !== undefined) {
    return ALWAYS_SET[`${section}.${key}`] === value
      ? { outcome: "carried", why: "it is always set" }
      : lost(why);
  }
  if (section === "Service" && SYSTEMD_COMMANDS.has(key)) return hostCommand(setting, container);
  const renamed = section === "Unit" ? container.renamed?.get(value) : undefined;
  return renamed === undefined
    ? [passed(setting)]
    : [passed(setting, `the new name of that unit is ${renamed}`, renamed)];
}

/** Passes on a command of the host with the new names of containers. */
function hostCommand(setting: Setting, { containers = new Map() }: Container): Meaning {
  if (containers.size === 0) return [passed(setting)];
  const changes = new Set<string>();
  // The first word with a name is the container; a command in it can have the same name.
  const named = new RegExp(
    `((?:podman|docker)\\s+(?:container\\s+|healthcheck\\s+)?(?:${ON_CONTAINERS})\\s(?:[^;&|]{0,1000}?\\s)??)` +
      `(${[...containers.keys()].map((old) => RegExp.escape(old)).join("|")})(?=[\\s:;"'&|)]|$)`,
    "g",
  );
  const value = setting.value.replace(named, (_, head: string, old: string) => {
    const name = containers.get(old) ?? old;
    changes.add(`the new name of ${old} is ${name}`);
    return `${head}${name}`;
  });
  return [passed(setting, join(setting.change, ...changes), value)];
}

/** The commands of Podman and Docker that name a container. */
const ON_CONTAINERS =
  "attach|checkpoint|cp|diff|exec|export|inspect|kill|logs|pause|port|restart|restore|rm|start|stats|" +
  "stop|top|unpause|update|wait";

/** The sections that `quadlet` passes on. */
const SECTIONS: ReadonlySet<string> = new Set(QUADLET_SECTIONS);

/** The values that Quadlet or lychd always set. */
const ALWAYS_SET: Readonly<Record<string, string>> = {
  "Service.Delegate": "yes",
  "Service.KillMode": "mixed",
  "Service.NotifyAccess": "all",
  "Service.Type": "notify",
  "Unit.StartLimitIntervalSec": "0",
};

function lost(why: string): Meaning {
  return { outcome: "lost", why };
}

function changed(to: string, why: string): Meaning {
  return { outcome: "changed", to, why };
}

/** Returns a field, or the key itself if the field refuses the value. */
function field(
  setting: Setting,
  path: readonly string[],
  value: Plain = setting.value,
): Alternative[] {
  return [{ assign: [{ path, value }], change: setting.change }, passed(setting)];
}

/** Makes a setting a field of `health`, or the key itself if `read` finds no whole number. */
function healthNumber(name: string, read: (text: string) => number | undefined) {
  return (setting: Setting, { container }: PlacedContainer): Meaning => {
    if (all(container, "HealthCmd").some((cmd) => cmd.value === "none")) {
      return { outcome: "carried", why: "it has no effect: there is no health check" };
    }
    const value = read(setting.value);
    return value === undefined ? [passed(setting)] : field(setting, ["health", name], value);
  };
}

/** Returns a field of seconds, limited to its maximum. */
function timeField(
  { change }: Setting,
  path: string,
  seconds: number,
  limitSeconds: number,
): Alternative[] {
  const why = seconds > limitSeconds ? whyCut(limitSeconds) : undefined;
  const value = Math.min(seconds, limitSeconds);
  return [{ assign: [{ path: [path], value }], change: join(change, why) }];
}

const IN_POD = "all engines share one pod";
// Observed with Podman 5.4.2: a pod has the names and addresses of its first container.
const NO_DNS = lost("it has no effect in a pod, which has one network for all engines");
const SHM = "the pod has one limit for all engines";
const RENAMED = (_: Setting, { container }: PlacedContainer) =>
  changed("", `the new name is ${soulstoneUnit(container.name).container}`);
/** The exclusivity rule orders units by itself. */
const ORDERED = ({ value }: Setting, { container }: PlacedContainer): Meaning | undefined => {
  const to = container.rivals?.get(value);
  return to === undefined ? undefined : { outcome: "carried", to };
};

const KEYS: Readonly<
  Record<string, (setting: Setting, placed: PlacedContainer) => Meaning | undefined>
> = {
  "Container.Image": ({ value, change }) => [{ assign: [{ path: ["image"], value }], change }],
  "Container.Secret": (setting) => field(setting, ["secrets"]),
  // Options that lychd does not know are left to Podman.
  "Container.Volume": (setting) =>
    field(setting, ["volumes"]).slice(0, "volume" in parseVolume(setting.value) ? 1 : 2),
  "Container.AddDevice": (setting) =>
    !setting.value.startsWith("-")
      ? field(setting, ["devices"])
      : setting.value.startsWith("-/")
      ? [passed(setting)]
      : lost(
        "Podman always leaves out an optional CDI device; to use it, set " +
          `devices = ["${setting.value.slice(1)}"]`,
      ),
  "Container.HealthCmd": health,
  "Container.HealthStartupCmd": health,
  "Container.HealthInterval": healthNumber("interval_seconds", wholeSeconds),
  "Container.HealthTimeout": healthNumber("timeout_seconds", wholeSeconds),
  "Container.HealthRetries": healthNumber(
    "retries",
    (text) => /^\d{1,5}$/.test(text) ? Number(text) : undefined,
  ),
  "Container.Notify": ({ value }, { container }) =>
    value === "healthy" &&
      all(container, "HealthCmd").some((cmd) => isShellLine(shellLine(cmd.value)))
      ? changed("health", "the start waits for the health check with `podman wait`")
      : undefined,
  // As a key it would conflict with the time limit of systemd.
  "Container.StopTimeout": (setting) =>
    /^\d{1,10}$/.test(setting.value)
      ? timeField(setting, "stop_timeout_seconds", Number(setting.value), STOP_LIMIT_SECONDS)
      : lost("it is not a number of seconds"),
  "Container.ContainerName": RENAMED,
  "Container.ServiceName": RENAMED,
  "Container.Pod": () => changed("", `${IN_POD}, which lychd writes`),
  "Container.StartWithPod": ({ value }) =>
    value === "false"
      ? { outcome: "carried", to: "" }
      : lost("the pod starts without engines; Covens start them"),
  "Container.Network": ({ value }, { plan: { command } }) =>
    value === "host"
      ? command.inside === undefined
        ? lost(`${IN_POD}, and the port on which it listens is unknown: set \`port\` to it`)
        : changed("port", `${IN_POD}: only its port is published on the host`)
      : lost(`${IN_POD} and its network: they reach each other at localhost`),
  "Container.DNS": () => NO_DNS,
  "Container.DNSOption": () => NO_DNS,
  "Container.DNSSearch": () => NO_DNS,
  "Container.ShmSize": ({ value }) =>
    isWithin(value, SHM_LIMIT_MIB)
      ? changed("", `${SHM}: \`shm_size_mib\` of [sepulcher]`)
      : lost(`${SHM}: increase \`shm_size_mib\` of [sepulcher] in lychd.toml`),
  "Container.PodmanArgs": podmanArgs,
  "Container.ReloadCmd": ({ words }) =>
    words?.length === 1 ? undefined : lost("`quadlet` supports only commands of one word"),
  "Unit.Description": (setting) => field(setting, ["description"]),
  "Unit.After": ORDERED,
  "Unit.Before": ORDERED,
  "Service.TimeoutStartSec": (setting) => {
    const seconds = wholeSeconds(setting.value) ?? 0;
    return seconds < 1
      ? [passed(setting)]
      : timeField(setting, "start_timeout_seconds", seconds, START_LIMIT_SECONDS);
  },
};

/** Returns a health command without the keyword of Podman before it, if a shell would run the same. */
function shellLine(command: string): string {
  return /^CMD-SHELL +(.*)$/s.exec(command)?.[1] ??
    /^CMD +([\w@%+=:,./-]+(?: +[\w@%+=:,./-]+)*)$/.exec(command)?.[1] ?? command;
}

/** Replaces the port in a health command if the port changes. */
function health(setting: Setting, { plan: { command, main }, given: { port } }: PlacedContainer) {
  const before = command.inside ?? main?.published.inside;
  const line = shellLine(setting.value);
  const value = command.canMove && before !== undefined
    ? line.replace(new RegExp(`(?<=[:=\\s])${before}(?!\\d)`, "g"), String(port))
    : line;
  const moved = value === line ? undefined : `it checks port ${port}`;
  const changed = { ...setting, value, change: join(setting.change, moved) };
  return setting.key === "HealthCmd" ? field(changed, ["health", "cmd"]) : [passed(changed)];
}

/** Passes on an option together with its value. */
function podmanArgs({ section, key, value, words, change }: Setting): Meaning {
  if (value.startsWith("--ipc=")) return lost("all engines share the memory of their pod");
  const path = ["quadlet", section, key];
  return [{ assign: (words ?? [value]).map((word) => ({ path, value: word })), change }];
}

/** The default of `shm_size_mib`. */
const SHM_LIMIT_MIB = lychdSchema.parse({}).sepulcher.shm_size_mib;

/** Returns true if a size such as `16g` is at most the limit. */
function isWithin(size: string, limitMib: number): boolean {
  const [, digits = "", unit = ""] = /^(\d+)([kmg]?)b?$/i.exec(size) ?? [];
  const power = " kmg".indexOf(unit.toLowerCase() || " ");
  return digits !== "" && Number(digits) * 1024 ** power <= limitMib * 1024 ** 2;
}
