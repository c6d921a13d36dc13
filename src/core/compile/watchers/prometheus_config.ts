import { type Codex, extraScrapeConfigs, type Soulstone, watchersOf } from "../../codex/mod.ts";
import type { YamlValue } from "../../rune/mod.ts";
import type { Coven } from "../covens.ts";
import { profileOf } from "../engines/mod.ts";
import { type MetricsEndpoint, metricsOf } from "../metrics.ts";

/** Where a container finds its secrets. */
const KEY_FOLDER = "/run/secrets";

/** What the key for a Soulstone's metrics is called in the Harvester's container. */
export function keySecret(soulstone: string): string {
  return `soulstone-${soulstone}-metrics-key`;
}

/** The labels by which everything that is measured of a Soulstone is found. */
export function soulstoneLabels(
  soulstone: Soulstone,
  covens: readonly Coven[],
): { soulstone: string; covens: string; engine_kind: string } {
  const own = covens.filter((coven) => coven.members.includes(soulstone.name));
  return {
    soulstone: soulstone.name,
    covens: own.map((coven) => coven.name).join(","),
    // Not `engine`: vLLM has a label of that name.
    engine_kind: profileOf(soulstone).name,
  };
}

/**
 * What the Harvester scrapes: every Soulstone that has metrics, also one that is stopped; the states
 * of the units, which tell why one does not answer; itself; the GPUs.
 */
export function prometheusConfigOf(codex: Codex, covens: readonly Coven[]): YamlValue {
  const { harvester, gpu_exporter } = codex.settings;
  const interval = `${harvester.scrape_interval_seconds}s`;
  const scraped = codex.soulstones.flatMap((soulstone) => {
    const endpoint = metricsOf(soulstone);
    return endpoint === undefined ? [] : [{ soulstone, endpoint }];
  });
  const open = scraped.filter(({ endpoint }) => endpoint.secret === undefined);
  const keyed = scraped.filter(({ endpoint }) => endpoint.secret !== undefined);
  const target = (port: number) => [{ targets: [`localhost:${port}`] }];
  return {
    global: { scrape_interval: interval, evaluation_interval: interval },
    rule_files: ["rules.yml"],
    scrape_configs: [
      ...open.length === 0 ? [] : [{
        job_name: "soulstone",
        ...TEXT_ONLY,
        static_configs: open.map((one) => targetGroup(one, covens)),
      }],
      // A key belongs to a whole job, so each has one of its own and is renamed.
      ...keyed.map((one) => ({
        job_name: `soulstone/${one.soulstone.name}`,
        ...TEXT_ONLY,
        authorization: {
          type: "Bearer",
          credentials_file: `${KEY_FOLDER}/${keySecret(one.soulstone.name)}`,
        },
        static_configs: [targetGroup(one, covens)],
        relabel_configs: [{ target_label: "job", replacement: "soulstone" }],
      })),
      {
        job_name: "lychd-units",
        metrics_path: "/user/units.txt",
        // The units are the same ones behind another port: without a name of their own for where they
        // are read, each series would begin anew.
        static_configs: [{
          targets: [`localhost:${harvester.port}`],
          labels: { instance: "lychd" },
        }],
      },
      { job_name: "harvester", static_configs: target(harvester.port) },
      ...watchersOf(codex.settings).gpuExporter
        ? [{ job_name: "gpu", static_configs: target(gpu_exporter.port) }]
        : [],
      ...extraScrapeConfigs(codex),
    ],
  };
}

/**
 * SGLang's metrics have a colon in their names, which becomes an underscore where Prometheus asks for
 * OpenMetrics, as 2.53 does by default (sgl-project/sglang#21326).
 */
const TEXT_ONLY = { scrape_protocols: ["PrometheusText0.0.4"] };

function targetGroup(
  { soulstone, endpoint }: { soulstone: Soulstone; endpoint: MetricsEndpoint },
  covens: readonly Coven[],
): YamlValue {
  // llama.cpp does not name its model as the others do; on those the label would clash with theirs.
  const isUnnamed = profileOf(soulstone).name === "llamacpp" && soulstone.model !== undefined;
  return {
    targets: [`localhost:${soulstone.port}`],
    labels: {
      ...soulstoneLabels(soulstone, covens),
      ...isUnnamed ? { model_name: soulstone.model ?? "" } : {},
      __metrics_path__: endpoint.path,
    },
  };
}
