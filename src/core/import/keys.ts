/** What each key of a container becomes. Keys that are not here go to `quadlet`, if they may. */
import { lychdSchema, parseVolume, type TomlText } from "../codex/mod.ts";
import { isShellLine, whyReserved } from "../compile/mod.ts";
import type { Proposal, Way } from "./draft.ts";
import type { Fate, Ledger, Outcome } from "./ledger.ts";
import type { GivenPort } from "./ports.ts";
import { START_LIMIT_SECONDS, STOP_LIMIT_SECONDS, wholeSeconds, whyCut } from "./seconds.ts";
import { all, type Container, join, passed, type PortPlan, type Setting } from "./setting.ts";

/** Around a setting: whose it is, and which port that has now. */
export interface Scene {
  readonly container: Container;
  readonly plan: PortPlan;
  readonly given: GivenPort;
  readonly ledger: Ledger;
}

/** What a setting becomes: ways for the compiler to judge, or what there is to say of it. */
type Meaning = readonly Way[] | { readonly outcome: Outcome } & Fate;

/**
 * The ways in which a setting can be carried over; one that becomes no field is noted in the ledger.
 */
export function proposalsFor(setting: Setting, scene: Scene): Proposal[] {
  const name = `${setting.section}.${setting.key}`;
  const own = Object.hasOwn(KEYS, name) ? KEYS[name]?.(setting, scene) : undefined;
  const meaning = own ?? otherwise(setting, scene);
  if (!("outcome" in meaning)) return [{ item: setting.item, ways: meaning }];
  const { outcome, ...fate } = meaning;
  scene.ledger.note(setting.item, outcome, { soulstone: scene.container.name, ...fate });
  return [];
}

/** A key that has no field: passed on, unless it breaks what lychd relies on. */
function otherwise(setting: Setting, { container }: Scene): Meaning {
  const { section, key, value } = setting;
  if (!SECTIONS.has(section)) return lost(`a .container has no section [${section}]`);
  const why = whyReserved(section, key);
  if (why !== undefined) {
    return WRITTEN[`${section}.${key}`] === value
      ? { outcome: "carried", why: "so it is" }
      : lost(why);
  }
  const renamed = section === "Unit" ? container.renamed.get(value) : undefined;
  return renamed === undefined
    ? [passed(setting)]
    : [passed(setting, `that unit is called ${renamed} from now on`, renamed)];
}

/** The sections that `quadlet` passes on; others mean nothing to Quadlet and systemd. */
const SECTIONS: ReadonlySet<string> = new Set([
  "Container",
  "Install",
  "Quadlet",
  "Service",
  "Unit",
]);

/** What Quadlet or lychd write whether or not a unit says so. */
const WRITTEN: Readonly<Record<string, string>> = {
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

/** A field, or the key itself where the field refuses the value. */
function field(setting: Setting, path: readonly string[], value: TomlText = setting.value): Way[] {
  return [{ assign: [{ path, value }], how: setting.how }, passed(setting)];
}

/** A field of whole numbers, for a value that is one. */
function numberField(
  setting: Setting,
  path: readonly string[],
  value: number | undefined,
): readonly Way[] {
  return value === undefined ? [passed(setting)] : field(setting, path, value);
}

/** A field of seconds, cut to what it may hold. */
function timeField(
  { how }: Setting,
  path: readonly string[],
  seconds: number,
  limitSeconds: number,
): readonly Way[] {
  if (seconds <= limitSeconds) return [{ assign: [{ path, value: seconds }], how }];
  return [{ assign: [{ path, value: limitSeconds }], how: join(how, whyCut(limitSeconds)) }];
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) ? Number(text) : undefined;
}

const IN_POD = "all engines live in one pod";
// Seen with Podman 5.4.2: names and addresses of a pod are those of its first container.
const NO_DNS = "it has no effect in a pod, whose names and addresses are one for all";

