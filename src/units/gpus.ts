import {
  AMD_COUNTERS,
  type Gpu,
  NVIDIA_QUERY,
  parseAmdCounters,
  parseNvidiaSmi,
} from "../core/gpus.ts";
import { HostError } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";

/** A broken driver may not answer. */
const LIMITS = { milliseconds: 10_000, bytes: 65_536 };

/**
 * Reads the GPUs of the host with their memory. Returns none if no program reports them, on an
 * interrupt, and after the deadline (on the clock of `performance.now()`).
 */
export async function readGpus(
  { host, programs, interruption }: CommandContext,
  deadlineMilliseconds = Infinity,
): Promise<Gpu[]> {
  const restMilliseconds = Math.max(0, Math.ceil(deadlineMilliseconds - performance.now()));
  const milliseconds = Math.min(LIMITS.milliseconds, restMilliseconds);
  const limits = { ...LIMITS, milliseconds, until: interruption };
  async function outputOf(program: string | undefined, args: readonly string[]): Promise<string> {
    if (program === undefined) return "";
    try {
      // grep fails if one of the cards is missing.
      return (await host.run(program, args, {}, limits)).stdout;
    } catch (error) {
      if (error instanceof HostError) return "";
      throw error;
    }
  }
  const [nvidia, amd] = await Promise.all([
    outputOf(programs.nvidiaSmi, NVIDIA_QUERY),
    outputOf(programs.grep, ["-Hs", "", ...AMD_COUNTERS]),
  ]);
  return [...parseNvidiaSmi(nvidia), ...parseAmdCounters(amd)];
}
