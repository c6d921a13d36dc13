/** The values that containers get from units of other kinds, which lychd does not write. */
import { basename } from "node:path/posix";
import { serviceOf } from "../../rune/mod.ts";
import { planPort } from "../container.ts";
import { parsePorts } from "../ports.ts";
import type { ImportReport } from "../report.ts";
import type { Setting } from "../setting.ts";
import type { Engine } from "./engines.ts";
import type { Line, QuadletUnit, UnitKind } from "./units.ts";

const NETWORK = "all engines share the network of one pod: they reach each other at localhost";

/** The reason why the other lines of such a unit are lost. */
const NOT_WRITTEN: Readonly<Record<Exclude<UnitKind, "container">, string>> = {
  pod: "lychd writes one pod for all engines: see [sepulcher] in lychd.toml",
  volume:
    "lychd writes no .volume unit, and Podman creates a volume with its defaults at its first use: " +
    "create it before with `podman volume create`",
  image: "lychd writes no .image unit: Podman pulls an image at its first use",
  network: "lychd writes no .network unit: all engines share the network of one pod",
  build: "lychd writes no .build unit: build the image and set `image` to its name",
  kube: "lychd writes no .kube unit: write a Soulstone for each engine",
  artifact: "lychd writes no .artifact unit: download it with `podman artifact pull`",
};

/** The reasons for single keys. */
const NOT_WRITTEN_KEYS: Readonly<Record<string, string>> = {
  "pod.PublishPort":
    "no container of the pod is known to listen on it: set `port` of its Soulstone",
  "pod.ShmSize": "the pod of lychd has one limit: `shm_size_mib` of [sepulcher] in lychd.toml",
  "pod.PodName": "lychd writes one pod, lychd",
  "pod.Volume": "mount it in each Soulstone with `volumes`",
  "pod.Network": NETWORK,
  "pod.UserNS": "lychd's pod has the default user namespace: root of a container is your user",
  "volume.Label":
    "lychd writes no .volume unit: create the volume with `podman volume create --label`",
};

/**
 * Fills in the image of an `.image` or `.build`, the name or folder of a `.volume`, the name of an
 * `.artifact`, and the ports and start of a `.pod`. Every other line of such units is lost, and so are
 * dependencies on them.
 */
export function withOtherUnits(
  units: readonly QuadletUnit[],
  engines: readonly Engine[],
  report: ImportReport,
): Engine[] {
  const others: Others = {
    has: (file) => units.some(({ path }) => basename(path) === file),
    line(file, key, which) {
      const lines = units.find((unit) => basename(unit.path) === file)
        ?.lines.filter((line) => line.key === key && line.value !== "");
      return which === "first" ? lines?.[0] : lines?.at(-1);
    },
  };
  const pods = units.filter((unit) => unit.kind === "pod");
  const filled = engines.map((engine): Engine => ({
    ...engine,
    settings: [
      ...engine.settings.map((one) => fillIn(one, others, report.of(engine.name))),
      ...fromPod(engine, pods),
    ],
  }));
  const published = pods.flatMap((pod) => portsFrom(pod, filled));
  for (const { kind, lines } of units) {
    if (kind === "container") continue;
    for (const { key, item } of lines) {
      const isUsed = report.has(item) || published.some(({ setting }) => setting.item === item) ||
        filled.some(({ settings }) => settings.some((setting) => setting.item === item));
      if (!isUsed) report.lost(item, NOT_WRITTEN_KEYS[`${kind}.${key}`] ?? NOT_WRITTEN[kind]);
    }
  }
  return filled.map((engine) => {
    const own = published.filter(({ owner }) => owner === engine).map(({ setting }) => setting);
    const ownReport = report.of(engine.name);
    const settings = [...engine.settings, ...own].filter((setting) => {
      if (setting.key === "Pod" && !others.has(setting.value)) {
        ownReport.lost(setting.item, `import ${setting.value} too: it publishes the ports`);
        return false;
      }
      const file = unwritten(setting, engine, units);
      if (file !== undefined) ownReport.lost(setting.item, `lychd writes no unit for ${file}`);
      return file === undefined;
    });
    return { ...engine, settings };
  });
}

/** Returns the file whose unit lychd does not write and on which a setting depends, if any. */
function unwritten(
  { section, value }: Setting,
  { settings }: Engine,
  units: readonly QuadletUnit[],
): string | undefined {
  if (section !== "Unit") return undefined;
  const named = settings.filter((s) => s.section === "Container").flatMap((s) =>
    s.value.match(/[^\s:,=]+\.(?:artifact|build|image|network|pod|volume)(?=[:,]|$)/g) ?? []
  );
  const files = units.filter(({ kind }) => kind !== "container").map(({ path }) => basename(path));
  return [...files, ...named].find((file) => value === file || value === serviceOf(file)) ??
    (/\.(?:artifact|build|image|kube|network|pod|volume)$/.test(value) ? value : undefined);
}

