/**
 * What tells the Harvester of the states of the units: a timer, a service that runs a script once,
 * and the script. Why not otherwise: docs/adr/0010.
 */
import type { Codex } from "../../codex/mod.ts";
import type { Place } from "../../report/mod.ts";
import {
  covenTarget,
  type Directive,
  HARVESTER,
  OBSERVER,
  soulstoneUnit,
  SYSTEMD_FOLDER,
  type Unit,
  writeText,
} from "../../rune/mod.ts";
import type { Coven } from "../covens.ts";
import type { UnitLayout } from "../templates.ts";
import { soulstoneLabels } from "./prometheus_config.ts";
import { says } from "./watcher.ts";

/** The two units, by path. */
export function observerLayouts(
  codex: Codex,
  covens: readonly Coven[],
): (UnitLayout & { path: string })[] {
  const common = { source: "lychd.toml and soulstones/" };
  return [{
    ...common,
    path: `${SYSTEMD_FOLDER}/${OBSERVER.service}`,
    template: "observer.service",
    title: "LychD observer: the states of the units, as metrics",
    unit: serviceOf(codex, covens),
  }, {
    ...common,
    path: `${SYSTEMD_FOLDER}/${OBSERVER.timer}`,
    template: "observer.timer",
    title: "LychD observer: as often as the Harvester looks",
    unit: timerOf(codex.settings.harvester.scrape_interval_seconds),
  }];
}

function serviceOf(codex: Codex, covens: readonly Coven[]): Unit {
  const rows = [
    ...codex.soulstones.map((soulstone) => ({
      unit: soulstoneUnit(soulstone.name).service,
      labels: soulstoneLabels(soulstone, covens),
      from: soulstone.placeOf([]),
    })),
    ...covens.map(({ name }) => ({
      unit: covenTarget(name),
      labels: { coven: name },
      from: undefined,
    })),
  ];
  return {
    Unit: {
      Description: says("LychD observer: the states of the units, as metrics"),
      // Else the sixth run within ten seconds would be refused.
      StartLimitIntervalSec: says(0),
    },
    Service: {
      Type: says("oneshot"),
      ExecStart: says("/bin/sh %E/containers/systemd/lychd/observer/observe.sh"),
      StandardInput: says("data"),
      StandardInputText: rows.flatMap(({ unit, labels, from }) => rowOf(unit, labels, from)),
      RuntimeDirectory: says("lychd-units"),
      RuntimeDirectoryPreserve: says("yes"),
      LogLevelMax: says("notice"),
      TimeoutStartSec: says(60),
    },
    "X-Lychd": { Harvester: says(HARVESTER.service) },
  };
}

/**
 * Names have only characters that mean nothing to anybody, in labels and in units. One that has
 * others is a fault of the Codex, and told as such: nothing is written then.
 */
function rowOf(
  unit: string,
  labels: Readonly<Record<string, string>>,
  from: Place | undefined,
): Directive[] {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  const written = writeText(`${unit} ${pairs.join(",")}`, {
    command: false,
    quotesStripped: false,
  });
  return "text" in written ? says(written.text, from) : [];
}

function timerOf(intervalSeconds: number): Unit {
  return {
    Unit: {
      Description: says("LychD observer: the states of the units, as metrics"),
      // Not behind it: a timer is before its service, and the Harvester waits for the first run.
      BindsTo: says(HARVESTER.service),
    },
    Timer: {
      OnActiveSec: says(`${intervalSeconds}s`),
      OnUnitActiveSec: says(`${intervalSeconds}s`),
      // By default it may be late by a minute.
      AccuracySec: says(`${intervalSeconds * 100}ms`),
    },
    "X-Lychd": { Harvester: says(HARVESTER.service) },
  };
}
