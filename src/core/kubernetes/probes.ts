import type { Soulstone } from "../codex/mod.ts";
import { isShellLine, profileOf } from "../compile/mod.ts";
import type { IContainer } from "./objects.ts";

/**
 * Returns the probes of a Soulstone: one check each second until the engine is ready, then one at longer
 * intervals. None without a known check: the pod is then ready as soon as it runs.
 */
export function probesOf(
  soulstone: Soulstone,
): Pick<IContainer, "startupProbe" | "readinessProbe"> {
  const { health } = soulstone;
  const profile = profileOf(soulstone);
  const path = health?.path ?? (health?.cmd === undefined ? profile.healthPath : undefined);
  const cmd = health?.cmd;
  if (cmd !== undefined && !isShellLine(cmd)) return {};
  const check = cmd !== undefined
    ? { exec: { command: ["sh", "-c", cmd] } }
    : path !== undefined
    ? { httpGet: { path, port: "http" } }
    : undefined;
  if (check === undefined) return {};
  const common = { ...check, timeoutSeconds: health?.timeout_seconds ?? 5 };
  return {
    startupProbe: { ...common, periodSeconds: 1, failureThreshold: startSeconds(soulstone) },
    readinessProbe: {
      ...common,
      periodSeconds: health?.interval_seconds ?? 30,
      failureThreshold: health?.retries ?? 3,
    },
  };
}

/** Returns the time limit of a start, in seconds. */
export function startSeconds(soulstone: Soulstone): number {
  return soulstone.start_timeout_seconds ?? profileOf(soulstone).startTimeoutSeconds;
}
