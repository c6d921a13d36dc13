/** The Watchers: Prometheus, Grafana, an exporter of GPU metrics, and their configuration. */
import covensDashboard from "../../../../dashboards/lychd-covens.json" with { type: "text" };
import vesselDashboard from "../../../../dashboards/lychd-vessel.json" with { type: "text" };
import RULES from "../../../../dashboards/rules.yml" with { type: "text" };
import llamacpp from "../../../../dashboards/soulstone-llamacpp.json" with { type: "text" };
import sglang from "../../../../dashboards/soulstone-sglang.json" with { type: "text" };
import vllm from "../../../../dashboards/soulstone-vllm.json" with { type: "text" };
import observeScript from "../../../../templates/observe.sh" with { type: "text" };
import { type Codex, watchersOf } from "../../codex/mod.ts";
import type { Finding } from "../../report/mod.ts";
import {
  directive,
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
import { gpuExporterOf } from "./gpu_exporter.ts";
import { harvesterOf } from "./harvester.ts";
import { observerLayouts } from "./observer.ts";
import { prometheusConfigOf } from "./prometheus_config.ts";
import { dashboardProvidersOf, datasourcesOf, scribeOf } from "./scribe.ts";
import { type Watcher, watcherLayout } from "./watcher.ts";

/** The dashboards of Grafana, by file name: embedded, so no read permission is needed. */
export const DASHBOARDS: Readonly<Record<string, string>> = {
  "lychd-covens.json": covensDashboard,
  "soulstone-llamacpp.json": llamacpp,
  "soulstone-sglang.json": sglang,
  "soulstone-vllm.json": vllm,
};

/** The rules of Prometheus. */
export { RULES };

const WITH_VESSEL = { ...DASHBOARDS, "lychd-vessel.json": vesselDashboard };

/** Returns the services of the enabled Watchers, sorted. */
export function watcherServices(codex: Codex): string[] {
  const { harvester, scribe, gpuExporter } = watchersOf(codex.settings);
  return [
    ...gpuExporter ? [GPU_EXPORTER.service] : [],
    ...harvester ? [HARVESTER.service] : [],
    ...scribe ? [SCRIBE.service] : [],
  ];
}

/** Returns the layout of every file of the Watchers. */
export function watcherFiles(
  codex: Codex,
  covens: readonly Coven[],
): { files: FileLayout[]; findings: Finding[] } {
  const { harvester, scribe, gpuExporter } = watchersOf(codex.settings);
  const findings: Finding[] = [];
  const files: FileLayout[] = [];
  const add = (watcher: Watcher) => {
    const { layout, findings: found } = watcherLayout(codex, watcher);
    findings.push(...found);
    files.push({ path: `${QUADLET_FOLDER}/${watcher.names.file}`, ...layout });
  };
  if (harvester) {
    add(harvesterOf(codex));
    files.push(
      dataVolume(codex, HARVESTER),
      ...observerLayouts(codex, covens),
      {
        path: `${WATCHER_FOLDERS.harvester}/prometheus.yml`,
        title: "LychD Harvester: the targets of Prometheus",
        source: "lychd.toml and soulstones/",
        parts: prometheusConfigOf(codex, covens),
      },
      { path: `${WATCHER_FOLDERS.harvester}/rules.yml`, text: RULES },
      { path: `${WATCHER_FOLDERS.observer}/observe.sh`, text: observeScript },
    );
  }
  if (scribe) {
    const folder = WATCHER_FOLDERS.scribe;
    add(scribeOf(codex));
    files.push(
      dataVolume(codex, SCRIBE),
      {
        path: `${folder}/provisioning/datasources/lychd.yml`,
        title: "LychD Scribe: the data source of Grafana",
        source: "lychd.toml",
        parts: [datasourcesOf(codex)],
      },
      {
        path: `${folder}/provisioning/dashboards/lychd.yml`,
        title: "LychD Scribe: the dashboards of Grafana",
        source: "lychd.toml",
        parts: [dashboardProvidersOf()],
      },
      ...Object.entries(codex.settings.vessel.enabled ? WITH_VESSEL : DASHBOARDS)
        .map(([name, text]) => ({ path: `${folder}/dashboards/${name}`, text })),
    );
  }
  if (gpuExporter) add(gpuExporterOf(codex));
  const services = watcherServices(codex);
  if (services.length > 0) {
    files.push({
      path: `${SYSTEMD_FOLDER}/${WATCHERS_TARGET}`,
      title: "LychD Watchers",
      source: "lychd.toml",
      unit: targetOf(services),
    });
  }
  return { files, findings };
}

/** Returns the volume with the data of a Watcher, which `lychd purge` keeps. */
function dataVolume(codex: Codex, { data, volume }: typeof HARVESTER): FileLayout {
  return {
    path: `${QUADLET_FOLDER}/${data}`,
    title: `LychD volume ${volume}`,
    source: "lychd.toml",
    unit: {
      Volume: { VolumeName: directive(volume) },
      Quadlet: { DefaultDependencies: codex.settings.wait_for_network ? [] : directive(false) },
      "X-Lychd": { Volume: directive(volume) },
    },
  };
}

/** Returns the target, which stops with the pod and stops the Watchers. */
function targetOf(services: readonly string[]): Unit {
  const all = services.map((text) => ({ text }));
  return {
    Unit: {
      Description: directive("LychD Watchers"),
      Wants: all,
      After: all,
      PartOf: directive(SEPULCHER.service),
      // Otherwise the user's default.target would wait until the images are pulled.
      DefaultDependencies: directive("no"),
    },
    "X-Lychd": { Watchers: directive(services.join(" ")) },
  };
}
