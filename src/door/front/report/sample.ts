import type { Sample } from "../../../core/api/schema.ts";
import type { DispatcherStatus } from "../../../core/dispatcher/dispatcher.ts";
import type { GpuLoad } from "../../../core/orchestrator/gpu_load.ts";
import { timeText } from "./time.ts";

/** The measurements of a sample. */
export interface Sampled {
  readonly epochSeconds: number;
  readonly gpus: readonly GpuLoad[];
  readonly tokensPerSecond: number;
  readonly engines: DispatcherStatus["engines"];
}

/** Returns a sample for clients. */
export function sampleOf({ epochSeconds, gpus, tokensPerSecond, engines }: Sampled): Sample {
  return {
    time: timeText(epochSeconds),
    gpus: gpus.map(({ name, usedMib, totalMib, powerWatts, utilization }) => ({
      name,
      memory_used_mib: usedMib,
      memory_mib: totalMib,
      power_watts: powerWatts ?? null,
      utilization: utilization ?? null,
    })),
    tokens_per_second: tokensPerSecond,
    under_way: engines.reduce((sum, { underWay }) => sum + underWay, 0),
    waiting: engines.reduce((sum, { waiting }) => sum + waiting, 0),
  };
}
