/** Metrics for the Prometheus operator, and dashboards for the sidecar of Grafana. */
import { type Codex, type Soulstone, watchersOf } from "../codex/mod.ts";
import {
  type Coven,
  DASHBOARDS,
  metricsOf,
  RULES,
  seriesLabels,
  soulstoneLabels,
} from "../compile/mod.ts";
import { readYaml } from "../rune/mod.ts";
import { objectName, PART_OF, SOULSTONE_LABEL } from "./exclusion.ts";
import type { IPodMonitor, IPrometheusRule, Kustomization } from "./objects.ts";
import { SECRET_KEY } from "./secrets.ts";

/** The label by which the sidecar of Grafana finds dashboards. */
const DASHBOARD_LABEL = { grafana_dashboard: "1" };

type Rules = NonNullable<NonNullable<IPrometheusRule["spec"]>["groups"]>;

/** The files below `watchers/`. */
export interface WatcherManifests {
  readonly objects: ReadonlyMap<string, readonly (IPodMonitor | IPrometheusRule)[]>;
  readonly texts: ReadonlyMap<string, string>;
  readonly kustomization: Kustomization;
}

/** Returns the files of the Watchers; nothing without the Harvester. */
export function watcherManifests(
  codex: Codex,
  covens: readonly Coven[],
): WatcherManifests | undefined {
  const { harvester, scribe } = watchersOf(codex.settings);
  if (!harvester) return undefined;
  const monitors = codex.soulstones.flatMap((soulstone) => monitorOf(soulstone, codex, covens));
  const dashboards = scribe ? Object.entries(DASHBOARDS) : [];
  const objects = new Map<string, readonly (IPodMonitor | IPrometheusRule)[]>([
    ...monitors.length === 0 ? [] : [["monitors.yaml", monitors] as const],
    ["rules.yaml", [rulesOf(codex, covens)]],
  ]);
  return {
    objects,
    texts: new Map(dashboards.map(([name, text]) => [`dashboards/${name}`, text])),
    kustomization: {
      apiVersion: "kustomize.config.k8s.io/v1beta1",
      kind: "Kustomization",
      namespace: codex.settings.kubernetes.namespace,
      resources: [...objects.keys()],
      ...dashboards.length === 0 ? {} : {
        configMapGenerator: dashboards.map(([name]) => ({
          name: `dashboard-${name.replace(/\.json$/, "")}`,
          files: [`dashboards/${name}`],
          options: {
            disableNameSuffixHash: true,
            labels: { ...PART_OF, ...DASHBOARD_LABEL },
          },
        })),
      },
    },
  };
}

/** Returns the monitor of a Soulstone with metrics. Its labels are those of the Harvester. */
function monitorOf(soulstone: Soulstone, codex: Codex, covens: readonly Coven[]): IPodMonitor[] {
  const endpoint = metricsOf(soulstone);
  if (endpoint === undefined) return [];
  const { name } = soulstone;
  const labels = { job: "soulstone", ...seriesLabels(soulstone, covens) };
  const { path, secret } = endpoint;
  return [{
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PodMonitor",
    metadata: { name: objectName(name), labels: PART_OF },
    spec: {
      selector: { matchLabels: { [SOULSTONE_LABEL]: name } },
      // SGLang's metrics have a colon in their names, which other formats replace.
      scrapeProtocols: ["PrometheusText0.0.4"],
      podMetricsEndpoints: [{
        port: "http",
        path,
        interval: `${codex.settings.harvester.scrape_interval_seconds}s`,
        ...secret === undefined ? {} : {
          authorization: { type: "Bearer", credentials: { name: secret, key: SECRET_KEY } },
        },
        relabelings: Object.entries(labels).map(([targetLabel, replacement]) => ({
          targetLabel,
          // Prometheus reads two dollar signs as one.
          replacement: replacement.replaceAll("$", "$$$$"),
        })),
      }],
    },
  }];
}

/** Returns the rules, with the states of the engines from kube-state-metrics instead of systemd. */
function rulesOf(codex: Codex, covens: readonly Coven[]): IPrometheusRule {
  const { groups } = readYaml(RULES) as { readonly groups: Rules };
  const states = codex.soulstones.flatMap((soulstone) =>
    statesOf(soulstone.name, codex.settings.kubernetes.namespace).map(([state, expr]) => ({
      record: "lychd_soulstone_state",
      expr,
      labels: { ...soulstoneLabels(soulstone, covens), state },
    }))
  );
  const observed = { record: "lychd_observed_timestamp_seconds", expr: "vector(time())" };
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: { name: "lychd", labels: PART_OF },
    spec: { groups: [{ name: "lychd-kubernetes", rules: [...states, observed] }, ...groups] },
  };
}

/** Returns an expression for each state: 1 if the engine is in it, otherwise 0. */
function statesOf(name: string, namespace: string): [state: string, expr: string][] {
  const series = (metric: string) =>
    `max(kube_deployment_${metric}{namespace="${namespace}",deployment="${objectName(name)}"})`;
  const [wanted, present, ready] = [
    series("spec_replicas"),
    series("status_replicas"),
    series("status_replicas_ready"),
  ];
  return [
    ["running", `(${wanted} > bool 0) * (${ready} > bool 0)`],
    ["starting", `(${wanted} > bool 0) * (${ready} == bool 0)`],
    ["stopping", `(${wanted} == bool 0) * (${present} > bool 0)`],
    ["stopped", `(${wanted} == bool 0) * (${present} == bool 0)`],
    // A pod that fails starts again, so it is starting.
    ["failed", `0 * ${wanted}`],
  ];
}
