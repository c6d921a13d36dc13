import { homedir } from "node:os";
import config from "../../deno.json" with { type: "json" };
import { parseCommandLine } from "../cli/tree.ts";
import { printable } from "../core/report/printable.ts";
import { computeFolders, type FolderInput, foldersAbove } from "../run/folders.ts";
import { type Foreign, foreignWay, isRehearsal, type Trust, waysOf } from "../trust/path.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import {
  isFile,
  linksOfCodex,
  ownGroups,
  placesAt,
  realPath,
  seenAt,
  unitsIn,
  USERS,
} from "./gate_files.ts";
import { findPrograms } from "../run/programs.ts";
import type { Permissions } from "../run/permissions.ts";
import { permissionsFor, proberPermissions, workerPermissions } from "./permissions.ts";
import { isProberWanted, type ProberOrder, type ProberWanted } from "../run/health.ts";
import { type Sealed, selfTest } from "./self_test/report.ts";
import { processTerminal, type Streams, type Terminal, wantsColors } from "../run/terminal.ts";
import { readVariable, refuseGpuDrivers } from "../run/environment.ts";
import type { INTERRUPT, WorkerRequest } from "./worker.ts";

/** The program of a sandbox. */
export type SandboxName = "worker" | "health_worker" | "self_test_worker";

/** Returns the address of the program of a sandbox. */
export type FindSandbox = (name: SandboxName) => string;

/** The process around the gate. Tests pass one of their own, without a process for each run. */
export interface Surroundings extends Pick<FolderInput, "env" | "workingFolder" | "homeFolder"> {
  readonly streams: Streams;
  readonly terminal: Pick<Terminal, "out" | "err">;
  /** Starts a worker with exactly these permissions. */
  readonly start: (name: SandboxName, permissions: Permissions) => Worker;
  /** Calls `act` at each SIGINT and SIGTERM. */
  readonly onInterrupt: (act: () => void) => void;
}

