import {
  AMD_COUNTERS,
  type Gpu,
  NVIDIA_QUERY,
  parseAmdCounters,
  parseNvidiaSmi,
} from "../core/orchestrator/mod.ts";
import { HostError } from "../host/host.ts";
import type { CommandContext } from "./context.ts";

/** A driver in trouble does not answer: then nobody can tell. */
const LIMITS = { milliseconds: 10_000, bytes: 65_536 };

/** The GPUs of the host with their memory; none where nobody can tell. */
export async function readGpus({ host, programs }: CommandContext): Promise<Gpu[]> {
  async function said(program: string | undefined, args: readonly string[]): Promise<string> {
    if (program === undefined) return "";
    try {
      // The exit code of grep tells only whether every card is there.
      return (await host.run(program, args, {}, LIMITS)).stdout;
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
