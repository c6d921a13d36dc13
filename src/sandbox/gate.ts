import { homedir } from "node:os";
import config from "../../deno.json" with { type: "json" };
import { printable } from "../core/report/printable.ts";
import { readVariable, refuseGpuDrivers, refuseProxies } from "../run/environment.ts";
import { EXIT, type ExitCode } from "../run/invocation.ts";
import { withRefusals } from "../run/refusal.ts";
import { processStreams, processTerminal } from "../run/terminal.ts";
import type { Surroundings } from "./launch.ts";
import { type SandboxName, workerPermissions } from "./permissions.ts";

/** Returns the address of the program of a sandbox. */
export type FindSandbox = (name: SandboxName) => string;

/** Runs a command line with the streams, variables and signals of this process. */
export async function gate(args: readonly string[], findSandbox: FindSandbox): Promise<ExitCode> {
  try {
    refuseGpuDrivers();
    refuseProxies();
    const streams = processStreams(readVariable);
    return await passGate(args, {
      env: readVariable,
      workingFolder: Deno.cwd,
      // Returns null for a user without an entry, whatever the type says.
      binary: Deno.build.standalone ? Deno.execPath() : undefined,
      homeFolder: () => (homedir() as string | null) ?? undefined,
      streams,
      terminal: processTerminal(streams),
      start: (name, permissions) =>
        new Worker(findSandbox(name), {
          type: "module",
          deno: { permissions: workerPermissions(permissions) },
        }),
      openEditor: async (path) => await (await import("./open_editor.ts")).openEditor(path),
      onInterrupt(act) {
        for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, act);
      },
    });
  } catch (error) {
    // For example a variable that is not UTF-8, or a full disk.
    return printFailure(error);
  }
}

/**
 * Parses a command line, and runs the command in a sandbox. Help, the version and wrong usage start no
 * sandbox; the version does not even load the command tree.
 */
export async function passGate(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<ExitCode> {
  const { terminal } = surroundings;
  const { version } = config;
  if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
    terminal.out(`${version}\n`);
    return EXIT.ok;
  }
  const { parseCommandLine } = await import("../cli/tree.ts");
  const parsed = parseCommandLine(args, version, surroundings.streams.columns);
  if (parsed.kind === "exit") {
    terminal.out(parsed.stdout);
    terminal.err(parsed.stderr);
    return parsed.code;
  }
  const { launch } = await import("./launch.ts");
  const { invocation } = parsed;
  const act = () => launch(parsed, version, surroundings);
  return await withRefusals({ terminal }, "json" in invocation && invocation.json, act);
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
