import { parseVolume, type Soulstone, uriOf } from "../codex/mod.ts";
import { type Finding, finding, type Place, trimEnd } from "../report/mod.ts";
import {
  covenTarget,
  type Directive,
  SEPULCHER,
  soulstoneUnit,
  type Unit,
  writeExecWord,
  writeText,
  writeVariable,
  writeWord,
  type Written,
} from "../rune/mod.ts";
import { ASKED_TO_END } from "./asked_to_end.ts";
import { commandOf, type CommandWord } from "./command.ts";
import { type EngineProfile, profileOf } from "./engines/mod.ts";
import { healthSection } from "./health.ts";
import { metricsFindings, metricsOf } from "./metrics.ts";
import { ENGINE_RESERVED, mergePassed } from "./passthrough.ts";

/** What a Soulstone's unit needs to know of the rest of the Codex. */
export interface Surroundings {
  /** The Soulstones that cannot run beside it, sorted by name. */
  readonly conflicts: readonly { readonly name: string; readonly service: string }[];
  /** The Covens that it is in, and those whose target it ends by running; sorted. */
  readonly covens: readonly string[];
  readonly foreignCovens: readonly string[];
  /** `default_devices` of lychd.toml. */
  readonly defaultDevices: readonly string[] | undefined;
  /** Whether lychd.toml could be read as a whole. */
  readonly settingsKnown: boolean;
  readonly waitForNetwork: boolean;
  readonly hasHarvester: boolean;
  readonly shmSizeMib: number;
}

/** Extra seconds that systemd gives Podman to clean up behind an engine. */
const STOP_GRACE_SECONDS = 30;

/**
 * The unit of one Soulstone: the engine's command, its place in the pod, and its part of the law.
 */
export function soulstoneUnitOf(
  soulstone: Soulstone,
  around: Surroundings,
): { unit: Unit; passed: Unit; findings: Finding[] } {
  const profile = profileOf(soulstone);
  const findings: Finding[] = [];
  const at = (...path: (string | number)[]): Place => soulstone.placeOf(path);

  /** A value that the Codex brings, or a finding where it cannot be written. */
  function given(written: Written, field: string, from: Place): Directive[] {
    if ("text" in written) return [{ text: written.text, from }];
    findings.push(finding("text-unfit", from, { field, problem: written.problem }));
    return [];
  }

  const names = soulstoneUnit(soulstone.name);
  const head = at();
  const groups = at("groups");
  const says = (text: string | number | boolean, from = head) => [{ text: String(text), from }];
  const command = commandOf(soulstone, profile);
  findings.push(...command.findings);
  const health = healthSection(soulstone, profile);
  findings.push(...health.findings, ...metricsFindings(soulstone, profile, around.hasHarvester));
  const devices = soulstone.devices ?? around.defaultDevices ?? [];
  const noDevice = soulstone.devices === undefined && around.defaultDevices === undefined;
  if (noDevice && around.settingsKnown && profile.needsGpu(soulstone.image)) {
    findings.push(finding("device-none", head, { engine: profile.title }));
  }
  if (profile.shmMib > around.shmSizeMib) {
    findings.push(finding("shm-small", head, {
      engine: profile.title,
      actualMib: around.shmSizeMib,
      neededMib: profile.shmMib,
    }));
  }

  const description = soulstone.description ?? `LychD Soulstone ${soulstone.name}`;
  const unit: Unit = {
    Unit: {
      Description: given(
        writeText(description, { command: false, quotesStripped: false }),
        "description",
        at("description"),
      ),
      Conflicts: [
        ...around.conflicts.map(({ service }) => service),
        ...around.foreignCovens.map(covenTarget),
      ].flatMap((name) => says(name, groups)),
      // Of each pair the later name is ordered: systemd then stops the one before it starts the other.
      After: around.conflicts.filter(({ name }) => name < soulstone.name)
        .flatMap(({ service }) => says(service, groups)),
      StartLimitIntervalSec: says(0),
    },
    Container: {
      ContainerName: says(names.container),
      Image: says(soulstone.image, at("image")),
      Pod: says(SEPULCHER.file),
      StartWithPod: says(false),
      Exec: execOf(command.words, findings),
      Environment: Object.entries(soulstone.env).sort(([a], [b]) => a < b ? -1 : 1)
        .flatMap(([name, value]) =>
          given(writeVariable(`${name}=${value}`), `env.${name}`, at("env", name))
        ),
      Secret: soulstone.secrets.flatMap((s, i) => given(writeWord(s), "secrets", at("secrets", i))),
      Volume: volumesOf(soulstone, profile, given),
      AddDevice: devices.flatMap((device) => says(device, at("devices"))),
      GroupAdd: devices.some(isGroupOwned) ? says("keep-groups", at("devices")) : [],
      ...health.section,
      StopTimeout: says(soulstone.stop_timeout_seconds, at("stop_timeout_seconds")),
      Label: labelsOf(soulstone, profile)
        .flatMap(([key, value]) => given(writeWord(`lychd.${key}=${value}`), key, head)),
    },
    Service: {
      Restart: says("on-failure"),
      RestartSec: says(5),
      RestartSteps: says(6),
      RestartMaxDelaySec: says(300),
      RestartPreventExitStatus: says("0 143 SIGTERM SIGKILL"),
      ExecStopPost: says(ASKED_TO_END),
      TimeoutStartSec: says(
        soulstone.start_timeout_seconds ?? profile.startTimeoutSeconds,
        at("start_timeout_seconds"),
      ),
      TimeoutStopSec: says(
        soulstone.stop_timeout_seconds + STOP_GRACE_SECONDS,
        at("stop_timeout_seconds"),
      ),
    },
    Install: {},
    Quadlet: { DefaultDependencies: around.waitForNetwork ? [] : says(false) },
    "X-Lychd": Object.fromEntries(
      factsOf(soulstone, profile, around).map(([key, value]) => [key, says(value)]),
    ),
  };
  const merged = mergePassed(unit, soulstone, ENGINE_RESERVED);
  findings.push(...merged.findings);
  return { unit: merged.unit, passed: merged.passed, findings };
}

