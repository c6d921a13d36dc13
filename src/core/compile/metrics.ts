import type { Soulstone } from "../codex/mod.ts";
import { type Finding, finding } from "../report/mod.ts";
import { type EngineProfile, profileOf } from "./engines/mod.ts";

/** The place where the Harvester requests the metrics of a Soulstone. */
export interface MetricsEndpoint {
  readonly path: string;
  /** The Podman secret with the key, if the engine requires one. */
  readonly secret: string | undefined;
}

/**
 * Returns where a Soulstone exports metrics: the path of its `metrics` table, or the default of its
 * engine; nothing if it exports none. systemd knows its state in any case.
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

/** Finds metrics that are enabled but missing, or that the Harvester cannot read without a key. */
export function metricsFindings(
  soulstone: Soulstone,
  profile: EngineProfile,
  hasHarvester: boolean,
): Finding[] {
  const endpoint = metricsOf(soulstone);
  if (soulstone.metrics?.enabled && endpoint === undefined) {
    return [finding("metrics-nothing", soulstone.placeOf(["metrics"]), { engine: profile.title })];
  }
  const needsKey = endpoint !== undefined && endpoint.secret === undefined &&
    profile.metricsNeedKey(soulstone);
  return hasHarvester && needsKey ? [finding("metrics-need-key", soulstone.placeOf([]), {})] : [];
}
