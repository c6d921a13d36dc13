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
  context: CommandContext,
  deadlineMilliseconds = Infinity,
): Promise<Gpu[]> {
  const { programs: { nvidiaSmi, grep } } = context;
  const restMilliseconds = Math.max(0, Math.ceil(deadlineMilliseconds - performance.now()));
  const milliseconds = Math.min(LIMITS.milliseconds, restMilliseconds);
  const [nvidia, amd] = await Promise.all([
    outputOf(context, nvidiaSmi, NVIDIA_QUERY, milliseconds),
    // grep fails if one of the cards is missing.
    outputOf(context, grep, ["-Hs", "", ...AMD_COUNTERS], milliseconds),
  ]);
  return [...parseNvidiaSmi(nvidia), ...parseAmdCounters(amd)];
}

/** Returns what a program prints; nothing if there is none, or it does not answer. */
export async function outputOf(
  { host, interruption }: CommandContext,
  program: string | undefined,
  args: readonly string[],
  milliseconds = LIMITS.milliseconds,
): Promise<string> {
  if (program === undefined) return "";
  try {
    const limits = { ...LIMITS, milliseconds, until: interruption };
    return (await host.run(program, args, {}, limits)).stdout;
  } catch (error) {
    if (error instanceof HostError) return "";
    throw error;
  }
}
