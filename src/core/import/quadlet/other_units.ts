/** The values that containers get from units of other kinds, which lychd does not write. */
import { basename } from "node:path/posix";
import { planPort } from "../container.ts";
import { parsePublished } from "../ports.ts";
import type { ImportReport } from "../report.ts";
import type { Setting } from "../setting.ts";
import type { Engine } from "./engines.ts";
import type { Line, QuadletUnit, UnitKind } from "./units.ts";

/** The reason why the other lines of such a unit are lost. */
const NOT_WRITTEN: Readonly<Record<Exclude<UnitKind, "container">, string>> = {
  pod: "lychd writes one pod for all engines: see [sepulcher] in lychd.toml",
  volume: "lychd writes no .volume unit: Podman creates a volume at its first use",
  image: "lychd writes no .image unit: Podman pulls an image at its first use",
  network: "lychd writes no .network unit: all engines share the network of one pod",
  build: "lychd writes no .build unit: build the image and set `image` to its name",
  kube: "lychd writes no .kube unit: write a Soulstone for each engine",
};

/**
 * Fills in the image of an `.image`, the name of a `.volume` and the ports of a `.pod`. Every other
 * line of such units is lost.
 */
export function withOtherUnits(
  units: readonly QuadletUnit[],
  engines: readonly Engine[],
  report: ImportReport,
): Engine[] {
  const lineOf: LineOf = (file, key) =>
    units.find((unit) => basename(unit.path) === file)
      ?.lines.findLast((line) => line.key === key && line.value !== "");
  const filled = engines.map((engine): Engine => ({
    ...engine,
    settings: engine.settings.map((one) => fillIn(one, lineOf, report.of(engine.name))),
  }));
  const pods = units.filter((unit) => unit.kind === "pod");
  const published = pods.flatMap((pod) => portsFrom(pod, filled));
  for (const { kind, lines } of units) {
    if (kind === "container") continue;
    for (const { item } of lines) {
      const isUsed = report.has(item) || published.some(({ setting }) => setting.item === item);
      if (!isUsed) report.lost(item, NOT_WRITTEN[kind]);
    }
  }
  return filled.map((engine) => {
    const own = published.filter(({ owner }) => owner === engine).map(({ setting }) => setting);
    return { ...engine, settings: [...engine.settings, ...own] };
  });
}

/** Returns the last line of a key that has a value. */
type LineOf = (file: string, key: string) => Line | undefined;

/** Replaces the name of an `.image` or `.volume` by its value. */
function fillIn(setting: Setting, lineOf: LineOf, report: ImportReport): Setting {
  const { section, key, value } = setting;
  if (section !== "Container") return setting;
  if (key === "Image" && value.endsWith(".image")) {
    const line = lineOf(value, "Image");
    if (line === undefined) return setting;
    report.record(line.item, "carried", { to: "image" });
    return { ...setting, value: line.value, change: `the image of ${value}` };
  }
  const file = volumeIn(key, value);
  if (file === undefined) return setting;
  const line = lineOf(file, "VolumeName");
  if (line !== undefined) report.record(line.item, "carried", { to: "volumes" });
  const name = line?.value ?? `systemd-${file.replace(/\.volume$/, "")}`;
  return {
    ...setting,
    value: value.replace(file, name),
    change: `${file} created the Podman volume ${name}`,
  };
}

/** Returns the `.volume` unit that a mount names, if any. */
function volumeIn(key: string, value: string): string | undefined {
  const source = key === "Volume"
    ? value.split(":")[0]
    : key === "Mount"
    ? /(?:^|,)(?:src|source)=([^,]*)/.exec(value)?.[1]
    : undefined;
  return source?.endsWith(".volume") && !source.includes("/") ? source : undefined;
}

/** Returns the ports of a pod, each with the container that listens on it. */
function portsFrom(
  pod: QuadletUnit,
  engines: readonly Engine[],
): { owner: Engine; setting: Setting }[] {
  const members = engines.filter(({ settings }) =>
    settings.some(({ key, value }) => key === "Pod" && value === basename(pod.path))
  );
  const listening = members.map((member) => ({ member, port: planPort(member).command.inside }));
  const ports = pod.lines.filter((line) => line.key === "PublishPort").map(({ value, item }) => {
    const read = parsePublished(value);
    const inside = "problem" in read ? undefined : read.inside;
    const owner = inside === undefined
      ? undefined
      : listening.find(({ port }) => port === inside)?.member;
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
