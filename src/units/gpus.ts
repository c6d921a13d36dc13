import {
  AMD_COUNTERS,
  type Gpu,
  NVIDIA_QUERY,
  parseAmdCounters,
  parseNvidiaSmi,
} from "../core/gpus.ts";
import { HostError } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";

/** A driver in trouble does not answer: then nobody can tell. */
const LIMITS = { milliseconds: 10_000, bytes: 65_536 };

/**
 * The GPUs of the host with their memory; none where nobody can tell, nor when the operator interrupts
 * or the deadline passes meanwhile.
 *
 * @param deadlineMilliseconds by `performance.now()`; Infinity for none
 */
export async function readGpus(
  { host, programs, interruption }: CommandContext,
  deadlineMilliseconds = Infinity,
): Promise<Gpu[]> {
  const restMilliseconds = Math.max(0, Math.ceil(deadlineMilliseconds - performance.now()));
  const limits = {
    ...LIMITS,
    milliseconds: Math.min(LIMITS.milliseconds, restMilliseconds),
    until: interruption,
  };
  async function said(program: string | undefined, args: readonly string[]): Promise<string> {
    if (program === undefined) return "";
    try {
      // The exit code of grep tells only whether every card is there.
      return (await host.run(program, args, {}, limits)).stdout;
    } catch (error) {
      if (error instanceof HostError) return "";
      throw error;
    }
  }
  const [nvidia, amd] = await Promise.all([
    said(programs.nvidiaSmi, NVIDIA_QUERY),
    said(programs.grep, ["-Hs", "", ...AMD_COUNTERS]),
  ]);
  return [...parseNvidiaSmi(nvidia), ...parseAmdCounters(amd)];
}
