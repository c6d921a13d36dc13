import { type Codex, extraScrapeConfigs, type Soulstone, watchersOf } from "../../codex/mod.ts";
import type { YamlValue } from "../../rune/mod.ts";
import type { Coven } from "../covens.ts";
import { profileOf } from "../engines/mod.ts";
import { type MetricsEndpoint, metricsOf } from "../metrics.ts";

/** Returns the file name of the key for a Soulstone's metrics in the Harvester's container. */
export function keySecret(soulstone: string): string {
  return `soulstone-${soulstone}-metrics-key`;
}

/** Returns the labels of all metrics of a Soulstone. */
export function soulstoneLabels(
  soulstone: Soulstone,
  covens: readonly Coven[],
): { soulstone: string; covens: string; engine_kind: string } {
  const own = covens.filter((coven) => coven.members.includes(soulstone.name));
  return {
    soulstone: soulstone.name,
    covens: own.map((coven) => coven.name).join(","),
    // vLLM already uses the label `engine`.
    engine_kind: profileOf(soulstone).name,
  };
}

/** Returns the labels of the metrics that a Soulstone itself exports. */
export function seriesLabels(
  soulstone: Soulstone,
  covens: readonly Coven[],
): Readonly<Record<string, string>> {
  // The metrics of llama.cpp lack the name of the model; those of other engines contain it.
  const isUnnamed = profileOf(soulstone).name === "llamacpp" && soulstone.model !== undefined;
  return {
    ...soulstoneLabels(soulstone, covens),
    ...isUnnamed ? { model_name: soulstone.model ?? "" } : {},
  };
}

/**
 * Returns the configuration of the Harvester, in parts. It scrapes every Soulstone with metrics, running
 * or not; the states of the units, which explain why one does not answer; the front door; itself; and the
 * GPUs.
 */
export function prometheusConfigOf(
  codex: Codex,
  covens: readonly Coven[],
): Record<string, YamlValue>[] {
  const { harvester, gpu_exporter, vessel } = codex.settings;
  const interval = `${harvester.scrape_interval_seconds}s`;
  const scraped = codex.soulstones.flatMap((soulstone) => {
    const endpoint = metricsOf(soulstone);
    return endpoint === undefined ? [] : [{ soulstone, endpoint }];
  });
  const open = scraped.filter(({ endpoint }) => endpoint.secret === undefined);
  const keyed = scraped.filter(({ endpoint }) => endpoint.secret !== undefined);
  const target = (port: number) => [{ targets: [`localhost:${port}`] }];
  // Without a fixed instance every series would start again when the port changes.
  const own = [{ targets: [`localhost:${harvester.port}`], labels: { instance: "lychd" } }];
  return [
    { global: { scrape_interval: interval, evaluation_interval: interval } },
    { rule_files: ["rules.yml"] },
    {
      scrape_configs: [
        ...open.length === 0 ? [] : [{
          job_name: "soulstone",
          ...TEXT_ONLY,
          static_configs: open.map((one) => targetGroup(one, covens)),
        }],
        // Prometheus sets the key for a whole job, so each of these has its own job, which is renamed.
        ...keyed.map((one) => ({
          job_name: `soulstone/${one.soulstone.name}`,
          ...TEXT_ONLY,
          authorization: {
            type: "Bearer",
            credentials_file: `/run/secrets/${keySecret(one.soulstone.name)}`,
          },
          static_configs: [targetGroup(one, covens)],
          relabel_configs: [{ target_label: "job", replacement: "soulstone" }],
        })),
        { job_name: "lychd-units", metrics_path: "/user/units.txt", static_configs: own },
        ...vessel.enabled ? [{ ...VESSEL_JOB, static_configs: own }] : [],
        { job_name: "harvester", static_configs: target(harvester.port) },
        ...watchersOf(codex.settings).gpuExporter
          ? [{ job_name: "gpu", static_configs: target(gpu_exporter.port) }]
          : [],
        ...extraScrapeConfigs(codex),
      ],
    },
  ];
}

/**
 * The front door may have been taken over from its port: it cannot write series of others, or any number
 * of its own.
 */
const VESSEL_JOB = {
  job_name: "lychd-vessel",
  metrics_path: "/user/vessel.txt",
  sample_limit: 50_000,
  metric_relabel_configs: [
    { source_labels: ["__name__"], regex: "lychd_vessel_.*", action: "keep" },
  ],
};

/**
 * SGLang's metrics have a colon in their names, which becomes an underscore if Prometheus requests
 * OpenMetrics, the default of 2.53 (sgl-project/sglang#21326).
 */
const TEXT_ONLY = { scrape_protocols: ["PrometheusText0.0.4"] };

function targetGroup(
  { soulstone, endpoint }: { soulstone: Soulstone; endpoint: MetricsEndpoint },
  covens: readonly Coven[],
): YamlValue {
  return {
    targets: [`localhost:${soulstone.port}`],
    labels: { ...seriesLabels(soulstone, covens), __metrics_path__: endpoint.path },
  };
}
