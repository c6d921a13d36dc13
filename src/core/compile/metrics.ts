import type { Soulstone } from "../codex/mod.ts";
import { type Finding, finding } from "../report/mod.ts";
import { type EngineProfile, profileOf } from "./engines/mod.ts";

/** Where the Harvester asks a Soulstone for metrics. */
export interface MetricsEndpoint {
  readonly path: string;
  /** The Podman secret that holds the key, if it asks for one. */
  readonly secret: string | undefined;
}

/**
 * Where a Soulstone exports metrics: as it says itself, else as its engine does. Nothing for one
 * that has none; whether it runs is known all the same, from systemd.
 *
 * @example
 * ```ts
 * import { readCodex } from "../codex/mod.ts";
 * import { metricsOf } from "./metrics.ts";
 * const bytes = new TextEncoder().encode('[eye]\nimage = "vllm/vllm-openai"\nport = 8780\n');
 * const { codex } = readCodex({ folder: "c", files: [{ path: "soulstones/eye.toml", bytes }] });
 * codex.soulstones.map(metricsOf); // [{ path: "/metrics", secret: undefined }]
 * ```
 */
export function metricsOf(soulstone: Soulstone): MetricsEndpoint | undefined {
  const { metrics } = soulstone;
  if (metrics?.enabled === false) return undefined;
  const path = metrics?.path ?? profileOf(soulstone).metricsPath(soulstone);
  return path === undefined ? undefined : { path, secret: metrics?.secret };
}

/** Metrics that are asked for and not there, or that the Harvester, if there is one, would not get. */
export function metricsFindings(
  soulstone: Soulstone,
  profile: EngineProfile,
  hasHarvester: boolean,
): Finding[] {
  const endpoint = metricsOf(soulstone);
  const { metrics } = soulstone;
  if (metrics !== undefined && metrics.enabled && endpoint === undefined) {
    return [finding("metrics-nothing", soulstone.placeOf(["metrics"]), { engine: profile.title })];
  }
  const refused = endpoint !== undefined && endpoint.secret === undefined &&
    profile.metricsNeedKey(soulstone);
  return hasHarvester && refused ? [finding("metrics-need-key", soulstone.placeOf([]), {})] : [];
}