/** Returns the lines of its pod that hold for each of its containers. */
function fromPod(engine: Engine, pods: readonly QuadletUnit[]): Setting[] {
  const pod = pods.find(({ path }) => isMember(engine, path));
  const starts = !engine.settings.some(({ key, value }) =>
    key === "StartWithPod" && value === "false"
  );
  return (pod?.lines ?? []).flatMap(({ section, key, value, item }): Setting[] => {
    if (section === "Install" && key === "WantedBy" && starts) {
      return value.split(/\s+/).map((name) => ({ section, key, value: name, item }));
    }
    return section === "Pod" && key === "UserNS" && value !== ""
      ? [{ section: "Container", key, value, item }]
      : [];
  });
}

function isMember({ settings }: Engine, pod: string): boolean {
  return settings.some(({ key, value }) => key === "Pod" && value === basename(pod));
}

/** The units of the input by the names of their files. */
interface Others {
  has(file: string): boolean;
  /** Returns the last line of a key that has a value; the first one of a list. */
  line(file: string, key: string, which?: "first"): Line | undefined;
}

/** Replaces the name of an `.image` or `.volume` by its value. */
function fillIn(setting: Setting, others: Others, report: ImportReport): Setting {
  const { section, key, value } = setting;
  if (section !== "Container") return setting;
  if (key === "Image" && value.endsWith(".image")) {
    const line = others.line(value, "Image");
    if (line === undefined) return setting;
    report.record(line.item, "carried", { to: "image" });
    return { ...setting, value: line.value, change: `the image of ${value}` };
  }
  if (key === "Image" && value.endsWith(".build")) {
    const line = others.line(value, "ImageTag", "first");
    if (line === undefined) return setting;
    report.record(line.item, "carried", { to: "image" });
    const change = `${value} builds it: keep that unit, or run podman build -t ${line.value}`;
    return { ...setting, value: line.value, change };
  }
  const file = sourceIn(key, value);
  if (file === undefined) return setting;
  if (file.endsWith(".artifact")) {
    const line = others.line(file, "Artifact");
    if (line === undefined) return setting;
    report.record(line.item, "carried", { to: "quadlet.Container.Mount" });
    const change = `the artifact of ${file}; download it with podman artifact pull ${line.value}`;
    return { ...setting, value: value.replace(file, line.value), change };
  }
  const device = others.line(file, "Device");
  const isBind = /\bbind\b/.test(others.line(file, "Options")?.value ?? "") ||
    /^(?:none|bind)$/.test(others.line(file, "Type")?.value ?? "");
  if (key === "Volume" && isBind && device?.value.startsWith("/")) {
    for (const name of ["Driver", "Type", "Device", "Options"]) {
      const line = others.line(file, name);
      if (line !== undefined) report.record(line.item, "carried", { to: "volumes" });
    }
    const change = `${file} binds ${device.value}`;
    return { ...setting, value: value.replace(file, device.value), change };
  }
  const line = others.line(file, "VolumeName");
  if (line !== undefined) report.record(line.item, "carried", { to: "volumes" });
  const name = line?.value ?? `systemd-${file.replace(/\.volume$/, "")}`;
  const isRead = others.has(file);
  return {
    ...setting,
    value: value.replace(file, name),
    change: isRead
      ? `${file} created the Podman volume ${name}`
      : `${file} created the Podman volume ${name}, if it sets no other name: import it too`,
  };
}

/** Returns the `.volume` or `.artifact` unit that a mount names, if any. */
function sourceIn(key: string, value: string): string | undefined {
  const source = key === "Volume"
    ? value.split(":")[0]
    : key === "Mount"
    ? /(?:^|,)(?:src|source)=([^,]*)/.exec(value)?.[1]
    : undefined;
  return source !== undefined && /^[^/]*\.(?:artifact|volume)$/.test(source) ? source : undefined;
}

/** Returns the ports of a pod, each with the container that listens on it. */
function portsFrom(
  pod: QuadletUnit,
  engines: readonly Engine[],
): { owner: Engine; setting: Setting }[] {
  const members = engines.filter((engine) => isMember(engine, pod.path));
  const listening = members.map((member) => ({ member, port: planPort(member).command.inside }));
  const ports = pod.lines.filter((line) => line.key === "PublishPort").map(({ value, item }) => {
    const read = parsePorts(value);
    const inside = "problem" in read ? [] : read.map((published) => published.inside);
    const owner = listening.find(({ port }) => port !== undefined && inside.includes(port))?.member;
    return { owner, setting: { section: "Container", key: "PublishPort", value, item } };
  });
  // What is left belongs together if it is one port and one container whose port is unknown.
  const [only, ...others] = listening.filter(({ port }) => port === undefined);
  const left = ports.filter(({ owner }) => owner === undefined);
  const rest = members.length === 1
    ? members[0]
    : others.length === 0 && left.length === 1
    ? only?.member
    : undefined;
  return ports.flatMap(({ owner = rest, setting }) =>
    owner === undefined ? [] : [{ owner, setting }]
  );
}
