import { homedir } from "node:os";
import type { Parsed } from "../cli/tree.ts";
import { printable } from "../core/report/printable.ts";
import { refuseProxies } from "../run/environment.ts";
import { computeFolders, type FolderInput, type Folders, foldersAbove } from "../run/folders.ts";
import { type GateRequest, isGateRequest } from "../run/gate_request.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import type { Permissions } from "../run/permissions.ts";
import { findPrograms } from "../run/programs.ts";
import { Refusal } from "../run/refusal.ts";
import type { Streams, Terminal } from "../run/terminal.ts";
import { refusePath } from "../trust/path.ts";
import {
  checkPaths,
  isDryRun,
  isEditedCopy,
  isFile,
  realPath,
  seenAt,
  USERS,
} from "./gate_files.ts";
import {
  clientPermissions,
  frontPermissions,
  isClient,
  permissionsFor,
  proberPermissions,
  type StartSandbox,
  startsEngines,
} from "./permissions.ts";
import type { INTERRUPT, WorkerRequest } from "./worker.ts";

/** The process around the gate. Tests pass their own, and need no process for each run. */
export interface Surroundings extends Pick<FolderInput, "env" | "workingFolder" | "homeFolder"> {
  readonly streams: Streams;
  readonly terminal: Pick<Terminal, "out" | "err">;
  /** The path of this program; undefined if it runs from source. */
  readonly binary: string | undefined;
  readonly start: StartSandbox;
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
  const door = isClient(invocation) ? await findDoor(folders, env) : undefined;
  const permissions = door && clientPermissions(invocation, door) ||
    permissionsFor(invocation, folders, programs);
  const test = async (out: Terminal["out"]) => {
    const { selfTest } = await import("./self_test/report.ts");
    const sandboxes = sandboxesOf(invocation, permissions).map((sandbox) => ({
      ...sandbox,
      start: () => start("self_test_worker", sandbox.permissions),
    }));
    const module = isFile(USERS) ? USERS : undefined;
    return await selfTest(sandboxes, { ...folders, home: homedir() ?? "/", module }, { out });
  };
  if (isSelfTest) return await test(terminal.out);
  if (invocation.command === "serve") await refuseWeakRuntime(invocation, test, terminal);
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
      // The front door may run the file that was there before.
      ...surroundings.binary === undefined ? [] : [surroundings.binary],
    ]),
    processId: Deno.pid,
    binary: surroundings.binary,
    version,
    environment: sessionVariables(env),
    streams,
    door,
  };
  return await runInWorker(worker, request, surroundings);
}

/** Reads where the front door listens. Loaded late: few commands are its clients. */
async function findDoor(folders: Folders, env: Surroundings["env"]) {
  const { doorPlace } = await import("./door_access.ts");
  const door = doorPlace(folders, env("LYCHD_KEY"));
  if (door !== undefined) refuseProxies(door.address);
  return door;
}

/** The port that a second sandbox may use in a self-test; none listens there. */
const UNUSED_PORT = 49_151;

/** Returns the sandboxes of a command, for its self-test. */
function sandboxesOf(invocation: Invocation, permissions: Permissions) {
  const places = {
    addresses: ["127.0.0.1"],
    port: UNUSED_PORT,
    enginePorts: new Set<number>(),
    portals: new Set<string>(),
  };
  const second = [
    {
      name: "the sandbox that asks for health",
      permissions: proberPermissions(invocation, [UNUSED_PORT]),
    },
    { name: "the sandbox that speaks HTTP", permissions: frontPermissions(invocation, places) },
  ];
  return [
    { name: `the sandbox of ${invocation.command}`, permissions },
    ...second.flatMap(({ name, permissions }) =>
      permissions === undefined ? [] : [{ name, permissions }]
    ),
  ];
}

/**
 * Refuses to open the front door with a runtime that does not refuse every attempt to break out: it runs
 * for a long time, and reads the requests of any program.
 */
async function refuseWeakRuntime(
  { acceptWeakRuntime }: Extract<Invocation, { command: "serve" }>,
  test: (out: Terminal["out"]) => Promise<ExitCode>,
  { err }: Pick<Terminal, "err">,
): Promise<void> {
  const lines: string[] = [];
  if (await test((text) => void lines.push(text)) === EXIT.ok) return;
  const found = new Set(lines.filter((line) => line.startsWith("not ")).map((line) => line.trim()));
  const message = `the runtime of this binary is too weak: ${[...found].join("; ")}`;
  if (!acceptWeakRuntime) {
    throw new Refusal(message, { code: EXIT.hostRefused, hint: "lychd self-test serve" });
  }
  err(`lychd: ${printable(message)}\n`);
}

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
  let second: ReturnType<typeof loadSecondSandboxes> | undefined;
  let isEditorOpen = false;
  return new Promise((done, fail) => {
    const grant = async (wanted: GateRequest) => {
      const { channel } = wanted;
      if (wanted.wanted === "editor") {
        isEditorOpen = true;
        const code = await edit(request, wanted.path, openEditor);
        isEditorOpen = false;
        return channel.postMessage(code);
      }
      second ??= loadSecondSandboxes(request, start);
      const sandboxes = await second;
      if (wanted.wanted === "prober") sandboxes.prober(channel);
      else sandboxes.front(channel, fail);
    };
    worker.onmessage = ({ data }: MessageEvent<ExitCode | GateRequest>) => {
      if (isGateRequest(data)) grant(data).catch(fail);
      else done(data);
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

/** Loaded late: most commands have one sandbox. */
async function loadSecondSandboxes({ invocation, folders }: WorkerRequest, start: StartSandbox) {
  const { secondSandboxes } = await import("./second_sandboxes.ts");
  return secondSandboxes(invocation, folders, start);
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