/** What Docker and Podman call devices that a group owns: the user's groups must be kept. */
export function isGroupOwned(device: string): boolean {
  return !device.startsWith("nvidia.com/");
}

function execOf(words: readonly CommandWord[], findings: Finding[]): Directive[] {
  const texts: string[] = [];
  for (const { text, from } of words) {
    const written = writeExecWord(text);
    if ("text" in written) texts.push(written.text);
    else findings.push(unfitWord(text, written.problem, from));
  }
  return texts.length === 0 ? [] : [{ text: texts.join(" "), from: words[0]?.from }];
}

function unfitWord(text: string, problem: string, place: Place): Finding {
  switch (text) {
    case "":
      return finding("exec-word-empty", place, {});
    case ";":
      return finding("exec-word-semicolon", place, {});
    default:
      return finding("text-unfit", place, { field: "exec", problem });
  }
}

function volumesOf(
  soulstone: Soulstone,
  profile: EngineProfile,
  given: (written: Written, field: string, from: Place) => Directive[],
): Directive[] {
  const place = { command: true, quotesStripped: false };
  const mounted = passedTargets(soulstone);
  const own = soulstone.volumes.flatMap((text, i) => {
    const from = soulstone.placeOf(["volumes", i]);
    const read = parseVolume(text);
    if ("problem" in read) return [];
    const { source, target, options } = read.volume;
    mounted.push(target);
    const rest = [source.text, target, ...(options === undefined ? [] : [options])].join(":");
    const written = writeText(source.kind === "home" ? `/${rest}` : rest, place);
    // %h is the one specifier that lychd writes itself: systemd knows where the home folder is.
    return given(
      "text" in written && source.kind === "home" ? { text: `%h${written.text}` } : written,
      "volumes",
      from,
    );
  });
  const caches = profile.caches(soulstone.model)
    .filter((cache) => !mounted.some((path) => covers(path, cache.target)))
    .map((cache) => ({ text: `${cache.volume}:${cache.target}`, from: soulstone.placeOf([]) }));
  return [...own, ...caches];
}

/** Where keys of `quadlet` mount something: Podman refuses a second mount at one path. */
function passedTargets({ quadlet }: Soulstone): string[] {
  const passed = (key: string) => [quadlet["Container"]?.[key] ?? []].flat().map(String);
  return [
    ...passed("Volume").flatMap((text) => text.split(":")[text.includes(":") ? 1 : 0] ?? []),
    ...passed("Tmpfs").flatMap((text) => text.split(":")[0] ?? []),
    ...passed("Mount").flatMap((text) =>
      /(?:^|,)(?:target|destination|dst)=([^,]*)/.exec(text)?.[1] ?? []
    ),
  ];
}

/** True when a mount at `path` already holds `target`. */
function covers(path: string, target: string): boolean {
  const folder = trimEnd(path, /\//);
  return target === folder || target.startsWith(`${folder}/`);
}

/**
 * What the container says of itself to `podman ps --filter label=…`. Nothing of the other
 * Soulstones: a change of theirs must not change this container.
 */
function labelsOf(soulstone: Soulstone, profile: EngineProfile): [string, string][] {
  const labels: [string, string][] = [
    ["soulstone", soulstone.name],
    ["engine", profile.name],
    ["capabilities", soulstone.capabilities.join(",")],
  ];
  return labels.filter(([, value]) => value !== "");
}

/** What the unit says of itself to lychd, later and without the Codex. */
function factsOf(
  soulstone: Soulstone,
  profile: EngineProfile,
  around: Surroundings,
): [string, string | number][] {
  const facts: [string, string | number | undefined][] = [
    ["Soulstone", soulstone.name],
    ["Engine", profile.name],
    ["Covens", around.covens.join(" ")],
    ["Capabilities", soulstone.capabilities.join(" ")],
    ["Port", soulstone.port],
    ["Uri", uriOf(soulstone)],
    ["Resident", soulstone.resident ? "yes" : undefined],
    // Who brings a command of their own does not mean the path that the engine is known for.
    [
      "HealthPath",
      soulstone.health?.path ??
        (soulstone.health?.cmd === undefined ? profile.healthPath : undefined),
    ],
    ["MetricsPath", metricsOf(soulstone)?.path],
    ["VramMib", soulstone.vram_mib],
  ];
  return facts.filter((fact): fact is [string, string | number] =>
    fact[1] !== undefined && fact[1] !== ""
  );
}