const KEYS: Readonly<Record<string, (setting: Setting, scene: Scene) => Meaning | undefined>> = {
  "Container.Image": ({ value, how }) => [{ assign: [{ path: ["image"], value }], how }],
  "Container.Secret": (setting) => field(setting, ["secrets"]),
  "Container.Volume": volume,
  "Container.AddDevice": (setting) =>
    setting.value.startsWith("-")
      ? lost(
        "only if it is there cannot be said; if it is, write " +
          `devices = ["${setting.value.slice(1)}"]`,
      )
      : field(setting, ["devices"]),
  "Container.HealthCmd": health,
  "Container.HealthStartupCmd": health,
  "Container.HealthInterval": (setting) =>
    numberField(setting, ["health", "interval_seconds"], wholeSeconds(setting.value)),
  "Container.HealthTimeout": (setting) =>
    numberField(setting, ["health", "timeout_seconds"], wholeSeconds(setting.value)),
  "Container.HealthRetries": (setting) =>
    numberField(setting, ["health", "retries"], wholeNumber(setting.value)),
  "Container.Notify": (setting, { container: { name, settings } }) =>
    setting.value === "healthy" &&
      all(settings, "HealthCmd").some(({ value }) => isShellLine(value))
      ? { outcome: "carried", to: `${name}.health` }
      : undefined,
  // As a key it would stand beside the time that systemd gives.
  "Container.StopTimeout": (setting) =>
    /^\d{1,10}$/.test(setting.value)
      ? timeField(setting, ["stop_timeout_seconds"], Number(setting.value), STOP_LIMIT_SECONDS)
      : lost("it is no number of seconds"),
  "Container.ContainerName": called,
  "Container.ServiceName": called,
  "Container.Pod": (_, { container: { name } }) => changed(name, `${IN_POD}, that of lychd`),
  "Container.StartWithPod": ({ value }, { container: { name } }) =>
    value === "false"
      ? { outcome: "carried", to: name }
      : lost("the pod starts without its engines; Covens start them"),
  "Container.Network": ({ value }, { container: { name } }) =>
    value === "host"
      ? changed(`${name}.port`, `${IN_POD}: of the host's network it has its port alone`)
      : lost(`${IN_POD}, and have its network: they reach each other at localhost`),
  "Container.DNS": () => lost(NO_DNS),
  "Container.DNSOption": () => lost(NO_DNS),
  "Container.DNSSearch": () => lost(NO_DNS),
  "Container.ShmSize": ({ value }, { container: { name } }) =>
    isWithin(value, SHM_LIMIT_MIB)
      ? changed(name, "the pod has one limit for all: `shm_size_mib` of [sepulcher]")
      : lost("the pod has one limit for all: raise `shm_size_mib` of [sepulcher] in lychd.toml"),
  "Container.PodmanArgs": podmanArgs,
  // A key of `quadlet` takes one word for one value.
  "Container.ReloadCmd": ({ words }) =>
    words?.length === 1 ? undefined : lost("`quadlet` passes a command of one word only"),
  "Unit.Description": (setting) => field(setting, ["description"]),
  "Unit.After": ordered,
  "Unit.Before": ordered,
  "Service.TimeoutStartSec": (setting) => {
    const seconds = wholeSeconds(setting.value);
    return seconds === undefined || seconds < 1
      ? [passed(setting)]
      : timeField(setting, ["start_timeout_seconds"], seconds, START_LIMIT_SECONDS);
  },
};

function called(_: Setting, { container: { name } }: Scene): Meaning {
  return changed(name, `it is called soulstone-${name} from now on`);
}

/** lychd orders by itself what excludes each other, in its own direction. */
function ordered({ value }: Setting, { container: { name, rivals } }: Scene): Meaning | undefined {
  return rivals.has(value) ? { outcome: "carried", to: `${name}.groups` } : undefined;
}

/** A volume as a field; with options that lychd does not know as a key of `quadlet`. */
function volume(setting: Setting): Meaning {
  const [asField, asKey] = field(setting, ["volumes"]);
  if (asField === undefined || asKey === undefined) return [];
  return "volume" in parseVolume(setting.value) ? [asField] : [asField, asKey];
}

/** The health command asks at the port, so it has to follow it. */
function health(setting: Setting, { plan: { command, main }, given: { port } }: Scene): Meaning {
  const before = command.inside ?? main?.published.inside;
  const moved = command.canMove && before !== undefined
    ? setting.value.replace(new RegExp(`(?<=[:=\\s])${before}(?!\\d)`, "g"), String(port))
    : setting.value;
  const how = moved === setting.value ? setting.how : join(setting.how, `it asks at port ${port}`);
  const asField: Way = { assign: [{ path: ["health", "cmd"], value: moved }], how };
  const asKey = passed(setting, how, moved);
  return setting.key === "HealthCmd" ? [asField, asKey] : [asKey];
}

/** Options of `podman run` without a key that Podman refuses in a pod (5.4.2), and why. */
const NOT_IN_POD: Readonly<Record<string, string>> = {
  ipc: "all engines share the memory of their pod",
  "mac-address": "all engines share the network of their pod",
  "publish-all": "a Soulstone has one port",
};

/** An option and its value stay together. */
function podmanArgs({ section, key, value, words, how }: Setting): Meaning {
  const option = /^--([a-z-]+)/.exec(value)?.[1] ?? "";
  if (Object.hasOwn(NOT_IN_POD, option)) return lost(NOT_IN_POD[option] ?? "");
  const path = ["quadlet", section, key];
  return [{ assign: (words ?? [value]).map((word) => ({ path, value: word })), how }];
}

/** `shm_size_mib` when nobody sets it. */
const SHM_LIMIT_MIB = lychdSchema.parse({}).sepulcher.shm_size_mib;

/** Whether a size such as `16g` is at most so many MiB. */
function isWithin(size: string, limitMib: number): boolean {
  const [, digits = "", unit = ""] = /^(\d+)([kmg]?)b?$/i.exec(size) ?? [];
  // No unit is bytes.
  const power = unit === "" ? 0 : "kmg".indexOf(unit.toLowerCase()) + 1;
  return digits !== "" && Number(digits) * 1024 ** power <= limitMib * 1024 ** 2;
}