/** Runs a command line in this process: {@linkcode passGate} with its streams, variables and signals. */
export async function gate(args: readonly string[], findSandbox: FindSandbox): Promise<ExitCode> {
  try {
    refuseGpuDrivers();
    const streams: Streams = {
      inIsTerminal: Deno.stdin.isTerminal(),
      outIsTerminal: Deno.stdout.isTerminal(),
      errIsTerminal: Deno.stderr.isTerminal() && readVariable("TERM") !== "dumb",
      outColors: wantsColors(readVariable, Deno.stdout.isTerminal()),
      errColors: wantsColors(readVariable, Deno.stderr.isTerminal()),
      type: readVariable("TERM") ?? "",
    };
    return await passGate(args, {
      env: readVariable,
      workingFolder: Deno.cwd,
      // Nothing where no user has this number, whatever the type says.
      homeFolder: () => (homedir() as string | null) ?? undefined,
      streams,
      terminal: processTerminal(streams),
      start: (name, permissions) =>
        new Worker(findSandbox(name), {
          type: "module",
          deno: { permissions: workerPermissions(permissions) },
        }),
      onInterrupt(act) {
        for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, act);
      },
    });
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

/**
 * Reads a command line, computes the folders, and runs the command in a worker that has exactly the
 * permissions of that command. Help, the version and wrong usage start no worker.
 */
export async function passGate(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<ExitCode> {
  const { env, workingFolder, homeFolder, streams, terminal, start } = surroundings;
  const isSelfTest = args[0] === SELF_TEST;
  const parsed = parseCommandLine(isSelfTest ? args.slice(1) : args, config.version);
  if (parsed.kind === "exit") {
    terminal.out(parsed.stdout);
    terminal.err(parsed.stderr);
    return parsed.code;
  }
  const user = Deno.uid() ?? 0;
  const computed = computeFolders({
    env,
    workingFolder,
    homeFolder,
    realPath,
    user,
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
  const ways = waysOf(invocation, permissions, folders, linksOfCodex);
  const trust: Trust = { user, ownGroups: ways.length === 0 ? [] : ownGroups(user) };
  const look = placesAt();
  const told = new Set<string>();
  for (const way of ways) {
    // Of all the links of a Codex, many may lead through one folder.
    const foreign = told.has(way.name) ? undefined : foreignWay(way, trust, look);
    if (foreign === undefined) continue;
    told.add(way.name);
    if (!isRehearsal(invocation)) return tellForeign(foreign, invocation, terminal);
    terminal.err(`lychd: ${printable(foreign.problem)}; render will refuse\n`);
  }
  if (isSelfTest) {
    const module = isFile(USERS) ? USERS : undefined;
    const places = { ...folders, home: homedir() ?? "/", port: UNUSED_PORT, module };
    const sandboxes = sandboxesOf(invocation, permissions, start);
    return await selfTest(sandboxes, places, terminal);
  }
  const request = {
    invocation,
    folders,
    programs,
    ...trust,
    seen: seenAt(permissions.write.includes(folders.quadlet) ? foldersAbove(folders) : []),
    processId: Deno.pid,
    version: config.version,
    environment: sessionVariables(env),
    streams,
  };
  return await runInWorker(request, permissions, surroundings);
}

/** Says why a command may not write where it would, as commands say why they refuse. */
function tellForeign(
  { problem, hint }: Foreign,
  invocation: Invocation,
  terminal: Pick<Terminal, "out" | "err">,
): ExitCode {
  const error = `${problem}; nothing was changed`;
  terminal.err(`lychd: ${printable(error)}\nhint: ${printable(hint)}\n`);
  if ("json" in invocation && invocation.json) {
    terminal.out(`${JSON.stringify({ error, hint }, null, 2)}\n`);
  }
  return EXIT.failure;
}

/** `lychd self-test COMMAND…`: what the sandboxes of a command are refused; see docs/security.md. */
const SELF_TEST = "self-test";
/** A port on which nobody listens: what asks it is refused before it can tell. */
const UNUSED_PORT = 49_151;

/** The sandboxes of a command, with a program in them that tries to break out. */
function sandboxesOf(
  invocation: Invocation,
  permissions: Permissions,
  start: Surroundings["start"],
): Sealed[] {
  const sealed = (name: string, permissions: Permissions): Sealed => ({
    name,
    permissions,
    start: () => start("self_test_worker", permissions),
  });
  const prober = proberPermissions(invocation, [UNUSED_PORT + 1]);
  return [
    sealed(`the sandbox of ${invocation.command}`, permissions),
    ...prober === undefined ? [] : [sealed("the sandbox that asks for health", prober)],
  ];
}

/** What doctor looks at, and shows: no other variable leaves the gate. */
function sessionVariables(env: Surroundings["env"]): Record<string, string> {
  const names = ["HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"] as const;
  return Object.fromEntries(names.flatMap((name) => {
    const value = env(name);
    return value === undefined || value === "" ? [] : [[name, value]];
  }));
}

function runInWorker(
  request: WorkerRequest,
  permissions: Permissions,
  { start, onInterrupt, terminal }: Surroundings,
): Promise<ExitCode> {
  const worker = start("worker", permissions);
  let prober: Promise<(channel: MessagePort) => void> | undefined;
  return new Promise((done) => {
    worker.onmessage = ({ data }: MessageEvent<ExitCode | ProberWanted>) => {
      if (isProberWanted(data)) {
        // One for the whole run, however often it is asked for.
        prober ??= startProberOf(request, start);
        prober.then((serve) => serve(data.proberChannel), (error) => done(tellFailure(error)));
      } else done(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      terminal.err(`lychd: internal error: ${event.message}\n`);
      done(EXIT.failure);
    };
    worker.postMessage(request);
    if (request.invocation.command === "summon") onInterrupt(interruptionOf(worker, done));
  });
}

/**
 * Starts the sandbox that asks engines for their health, if the command may have one. Whom it may ask
 * stands in the units that lychd wrote: the sandbox of the command, which may be what is not to be
 * trusted, has no say in it.
 */
async function startProberOf(
  { invocation, folders }: WorkerRequest,
  start: Surroundings["start"],
): Promise<(channel: MessagePort) => void> {
  if (invocation.command !== "summon") return () => {};
  const { readInventory } = await import("../core/orchestrator/inventory.ts");
  const endpoints = readInventory(unitsIn(folders.quadlet)).engines.flatMap((
    { port, healthPath },
  ) => healthPath === undefined ? [] : [{ port, path: healthPath }]);
  const permissions = proberPermissions(invocation, endpoints.map(({ port }) => port));
  if (permissions === undefined) return () => {};
  const sandbox = start("health_worker", permissions);
  return (channel) => sandbox.postMessage({ endpoints, channel } satisfies ProberOrder, [channel]);
}

/** Lets a command say what goes on without it when it is interrupted; at once the second time. */
function interruptionOf(worker: Worker, done: (code: ExitCode) => void): () => void {
  let isAgain = false;
  return () => {
    if (isAgain) done(EXIT.interrupted);
    isAgain = true;
    worker.postMessage("interrupt" satisfies typeof INTERRUPT);
  };
}
