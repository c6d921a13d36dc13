/** Runs a command line in the process of the test: gate and command, without a worker. */
import { runCommand } from "../../src/commands/run.ts";
import { DENO_HOST } from "../../src/host/deno_host.ts";
import { type Host, hostWithSeen } from "../../src/host/host.ts";
import type { Variable } from "../../src/run/environment.ts";
import { paletteOf, type Terminal, wantsColors } from "../../src/run/terminal.ts";
import { passGate } from "../../src/sandbox/gate.ts";
import type { WorkerRequest } from "../../src/sandbox/worker.ts";
import { memoryContext, memoryTerminal } from "../../src/testing/memory_context.ts";

/**
 * Runs `args` with exactly these variables, as a process in `workingFolder` would, but without a sandbox.
 * Throws any error of the command, which would be a bug.
 */
export async function runInProcess(
  args: readonly string[],
  { env, workingFolder }: { env: Readonly<Record<string, string>>; workingFolder: string },
): Promise<{ code: number; out: string; err: string; both: string }> {
  const output = { out: "", err: "", both: "" };
  const read = (name: Variable) => env[name];
  const hasColors = wantsColors(read, false);
  const palette = paletteOf(hasColors);
  const terminal = memoryTerminal(output, {
    out: (text) => void (output.out += text, output.both += text),
    err: (text) => void (output.err += text, output.both += text),
    outPalette: palette,
    errPalette: palette,
    type: read("TERM") ?? "",
  });
  const { promise: bug, reject } = Promise.withResolvers<never>();
  const code = passGate(args, {
    env: read,
    workingFolder: () => workingFolder,
    homeFolder: () => "/nonexistent",
    binary: "/usr/local/bin/lychd",
    streams: {
      inIsTerminal: false,
      outIsTerminal: false,
      errIsTerminal: false,
      outColors: hasColors,
      errColors: hasColors,
      columns: 80,
      type: terminal.type,
    },
    terminal,
    start() {
      const worker: Pick<Worker, "onmessage" | "onerror" | "postMessage"> = {
        onmessage: null,
        onerror: null,
        postMessage({ invocation, seen, ...request }: WorkerRequest) {
          const host = hostWithSeen(hostIn(env, terminal), seen);
          runCommand(invocation, memoryContext(output, { ...request, host }, terminal)).then(
            (data) => worker.onmessage?.call(worker as Worker, new MessageEvent("", { data })),
            reject,
          );
        },
      };
      return worker as Worker;
    },
    openEditor: () => Promise.resolve(1),
    onInterrupt() {},
  });
  return { code: await Promise.race([code, bug]), ...output };
}

/** Returns the real host, but its programs get only the given variables. */
function hostIn(
  env: Readonly<Record<string, string>>,
  terminal: Pick<Terminal, "out" | "err">,
): Host {
  const run: Host["run"] = async (program, args, more = {}) => {
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args: [...args],
      clearEnv: true,
      env: { ...env, ...more },
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  };
  return {
    ...DENO_HOST,
    run,
    async runAttached(program, args, { quiet, onStderr = terminal.err } = {}) {
      const { code, stdout, stderr } = await run(program, args);
      if (!quiet) terminal.out(stdout);
      onStderr(stderr);
      return code;
    },
  };
}
