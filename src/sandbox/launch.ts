import { homedir } from "node:os";
import type { Parsed } from "../cli/tree.ts";
import { printable } from "../core/report/printable.ts";
import { computeFolders, type FolderInput, foldersAbove } from "../run/folders.ts";
import { type EditorWanted, isEditorWanted } from "../run/editor.ts";
import { isProberWanted, type ProberOrder, type ProberWanted } from "../run/health.ts";
import { EXIT, type ExitCode } from "../run/invocation.ts";
import type { Permissions } from "../run/permissions.ts";
import { findPrograms } from "../run/programs.ts";
import type { Streams, Terminal } from "../run/terminal.ts";
import { refusePath } from "../trust/path.ts";
import {
  checkPaths,
  isDryRun,
  isEditedCopy,
  isFile,
  realPath,
  seenAt,
  unitsIn,
  USERS,
} from "./gate_files.ts";
import { permissionsFor, proberPermissions, startsEngines } from "./permissions.ts";
import type { INTERRUPT, WorkerRequest } from "./worker.ts";

/** The program of a sandbox. */
export type SandboxName = "worker" | "health_worker" | "self_test_worker";

/** The process around the gate. Tests pass their own, and need no process for each run. */
export interface Surroundings extends Pick<FolderInput, "env" | "workingFolder" | "homeFolder"> {
  readonly streams: Streams;
  readonly terminal: Pick<Terminal, "out" | "err">;
  /** Starts a worker with exactly these permissions. */
  readonly start: (name: SandboxName, permissions: Permissions) => Worker;
  /** Opens a file in the operator's editor, outside of any sandbox. Returns its exit code. */
  readonly openEditor: (path: string) => Promise<number>;
  /** Calls `act` at each SIGINT and SIGTERM. */
  readonly onInterrupt: (act: () => void) => void;
}

/** Runs a command in a worker with exactly the permissions of that command. */
export async function launch(
  { invocation, named, isSelfTest }: Extract<Parsed, { kind: "run" }>,
  version: string,
  surroundings: Surroundings,
): Promise<ExitCode> {
  const { env, workingFolder, homeFolder, streams, terminal, start } = surroundings;
  const user = Deno.uid() ?? 0;
  const folders = computeFolders({
    env,
    workingFolder,
    homeFolder,
    realPath,
    user,
    codexOption: named.codex,
    outputOption: named.output,
    factsOption: named.facts,
    importOptions: named.imports,
  });
  const programs = findPrograms(isFile);
  const permissions = permissionsFor(invocation, folders, programs);
  if (isSelfTest) {
    const { selfTest } = await import("./self_test/report.ts");
    const sandbox = (name: string, permissions: Permissions) => ({
      name,
      permissions,
      start: () => start("self_test_worker", permissions),
    });
    const prober = proberPermissions(invocation, [UNUSED_PORT]);
    const sandboxes = [
      sandbox(`the sandbox of ${invocation.command}`, permissions),
      ...prober === undefined ? [] : [sandbox("the sandbox that asks for health", prober)],
    ];
    const module = isFile(USERS) ? USERS : undefined;
    const places = { ...folders, home: homedir() ?? "/", module };
    return await selfTest(sandboxes, places, terminal);
  }
  // The worker loads while the gate checks the paths; it does nothing before it gets the request.
  const worker = start("worker", permissions);
  const { trust, problems } = checkPaths(invocation, permissions, folders, user);
  for (const found of problems) {
    if (!isDryRun(invocation)) refusePath(found);
    terminal.err(`lychd: ${printable(found.problem)}; render will refuse\n`);
  }
  const request: WorkerRequest = {
    invocation,
    folders,
    programs,
    ...trust,
    seen: seenAt([
      ...permissions.write.includes(folders.quadlet) ? foldersAbove(folders) : [],
      // A command that may not read the Codex may know whether there is one.
      ...permissions.read.includes(folders.codex) ? [] : [folders.codex],
    ]),
    processId: Deno.pid,
    version,
    environment: sessionVariables(env),
    streams,
  };
  return await runInWorker(worker, request, surroundings);
}

/** The port of an engine that the sandbox for health may ask in a self-test; none listens there. */
const UNUSED_PORT = 49_151;

/** Returns the variables that doctor checks and shows; no others leave the gate. */
function sessionVariables(env: Surroundings["env"]): Record<string, string> {
  const names = ["HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"] as const;
  return Object.fromEntries(
    names.map((name) => [name, env(name) ?? ""]).filter(([, value]) => value !== ""),
  );
}

function runInWorker(
  worker: Worker,
  request: WorkerRequest,
  { start, openEditor, onInterrupt }: Surroundings,
): Promise<ExitCode> {
  let prober: Promise<(channel: MessagePort) => void> | undefined;
  let isEditorOpen = false;
  return new Promise((done, fail) => {
    worker.onmessage = ({ data }: MessageEvent<ExitCode | ProberWanted | EditorWanted>) => {
      if (isProberWanted(data)) {
        // One for the whole run, however often the worker asks.
        prober ??= startProber(request, start);
        prober.then((serve) => serve(data.proberChannel), fail);
      } else if (isEditorWanted(data)) {
        isEditorOpen = true;
        edit(request, data.editedPath, openEditor).then((code) => {
          isEditorOpen = false;
          data.editorChannel.postMessage(code);
        }, fail);
      } else done(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      fail(new Error(`internal error: ${event.message}`));
    };
    worker.postMessage(request);
    const interrupt = interruptOf(worker, done);
    const { command } = request.invocation;
    if (startsEngines(request.invocation) || command === "edit" || command === "pull") {
      // Ctrl-C reaches the editor too, and belongs to it while it is open.
      onInterrupt(() => isEditorOpen || interrupt());
    }
  });
}

/**
 * Starts the sandbox that asks engines for their health, if the command may have one. The endpoints
 * come from the units that lychd wrote, never from the sandbox of the command.
 */
async function startProber(
  { invocation, folders }: WorkerRequest,
  start: Surroundings["start"],
): Promise<(channel: MessagePort) => void> {
  if (!startsEngines(invocation)) return () => {};
  const { readInventory } = await import("../core/orchestrator/inventory.ts");
  const endpoints = readInventory(unitsIn(folders.quadlet)).engines.flatMap((
    { port, healthPath },
  ) => healthPath === undefined ? [] : [{ port, path: healthPath }]);
  const permissions = proberPermissions(invocation, endpoints.map(({ port }) => port));
  if (permissions === undefined) return () => {};
  const sandbox = start("health_worker", permissions);
  return (channel) => sandbox.postMessage({ endpoints, channel } satisfies ProberOrder, [channel]);
}

/** Opens the editor, if the command may have it, on a copy that this user edits. */
async function edit(
  { invocation, folders, user }: WorkerRequest,
  path: string,
  openEditor: Surroundings["openEditor"],
): Promise<number> {
  const isAllowed = invocation.command === "edit" && isEditedCopy(path, folders.codex, user);
  return isAllowed ? await openEditor(path) : EXIT.failure;
}

/** Returns an action that forwards the first interrupt to the command, which reports its state; the second exits. */
function interruptOf(worker: Worker, done: (code: ExitCode) => void): () => void {
  let isSecond = false;
  return () => {
    if (isSecond) done(EXIT.interrupted);
    isSecond = true;
    worker.postMessage("interrupt" satisfies typeof INTERRUPT);
  };
}
