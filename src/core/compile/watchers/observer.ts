/**
 * The observer writes the states of the units for the Harvester: a timer, and a service that runs a
 * script once. See docs/adr/0010 for the alternatives.
 */
import type { Codex } from "../../codex/mod.ts";
import {
  covenTarget,
  directive,
  HARVESTER,
  OBSERVER,
  soulstoneUnit,
  SYSTEMD_FOLDER,
  type Unit,
  writeText,
} from "../../rune/mod.ts";
import type { Coven } from "../covens.ts";
import type { FileLayout } from "../templates.ts";
import { soulstoneLabels } from "./prometheus_config.ts";

const DESCRIPTION = "LychD observer: the states of the units, as metrics";

/** Returns the two units. */
export function observerLayouts(codex: Codex, covens: readonly Coven[]): FileLayout[] {
  const source = "lychd.toml and soulstones/";
  return [{
    path: `${SYSTEMD_FOLDER}/${OBSERVER.service}`,
    title: DESCRIPTION,
    source,
    unit: serviceOf(codex, covens),
    comments: COMMENTS,
  }, {
    path: `${SYSTEMD_FOLDER}/${OBSERVER.timer}`,
    title: "LychD observer: runs at the scrape interval of the Harvester",
    source,
    unit: timerOf(codex),
  }];
}

const COMMENTS = {
  "Service.StandardInput": ["The units, each with the labels of its metrics."],
  "Service.RuntimeDirectory": ["The Harvester shares this folder, which is removed when it stops."],
  "Service.LogLevelMax": ["Keeps successful runs out of the journal."],
};

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
      Description: directive(DESCRIPTION),
      // Otherwise systemd refuses the sixth run within ten seconds.
      StartLimitIntervalSec: directive(0),
    },
    Service: {
      Type: directive("oneshot"),
      ExecStart: directive("/bin/sh %E/containers/systemd/lychd/observer/observe.sh"),
      StandardInput: directive("data"),
      StandardInputText: rows.flatMap(({ unit, labels, from }) => {
        const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
        const line = `${unit} ${pairs.join(",")}`;
        const written = writeText(line, { command: false, quotesStripped: false });
        // Names need no escaping; a name that does is an error in the Codex, and nothing is written.
        return "text" in written ? directive(written.text, from) : [];
      }),
      RuntimeDirectory: directive("lychd-units"),
      RuntimeDirectoryPreserve: directive("yes"),
      LogLevelMax: directive("notice"),
      TimeoutStartSec: directive(60),
    },
    "X-Lychd": { Harvester: directive(HARVESTER.service) },
  };
}

function timerOf(codex: Codex): Unit {
  const seconds = codex.settings.harvester.scrape_interval_seconds;
  const from = codex.settingsPlaceOf(["harvester", "scrape_interval_seconds"]);
  return {
    Unit: {
      Description: directive(DESCRIPTION),
      // Without After=: a timer starts before its service, and the Harvester waits for the first run.
      BindsTo: directive(HARVESTER.service),
    },
    Timer: {
      OnActiveSec: directive(`${seconds}s`, from),
      OnUnitActiveSec: directive(`${seconds}s`, from),
      // The default accuracy is one minute.
      AccuracySec: directive(`${seconds * 100}ms`, from),
    },
    "X-Lychd": { Harvester: directive(HARVESTER.service) },
  };
}
