import { homedir } from "node:os";
import { basename, dirname, join } from "node:path/posix";
import config from "../deno.json" with { type: "json" };
import { parseCommandLine } from "./cli.ts";
import { printable } from "./core/report/printable.ts";
import { computeFolders } from "./folders.ts";
import { EXIT, type ExitCode } from "./invocation.ts";
import { findPrograms } from "./programs.ts";
import { permissionsFor, proberPermissions, workerPermissions } from "./permissions.ts";
import { isProberWanted, type ProberWanted } from "./prober.ts";
import { processTerminal, type Streams, wantsColors } from "./terminal.ts";
import type { INTERRUPT, WorkerRequest } from "./worker.ts";

/** Tells where the program of a sandbox is. */
export type FindSandbox = (name: "worker" | "health_worker") => string;

/**
 * Reads a command line, computes the folders, and runs the command in a worker that has exactly the
 * permissions of that command. Help, the version and wrong usage start no worker.
 */
export async function gate(args: readonly string[], findSandbox: FindSandbox): Promise<ExitCode> {
  try {
    return await run(args, findSandbox);
  } catch (error) {
    // Such as a variable that is no text, or a disk that is full behind stdout.
    return tellFailure(error);
  }
}

function tellFailure(error: unknown): ExitCode {
  const words = error instanceof Error ? error.message : String(error);
  try {
    Deno.stderr.writeSync(new TextEncoder().encode(`lychd: ${printable(words)}\n`));
  } catch {
    // Nobody can be told.
  }
  return EXIT.failure;
}

async function run(args: readonly string[], findSandbox: FindSandbox): Promise<ExitCode> {
  const streams: Streams = {
    inIsTerminal: Deno.stdin.isTerminal(),
    outIsTerminal: Deno.stdout.isTerminal(),
    errIsTerminal: Deno.stderr.isTerminal() && Deno.env.get("TERM") !== "dumb",
    outColors: wantsColors(Deno.env.get, Deno.stdout.isTerminal()),
    errColors: wantsColors(Deno.env.get, Deno.stderr.isTerminal()),
    type: Deno.env.get("TERM") ?? "",
  };
  const terminal = processTerminal(streams);
  const parsed = parseCommandLine(args, config.version);
  if (parsed.kind === "exit") {
    terminal.out(parsed.stdout);
    terminal.err(parsed.stderr);
    return parsed.code;
  }
  const computed = computeFolders({
    env: Deno.env.get,
    workingFolder: Deno.cwd,
    homeFolder: homedir,
    realPath,
    user: Deno.uid() ?? 0,
    codexOption: parsed.named.codex,
    outputOption: parsed.named.output,
    factsOption: parsed.named.facts,
    importOptions: parsed.named.imports ?? [],
  });
  if ("problem" in computed) {
    terminal.err(`lychd: ${printable(computed.problem)}\n`);
    return EXIT.failure;
  }
  const { invocation } = parsed;
  const { folders } = computed;
  const programs = findPrograms(isFile);
  const permissions = permissionsFor(invocation, folders, programs);
  const user = Deno.uid() ?? 0;
  const request = {
    invocation,
    folders,
    programs,
    user,
    processId: Deno.pid,
    version: config.version,
    environment: sessionVariables(),
    streams,
  };
  return await runInWorker(request, permissions, findSandbox);
}

/** What doctor looks at, and shows: no other variable leaves the gate. */
function sessionVariables(): Record<string, string> {
  const names = ["HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"];
  return Object.fromEntries(names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined || value === "" ? [] : [[name, value]];
  }));
}

/** Where a path leads, as far as it is there. */
function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function runInWorker(
  request: WorkerRequest,
  permissions: ReturnType<typeof permissionsFor>,
  findSandbox: FindSandbox,
): Promise<ExitCode> {
  const worker = new Worker(findSandbox("worker"), {
    type: "module",
    deno: { permissions: workerPermissions(permissions) },
  });
  return new Promise((done) => {
    worker.onmessage = ({ data }: MessageEvent<ExitCode | ProberWanted>) => {
      if (isProberWanted(data)) runProber(request, data, findSandbox);
      else done(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      processTerminal(request.streams).err(`lychd: internal error: ${event.message}\n`);
      done(EXIT.failure);
    };
    worker.postMessage(request);
    if (request.invocation.command === "summon") interruptWith(worker, done);
  });
}

/** Starts the sandbox that asks engines for their health, if the command may have one. */
function runProber(
  { invocation }: WorkerRequest,
  { proberPorts, channel }: ProberWanted,
  findSandbox: FindSandbox,
): void {
  const permissions = proberPermissions(invocation, proberPorts);
  if (permissions === undefined) return;
  const prober = new Worker(findSandbox("health_worker"), {
    type: "module",
    deno: { permissions: workerPermissions(permissions) },
  });
  prober.postMessage(channel, [channel]);
}

/** Lets a command say what goes on without it when it is interrupted; at once the second time. */
function interruptWith(worker: Worker, done: (code: ExitCode) => void): void {
  let isAgain = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      if (isAgain) done(EXIT.interrupted);
      isAgain = true;
      worker.postMessage("interrupt" satisfies typeof INTERRUPT);
    });
  }
}
