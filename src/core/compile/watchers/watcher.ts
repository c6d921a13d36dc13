import type { Codex } from "../../codex/mod.ts";
import type { Finding, Place } from "../../report/mod.ts";
import {
  type Directive,
  SEPULCHER,
  type Unit,
  WATCHERS_TARGET,
  writeText,
} from "../../rune/mod.ts";
import { ASKED_TO_END } from "../asked_to_end.ts";
import { mergePassed, WATCHER_RESERVED } from "../passthrough.ts";
import type { UnitLayout } from "../templates.ts";

/** A section of lychd.toml that stands for a container. */
export type WatcherSection = "harvester" | "scribe" | "gpu_exporter";

/** What makes one Watcher differ from the others. */
export interface Watcher {
  readonly section: WatcherSection;
  readonly names: { readonly name: string; readonly file: string; readonly container: string };
  readonly description: string;
  /** Directives of its own, beside those that all of them have. */
  readonly unit: Unit;
  /** Facts for `[X-Lychd]`. */
  readonly facts: Readonly<Record<string, string | number>>;
}

/** The pull of an image included. */
const START_TIMEOUT_SECONDS = 900;

/** Time to write down what is in memory. */
const STOP_TIMEOUT_SECONDS = 30;

/**
 * The unit of a Watcher: in the pod, restarted whenever it ends, started and stopped with its target.
 */
export function watcherLayout(
  codex: Codex,
  watcher: Watcher,
): { layout: UnitLayout; findings: Finding[] } {
  const { section, names, description, unit, facts } = watcher;
  const settings = codex.settings[section];
  const common: Unit = {
    Unit: {
      Description: says(description),
      PartOf: says(WATCHERS_TARGET),
      Wants: [],
    },
    Container: {
      ContainerName: says(names.container),
      Image: says(settings.image, codex.settingsPlaceOf([section, "image"])),
      Pod: says(SEPULCHER.file),
      StartWithPod: says(false),
      User: says(0),
      NoNewPrivileges: says(true),
      StopTimeout: says(STOP_TIMEOUT_SECONDS),
      Label: says(`lychd.watcher=${names.name}`),
    },
    Service: {
      Restart: says("on-failure"),
      RestartSec: says(5),
      RestartSteps: says(6),
      RestartMaxDelaySec: says(300),
      TimeoutStartSec: says(START_TIMEOUT_SECONDS),
      TimeoutStopSec: says(STOP_TIMEOUT_SECONDS + 30),
      ExecStopPost: says(ASKED_TO_END),
    },
    Install: {},
    Quadlet: { DefaultDependencies: codex.settings.wait_for_network ? [] : says(false) },
    "X-Lychd": Object.fromEntries(
      Object.entries({ Watcher: names.name, Port: settings.port, ...facts })
        .map(([key, value]) => [key, says(value)]),
    ),
  };
  const passing = {
    quadlet: settings.quadlet,
    placeOf: (path: readonly (string | number)[]) => codex.settingsPlaceOf([section, ...path]),
    keyOf: (path: readonly (string | number)[]) => codex.settingsKeyOf([section, ...path]),
  };
  const merged = mergePassed(joined(common, unit), passing, WATCHER_RESERVED);
  return {
    layout: {
      template: "watcher.container",
      title: description,
      source: "lychd.toml",
      unit: merged.unit,
      passed: merged.passed,
    },
    findings: merged.findings,
  };
}

/** The directives by which systemd knows that a Watcher answers: `command` in the container. */
export function healthOf(command: string): Unit[string] {
  const written = writeText(command, { command: true, quotesStripped: true });
  if ("problem" in written) throw new Error(written.problem);
  return {
    HealthCmd: says(written.text),
    HealthInterval: says("30s"),
    HealthTimeout: says("10s"),
    HealthRetries: says(3),
    HealthStartupCmd: says(written.text),
    HealthStartupInterval: says("1s"),
    HealthStartupTimeout: says("10s"),
    Notify: says("healthy"),
  };
}

/** One directive that says `text`, which needs no escaping. */
export function says(text: string | number | boolean, from?: Place): Directive[] {
  return [{ text: String(text), ...from === undefined ? {} : { from } }];
}

function joined(a: Unit, b: Unit): Unit {
  const sections = Object.keys({ ...a, ...b });
  return Object.fromEntries(sections.map((name) => [name, { ...a[name], ...b[name] }]));
}
