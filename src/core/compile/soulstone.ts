import { type Codex, parseVolume, type Soulstone, uriOf } from "../codex/mod.ts";
import { type Finding, finding, type Place, trimEnd } from "../report/mod.ts";
import {
  covenTarget,
  defaultDescription,
  type Directive,
  directive,
  SEPULCHER,
  soulstoneUnit,
  type Unit,
  writeExecWord,
  writeText,
  writeVariable,
  writeWord,
  type Written,
} from "../rune/mod.ts";
import { asciiJson } from "./ascii_json.ts";
import { commandOf, type CommandWord, listenVariable } from "./command.ts";
import {
  CLEAR_REQUESTED_STOP,
  CONTAINER_COMMENTS,
  outputOf,
  RESTART,
  STOP_GRACE_SECONDS,
} from "./container.ts";
import { type Cache, type EngineProfile, profileOf } from "./engines/mod.ts";
import { healthOfSoulstone } from "./health.ts";
import { metricsFindings, metricsOf } from "./metrics.ts";
import { mergePassed } from "./passthrough.ts";
import { ENGINE_RULES } from "./quadlet_rules.ts";
import { DRAIN } from "./vessel.ts";

/** The rest of the Codex, as far as the unit of a Soulstone depends on it. */
export interface Surroundings {
  readonly settings: Codex["settings"];
  /** The Codex place of `default_devices`. */
  readonly defaultDevicesFrom: Place;
  /** False if some settings have errors and are left at their defaults. */
  readonly settingsKnown: boolean;
  /** The Soulstones that cannot run at the same time, sorted by name. */
  readonly conflicts: readonly {
    readonly name: string;
    readonly service: string;
    readonly slot: string | undefined;
  }[];
  /** The Covens that include this Soulstone, and those that its start stops; sorted. */
  readonly covens: readonly string[];
  readonly otherCovens: readonly string[];
}

