/** The Watchers: Prometheus, Grafana, and what they look at. */
import { type Codex, watchersOf } from "../../codex/mod.ts";
import type { Finding } from "../../report/mod.ts";
import {
  GPU_EXPORTER,
  HARVESTER,
  QUADLET_FOLDER,
  SCRIBE,
  SEPULCHER,
  SYSTEMD_FOLDER,
  type Unit,
  WATCHER_FOLDERS,
  WATCHERS_TARGET,
} from "../../rune/mod.ts";
import type { Coven } from "../covens.ts";
import type { FileLayout } from "../templates.ts";
import { DASHBOARDS, OBSERVE_SCRIPT, RULES } from "./embedded.ts";
import { gpuExporterOf } from "./gpu_exporter.ts";
import { harvesterOf } from "./harvester.ts";
import { observerLayouts } from "./observer.ts";
import { prometheusConfigOf } from "./prometheus_config.ts";
import { dashboardProvidersOf, datasourcesOf, scribeOf } from "./scribe.ts";
import { says, type Watcher, watcherLayout } from "./watcher.ts";

/** The services of the Watchers that a Codex has, sorted. */
export function watcherServices(codex: Codex): string[] {
  const { harvester, scribe, gpuExporter } = watchersOf(codex.settings);
  return [
    ...gpuExporter ? [GPU_EXPORTER.service] : [],
    ...harvester ? [HARVESTER.service] : [],
    ...scribe ? [SCRIBE.service] : [],
  ];
}

/** Every file of the Watchers, before it is rendered. */
export function watcherFiles(
  codex: Codex,
  covens: readonly Coven[],
): { files: FileLayout[]; findings: Finding[] } {
  const { harvester, scribe, gpuExporter } = watchersOf(codex.settings);
  const findings: Finding[] = [];
  const files: FileLayout[] = [];
  const add = (watcher: Watcher) => {
    const made = watcherLayout(codex, watcher);
    findings.push(...made.findings);
    files.push({ path: `${QUADLET_FOLDER}/${watcher.names.file}`, ...made.layout });
  };
  if (harvester) {
    add(harvesterOf(codex));
    files.push(
      dataVolume(codex, HARVESTER),
      ...observerLayouts(codex, covens),
      {
        path: `${WATCHER_FOLDERS.harvester}/prometheus.yml`,
        template: "prometheus.yml",
        title: "LychD Harvester: what Prometheus scrapes",
        source: "lychd.toml and soulstones/",
        value: prometheusConfigOf(codex, covens),
      },
      { path: `${WATCHER_FOLDERS.harvester}/rules.yml`, text: RULES },
      { path: `${WATCHER_FOLDERS.observer}/observe.sh`, text: OBSERVE_SCRIPT },
    );
  }
  if (scribe) {
    add(scribeOf(codex));
    files.push(
      dataVolume(codex, SCRIBE),
      {
        path: `${WATCHER_FOLDERS.scribe}/provisioning/datasources/lychd.yml`,
        template: "datasource.yml",
        title: "LychD Scribe: where Grafana finds Prometheus",
        source: "lychd.toml",
        value: datasourcesOf(codex),
      },
      {
        path: `${WATCHER_FOLDERS.scribe}/provisioning/dashboards/lychd.yml`,
        template: "dashboards.yml",
        title: "LychD Scribe: where Grafana finds dashboards",
        source: "lychd.toml",
        value: dashboardProvidersOf(),
      },
      ...Object.entries(DASHBOARDS).map(([name, text]) => ({
        path: `${WATCHER_FOLDERS.scribe}/dashboards/${name}`,
        text,
      })),
    );
  }
  if (gpuExporter) add(gpuExporterOf(codex));
  const services = watcherServices(codex);
  if (services.length > 0) {
    files.push({
      path: `${SYSTEMD_FOLDER}/${WATCHERS_TARGET}`,
      template: "watchers.target",
      title: "LychD Watchers",
      source: "lychd.toml",
      unit: targetOf(services),
    });
  }
  return { files, findings };
}

/** A volume that outlives its container, and a purge. */
function dataVolume(codex: Codex, { data, volume }: typeof HARVESTER): FileLayout {
  return {
    path: `${QUADLET_FOLDER}/${data}`,
    template: "data.volume",
    title: `LychD volume ${volume}`,
    source: "lychd.toml",
    unit: {
      Volume: { VolumeName: says(volume) },
      Quadlet: { DefaultDependencies: codex.settings.wait_for_network ? [] : says(false) },
      "X-Lychd": { Volume: says(volume) },
    },
  };
}

/** It goes with the pod, and its services with it. */
function targetOf(services: readonly string[]): Unit {
  const all = services.map((text) => ({ text }));
  return {
    Unit: {
      Description: says("LychD Watchers"),
      Wants: all,
      After: all,
      PartOf: says(SEPULCHER.service),
      // Else the user's default.target would not be reached before images are pulled.
      DefaultDependencies: says("no"),
    },
    "X-Lychd": { Watchers: says(services.join(" ")) },
  };
}
