/** What containers take from units of other kinds, which lychd does not write. */
import { basename } from "node:path/posix";
import { planPort } from "../container.ts";
import type { Setting } from "../setting.ts";
import type { Ledger } from "../ledger.ts";
import { parsePublished } from "../ports.ts";
import type { Engine } from "./engine.ts";
import type { Line, QuadletUnit, UnitKind } from "./units.ts";

/** Why what is left of such a unit is not carried over. */
const NOT_WRITTEN: Readonly<Record<Exclude<UnitKind, "container">, string>> = {
  pod: "all engines live in one pod, that of lychd: see [sepulcher] in lychd.toml",
  volume: "lychd writes no .volume unit: Podman makes a volume when it is first used",
  image: "lychd writes no .image unit: Podman pulls an image when it is first used",
  network: "lychd writes no .network unit: all engines have the network of one pod",
  build: "lychd writes no .build unit: build the image, and name it by `image`",
  kube: "lychd writes no .kube unit: each engine is a Soulstone of its own",
};

/**
 * Fills in the image of an `.image`, the name of a `.volume` and the ports of a `.pod`; every other
 * line of such units is noted as lost.
 */
export function lend(
  units: readonly QuadletUnit[],
  engines: readonly Engine[],
  ledger: Ledger,
): Engine[] {
  const valueOf = (file: string, key: string): Line | undefined =>
    units.find((unit) => basename(unit.path) === file)
      ?.lines.findLast((line) => line.key === key && line.value !== "");
  const lent = engines.map((engine): Engine => ({
    ...engine,
    settings: engine.settings.map((setting) => withLent(setting, engine.name, valueOf, ledger)),
  }));
  const pods = units.filter((unit) => unit.kind === "pod");
  const published = pods.flatMap((pod) => portsFrom(pod, lent));
  for (const { kind, lines } of units) {
    if (kind === "container") continue;
    for (const { item } of lines) {
      const isUsed = ledger.has(item) || published.some(({ setting }) => setting.item === item);
      if (!isUsed) ledger.note(item, "lost", { why: NOT_WRITTEN[kind] });
    }
  }
  return lent.map((engine) => {
    const own = published.filter(({ owner }) => owner === engine).map(({ setting }) => setting);
    return { ...engine, settings: [...engine.settings, ...own] };
  });
}

/** A setting that names an `.image` or a `.volume`, with what that stands for. */
function withLent(
  setting: Setting,
  soulstone: string,
  valueOf: (file: string, key: string) => Line | undefined,
  ledger: Ledger,
): Setting {
  const { section, key, value } = setting;
  if (section !== "Container") return setting;
  if (key === "Image" && value.endsWith(".image")) {
    const line = valueOf(value, "Image");
    if (line === undefined) return setting;
    ledger.note(line.item, "carried", { soulstone, to: `${soulstone}.image` });
    return { ...setting, value: line.value, how: `the image of ${value}` };
  }
  const file = volumeIn(key, value);
  if (file === undefined) return setting;
  const line = valueOf(file, "VolumeName");
  if (line !== undefined) {
    ledger.note(line.item, "carried", { soulstone, to: `${soulstone}.volumes` });
  }
  const name = line?.value ?? `systemd-${file.replace(/\.volume$/, "")}`;
  return {
    ...setting,
    value: value.replace(file, name),
    how: `Podman's volume ${name} is what ${file} made`,
  };
}

/** The `.volume` unit that a mount names. */
function volumeIn(key: string, value: string): string | undefined {
  const source = key === "Volume"
    ? value.split(":")[0]
    : key === "Mount"
    ? /(?:^|,)(?:src|source)=([^,]*)/.exec(value)?.[1]
    : undefined;
  return source?.endsWith(".volume") && !source.includes("/") ? source : undefined;
}

/** The ports of a pod, each with the one of its containers that listens there. */
function portsFrom(
  pod: QuadletUnit,
  engines: readonly Engine[],
): { owner: Engine; setting: Setting }[] {
  const members = engines.filter(({ settings }) =>
    settings.some(({ key, value }) => key === "Pod" && value === basename(pod.path))
  );
  return pod.lines.filter((line) => line.key === "PublishPort").flatMap((line) => {
    const read = parsePublished(line.value);
    const inside = "problem" in read ? undefined : read.inside;
    const owner = members.find((member) => planPort(member).command.inside === inside) ??
      (members.length === 1 ? members[0] : undefined);
    if (owner === undefined) return [];
    const setting = {
      section: "Container",
      key: "PublishPort",
      value: line.value,
      item: line.item,
    };
    return [{ owner, setting }];
  });
}