/** Returns the unit of one Soulstone. */
export function soulstoneUnitOf(
  soulstone: Soulstone,
  { settings, defaultDevicesFrom, settingsKnown, conflicts, covens, otherCovens }: Surroundings,
): { unit: Unit; findings: Finding[] } {
  const profile = profileOf(soulstone);
  const findings: Finding[] = [];
  const at = (...path: (string | number)[]): Place => soulstone.placeOf(path);
  const head = at();
  /** Returns the place of a value, or nothing for a default. */
  const from = (field: string) => at(field) === head ? undefined : at(field);

  /** Returns a directive, or adds a finding if the value cannot be written. */
  function given(written: Written, field: string, place: Place): Directive[] {
    if ("text" in written) return directive(written.text, place === head ? undefined : place);
    findings.push(finding("text-unfit", place, { field, problem: written.problem }));
    return [];
  }

  const names = soulstoneUnit(soulstone.name);
  const hasVessel = settings.vessel.enabled;
  const groups = from("groups");
  /** Returns the field that excludes another Soulstone: a slot in common, or no common group. */
  const conflictFrom = ({ slot }: Surroundings["conflicts"][number]) =>
    slot !== undefined && slot === soulstone.slot ? from("slot") : groups;
  const command = commandOf(soulstone, profile);
  const health = healthOfSoulstone(soulstone, profile);
  findings.push(
    ...command.findings,
    ...health.findings,
    ...metricsFindings(soulstone, profile, settings.harvester.enabled),
  );
  const givenDevices = soulstone.devices ?? settings.gpu.default_devices;
  const devices = givenDevices ?? [];
  const devicesFrom = soulstone.devices === undefined ? defaultDevicesFrom : from("devices");
  if (givenDevices === undefined && settingsKnown && profile.needsGpu(soulstone.image)) {
    findings.push(finding("device-none", head, { engine: profile.title }));
  }
  const actualMib = settings.sepulcher.shm_size_mib;
  if (profile.shmMib > actualMib) {
    const { title: engine, shmMib: neededMib } = profile;
    findings.push(finding("shm-small", head, { engine, actualMib, neededMib }));
  }

  const description = soulstone.description ?? defaultDescription(soulstone.name);
  const unit: Unit = {
    Unit: {
      Description: given(
        writeText(description, { command: false, quotesStripped: false }),
        "description",
        at("description"),
      ),
      Conflicts: [
        ...conflicts.flatMap((other) => directive(other.service, conflictFrom(other))),
        ...otherCovens.flatMap((name) => directive(covenTarget(name), groups)),
      ],
      // One unit of each pair is ordered after the other, so that systemd stops before it starts.
      After: conflicts.filter(({ name }) => name < soulstone.name)
        .flatMap((other) => directive(other.service, conflictFrom(other))),
      StartLimitIntervalSec: directive(0),
    },
    Container: {
      ContainerName: directive(names.container, head),
      Image: directive(soulstone.image, from("image")),
      Pod: directive(SEPULCHER.file),
      StartWithPod: directive(false),
      Exec: execOf(command.words, findings),
      Environment: Object.entries({ ...listenVariable(soulstone, profile), ...soulstone.env })
        .sort(([a], [b]) => a < b ? -1 : 1).flatMap(([name, value]) => {
          const place = at(...Object.hasOwn(soulstone.env, name) ? ["env", name] : ["port"]);
          return given(writeVariable(`${name}=${value}`), `env.${name}`, place);
        }),
      Secret: soulstone.secrets.flatMap((s, i) => given(writeWord(s), "secrets", at("secrets", i))),
      Volume: volumesOf(soulstone, profile, given),
      AddDevice: devices.flatMap((device, i) =>
        directive(device, soulstone.devices === undefined ? devicesFrom : at("devices", i))
      ),
      GroupAdd: devices.some(isGroupOwned) ? directive("keep-groups", devicesFrom) : [],
      ...health.sections.Container,
      StopTimeout: directive(soulstone.stop_timeout_seconds, from("stop_timeout_seconds")),
      Label: Object.entries(labelsOf(soulstone, profile))
        .flatMap(([key, value]) => given(writeWord(`lychd.${key}=${value}`), key, at(key))),
    },
    Service: {
      ...RESTART,
      RestartPreventExitStatus: directive("0 143 SIGTERM SIGKILL"),
      TimeoutStartSec: directive(
        soulstone.start_timeout_seconds ?? profile.startTimeoutSeconds,
        from("start_timeout_seconds"),
      ),
      // systemd applies it to each command.
      TimeoutStopSec: directive(
        Math.max(soulstone.stop_timeout_seconds, hasVessel ? DRAIN.seconds : 0) +
          STOP_GRACE_SECONDS,
        from("stop_timeout_seconds"),
      ),
      ExecStop: hasVessel ? DRAIN.command(soulstone.name) : [],
      ...outputOf(soulstone.quadlet),
      ...health.sections.Service,
      ExecStopPost: [...CLEAR_REQUESTED_STOP.ExecStopPost, ...RETURN_WITH_POD],
    },
    Install: {},
    Quadlet: { DefaultDependencies: settings.wait_for_network ? [] : directive(false) },
    "X-Lychd": Object.fromEntries(
      factsOf(soulstone, covens).map(([key, value, field]) => [
        key,
        directive(value, field === undefined ? undefined : from(field)),
      ]),
    ),
  };
  const merged = mergePassed(unit, soulstone, ENGINE_RULES);
  return { unit: merged.unit, findings: [...findings, ...merged.findings] };
}

/**
 * Starts an engine again that stops because the pod has failed, as systemd starts the pod again. Gives
 * way to a queued start of an engine, target or shutdown that conflicts with it. See docs/adr/0018.
 */
const RETURN_WITH_POD = directive(
  `-/bin/sh -c "systemctl --user show -P Result ${SEPULCHER.service} | grep -qvx success && ` +
    "! systemctl --user list-jobs --plain --no-legend -- " +
    "$$(systemctl --user show -P Conflicts %n) | grep -q ' start ' && " +
    'systemctl --user restart --no-block %n"',
);

/** The comments of the unit. */
export const SOULSTONE_COMMENTS = {
  "Unit.Conflicts": [
    "The exclusivity rule: these cannot run at the same time as this unit. systemd stops them first,",
    "and waits for the stop where After= orders the two units.",
  ],
  ...CONTAINER_COMMENTS,
  "Service.ExecStop": [
    "Waits until the Vessel has no request under way at the engine. Then Podman stops it.",
  ],
  "Service.ExecStopPost": [
    "A requested stop is not a failure, even if the container was killed. After a failure of the",
    "pod, the engine starts again together with it.",
  ],
};

/** Returns true for a device that a group owns; the container then needs the groups of the user. */
export function isGroupOwned(device: string): boolean {
  return !device.startsWith("nvidia.com/");
}

