import type { Codex } from "../../codex/mod.ts";
import type { Finding } from "../../report/mod.ts";
import { directive, SEPULCHER, type Unit, WATCHERS_TARGET, writeText } from "../../rune/mod.ts";
import {
  CLEAR_REQUESTED_STOP,
  CONTAINER_COMMENTS,
  outputOf,
  RESTART,
  STOP_GRACE_SECONDS,
} from "../container.ts";
import { type HealthSections, healthSections } from "../health.ts";
import { mergePassed } from "../passthrough.ts";
import { WATCHER_RULES } from "../quadlet_rules.ts";
import type { UnitLayout } from "../templates.ts";

/** The differences between one Watcher and the others. */
export interface Watcher {
  /** Its table in lychd.toml. */
  readonly section: "harvester" | "scribe" | "gpu_exporter";
  readonly names: { readonly name: string; readonly file: string; readonly container: string };
  readonly description: string;
  /** The health check: a command in the container. */
  readonly healthCommand?: string;
  /** Its own directives. */
  readonly unit: Unit;
  /** Its own facts for `[X-Lychd]`. */
  readonly facts: Readonly<Record<string, string | number>>;
}

/** Includes the pull of the image. */
const START_TIMEOUT_SECONDS = 900;

/** Time to write data from memory to the disk. */
const STOP_TIMEOUT_SECONDS = 30;

/** Returns the unit of a Watcher: a container in the pod that starts and stops with its target. */
export function watcherLayout(
  codex: Codex,
  { section, names, description, healthCommand, unit, facts }: Watcher,
): { layout: UnitLayout; findings: Finding[] } {
  const settings = codex.settings[section];
  const at = (...path: readonly (string | number)[]) => codex.settingsPlaceOf([section, ...path]);
  const health = healthCommand === undefined ? undefined : healthOf(names.container, healthCommand);
  const common: Unit = {
    Unit: {
      Description: directive(description),
      PartOf: directive(WATCHERS_TARGET),
      Wants: [],
      ...unit["Unit"],
    },
    Container: {
      ContainerName: directive(names.container, at()),
      Image: directive(settings.image, at("image")),
      Pod: directive(SEPULCHER.file),
      StartWithPod: directive(false),
      User: directive(0),
      NoNewPrivileges: directive(true),
      ...unit["Container"],
      ...health?.Container,
      StopTimeout: directive(STOP_TIMEOUT_SECONDS),
      Label: directive(`lychd.watcher=${names.name}`),
    },
    Service: {
      ...RESTART,
      TimeoutStartSec: directive(START_TIMEOUT_SECONDS),
      TimeoutStopSec: directive(STOP_TIMEOUT_SECONDS + STOP_GRACE_SECONDS),
      ...outputOf(settings.quadlet),
      ...health?.Service,
      ...CLEAR_REQUESTED_STOP,
      ...unit["Service"],
    },
    Install: {},
    Quadlet: { DefaultDependencies: codex.settings.wait_for_network ? [] : directive(false) },
    "X-Lychd": Object.fromEntries(
      Object.entries({ Watcher: names.name, Port: settings.port, ...facts })
        .map(([key, value]) => [key, directive(value)]),
    ),
  };
  const passing = {
    quadlet: settings.quadlet,
    placeOf: (path: readonly (string | number)[]) => at(...path),
    keyOf: (path: readonly (string | number)[]) => codex.settingsKeyOf([section, ...path]),
  };
  const merged = mergePassed(common, passing, WATCHER_RULES);
  return {
    layout: { title: description, source: "lychd.toml", unit: merged.unit, comments: COMMENTS },
    findings: merged.findings,
  };
}

const COMMENTS = {
  "Unit.Wants": [
    "The Harvester reads the states of the units from a file that the observer writes.",
  ],
  "Container.User": [
    "Root in the container is your user on the host, so it can read the files that only you can read.",
  ],
  ...CONTAINER_COMMENTS,
};

/** Returns the health check of a Watcher: `command` in the container. */
function healthOf(container: string, command: string): HealthSections {
  const written = writeText(command, { command: true, quotesStripped: true });
  if ("problem" in written) throw new Error(written.problem);
  return healthSections(container, {
    HealthCmd: directive(written.text),
    HealthInterval: directive("30s"),
    HealthTimeout: directive("10s"),
    HealthRetries: directive(3),
  });
}
