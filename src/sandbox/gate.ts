import config from "../../deno.json" with { type: "json" };
import { printable } from "../core/report/printable.ts";
import { readVariable, refuseGpuDrivers } from "../run/environment.ts";
import { EXIT, type ExitCode } from "../run/invocation.ts";
import { withRefusals } from "../run/refusal.ts";
import { processStreams, processTerminal } from "../run/terminal.ts";
import type { FindSandbox } from "./launch.ts";

/**
 * Parses a command line, and runs the command in a sandbox. Help, the version and wrong usage start no
 * sandbox; the version does not even load the command tree.
 */
export async function gate(args: readonly string[], findSandbox: FindSandbox): Promise<ExitCode> {
  try {
    refuseGpuDrivers();
    const streams = processStreams(readVariable);
    const terminal = processTerminal(streams);
    if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
      terminal.out(`${config.version}\n`);
      return EXIT.ok;
    }
    const { parseCommandLine } = await import("../cli/tree.ts");
    const parsed = parseCommandLine(args, config.version);
    if (parsed.kind === "exit") {
      terminal.out(parsed.stdout);
      terminal.err(parsed.stderr);
      return parsed.code;
    }
    const { launch } = await import("./launch.ts");
    const { invocation } = parsed;
    const act = () => launch(parsed, { streams, findSandbox, version: config.version });
    return await withRefusals({ terminal }, "json" in invocation && invocation.json, act);
  } catch (error) {
    // For example a variable that is not UTF-8, or a full disk.
    return printFailure(error);
  }
}

function printFailure(error: unknown): ExitCode {
  const words = error instanceof Error ? error.message : String(error);
  try {
    Deno.stderr.writeSync(new TextEncoder().encode(`lychd: ${printable(words)}\n`));
  } catch {
    // stderr is closed.
  }
  return EXIT.failure;
}