function execOf(words: readonly CommandWord[], findings: Finding[]): Directive[] {
  const texts: string[] = [];
  for (const { text, from } of words) {
    const written = writeExecWord(text);
    if ("text" in written) texts.push(written.text);
    else if (text === "") findings.push(finding("exec-word-empty", from, {}));
    else if (text === ";") findings.push(finding("exec-word-semicolon", from, {}));
    else findings.push(finding("text-unfit", from, { field: "exec", problem: written.problem }));
  }
  return texts.length === 0 ? [] : directive(texts.join(" "), words[0]?.from);
}

function volumesOf(
  soulstone: Soulstone,
  profile: EngineProfile,
  given: (written: Written, field: string, from: Place) => Directive[],
): Directive[] {
  const own = soulstone.volumes.flatMap((text, i) => {
    const read = parseVolume(text);
    if ("problem" in read) return [];
    const { source, target, options } = read.volume;
    const rest = [source.text, target, ...(options === undefined ? [] : [options])].join(":");
    const isHome = source.kind === "home";
    const written = writeText(isHome ? `/${rest}` : rest, { command: true, quotesStripped: false });
    // lychd writes the specifier %h itself: systemd expands it to the home folder.
    return given(
      "text" in written && isHome ? { text: `%h${written.text}` } : written,
      "volumes",
      soulstone.placeOf(["volumes", i]),
    );
  });
  const caches = cachesOf(soulstone, profile)
    .flatMap((cache) => directive(`${cache.volume}:${cache.target}`));
  return [...own, ...caches];
}

/** Returns the caches of an engine, except those at or below a mount of the Codex. */
export function cachesOf(soulstone: Soulstone, profile: EngineProfile): Cache[] {
  const mounted = [
    ...passedTargets(soulstone),
    ...soulstone.volumes.flatMap((text) => {
      const read = parseVolume(text);
      return "volume" in read ? [read.volume.target] : [];
    }),
  ];
  return profile.caches(soulstone.model)
    .filter(({ target }) => !mounted.some((path) => covers(path, target)));
}

/** Returns the mount points of the `quadlet` table: Podman refuses two mounts at one path. */
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

/** Returns true if `target` is at or below a mount at `path`. */
function covers(path: string, target: string): boolean {
  const folder = trimEnd(path, /\//);
  return target === folder || target.startsWith(`${folder}/`);
}

/**
 * Returns the labels for `podman ps --filter label=…`. They must not depend on other Soulstones, so
 * that a change of one Soulstone does not change the container of another.
 */
function labelsOf({ name, capabilities }: Soulstone, profile: EngineProfile) {
  return {
    soulstone: name,
    engine: profile.name,
    ...capabilities.length > 0 && { capabilities: capabilities.join(",") },
  };
}

/** A fact about an engine: its name, its value, and the field of the Codex that it comes from. */
export type Fact = readonly [key: string, value: string | number, field?: string | undefined];

/** Returns the facts that lychd reads from the unit later, without the Codex. */
export function factsOf(soulstone: Soulstone, covens: readonly string[]): Fact[] {
  const { health, request } = soulstone;
  const profile = profileOf(soulstone);
  const words = commandOf(soulstone, profile).words.map(({ text }) => text);
  const served = profile.served(words, soulstone.model);
  const facts: readonly (readonly [string, string | number | undefined, string?])[] = [
    ["Soulstone", soulstone.name],
    ["Engine", profile.name, "engine"],
    ["Covens", covens.join(" "), "groups"],
    ["Capabilities", soulstone.capabilities.join(" "), "capabilities"],
    ["Port", soulstone.port, "port"],
    ["Uri", uriOf(soulstone), "port"],
    ["Slot", soulstone.slot, "slot"],
    ["Resident", soulstone.resident ? "yes" : undefined, "resident"],
    // With its own command the health check may use another path than the default of the engine.
    ["HealthPath", health?.path ?? (health?.cmd === undefined ? profile.healthPath : undefined)],
    ["MetricsPath", metricsOf(soulstone)?.path, "metrics"],
    ["VramMib", soulstone.vram_mib, "vram_mib"],
    ["Aliases", [...new Set(soulstone.aliases)].join(" "), "aliases"],
    ["ServedModel", served === undefined ? undefined : asciiJson(served)],
    ["ContextTokens", profile.contextTokens(words)],
    ["Concurrency", soulstone.concurrency, "concurrency"],
    ["IdleMinutes", soulstone.idle_minutes, "idle_minutes"],
    ["RequestSet", request === undefined ? undefined : asciiJson(request.set), "request"],
    ["RequestStrip", request === undefined ? undefined : asciiJson(request.strip), "request"],
  ];
  return facts.flatMap(([key, value, field]): Fact[] =>
    value === undefined || value === "" ? [] : [[key, value, field]]
  );
}
