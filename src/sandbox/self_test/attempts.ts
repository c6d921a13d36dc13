/**
 * Attempts to break out of a sandbox, so that anybody can check that the runtime of their machine
 * refuses them: `lychd self-test COMMAND…` runs them.
 *
 * An attempt that is not refused does no harm: at most it leaves an empty file.
 */
import childProcess from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import { basename } from "node:path/posix";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { VARIABLES } from "../../run/environment.ts";
import type { Permissions } from "../../run/permissions.ts";
import { PROGRAM_PLACES } from "../../run/programs.ts";

/** The targets of the attempts. */
export interface Places {
  readonly home: string;
  readonly codex: string;
  readonly config: string;
  /** A program that the sandbox may run, if there is one. */
  readonly program: string;
  /** A port of this host on which the gate listens. */
  readonly port: number;
  /** A file that exists and is not part of lychd: its import fails only if it is refused. */
  readonly module: string | undefined;
}

type Kind = "read" | "write" | "run";

/** Something that the runtime must refuse. */
export interface Attempt {
  readonly name: string;
  /** The paths of the attempt: a command that may use one of them is granted the attempt. */
  readonly paths?: {
    readonly kind: Kind;
    readonly of: (places: Places) => readonly string[];
  };
  readonly act: (places: Places) => unknown;
}

const FILE = "lychd-self-test";

function attempt(name: string, act: Attempt["act"]): Attempt {
  return { name, act };
}

type PathAttempt = readonly [
  name: string,
  path: string | ((places: Places) => string),
  act: (path: string, places: Places) => unknown,
];

/** Makes attempts on one path each. */
function onPaths(kind: Kind, attempts: readonly PathAttempt[]): Attempt[] {
  return attempts.map(([name, path, act]) => {
    const of = typeof path === "string" ? () => path : path;
    return {
      name,
      paths: { kind, of: (places) => [of(places)] },
      act: (places) => act(of(places), places),
    };
  });
}

/** Tries a program at each of its places: it is refused only if all of them are. */
function running(places: readonly string[]): Attempt {
  return {
    name: `run ${basename(places[0] ?? "")}`,
    paths: { kind: "run", of: () => places },
    act: () => {
      let failure: unknown;
      for (const path of places) {
        try {
          return run(path, { args: ["--version"] });
        } catch (error) {
          if (failure === undefined || isRefusal(failure)) failure = error;
        }
      }
      throw failure;
    },
  };
}

/** The reason why an attempt is not possible on this host. */
class NotTried extends Error {}

/** Imports a file of the host. A module that failed fails again, so each kind needs a name of its own. */
async function importFile(
  file: string | undefined,
  options?: ImportCallOptions,
  query = "",
): Promise<void> {
  if (file === undefined) throw new NotTried("there is no file to import");
  await import(`file://${file}${query}`, options);
}

/** Opens a file for appending, and writes nothing; makes it if it does not exist. */
function append(path: string): void {
  Deno.openSync(path, { append: true, create: true }).close();
}

function list(path: string): unknown {
  return [...Deno.readDirSync(path)];
}

function open(path: string): void {
  Deno.openSync(path).close();
}

function run(program: string, options: Deno.CommandOptions = {}): unknown {
  return new Deno.Command(program, { stdout: "null", stderr: "null", ...options }).outputSync();
}

const SHADOW = "/etc/shadow";
const home = (path: string) => (p: Places) => `${p.home}/${path}`;
const config = (path: string) => (p: Places) => `${p.config}/${path}`;
const module = (p: Places) => p.module ?? "";

const READS = onPaths("read", [
  ["read /etc/shadow", SHADOW, Deno.readTextFileSync],
  ["read /etc/shadow as node:fs", SHADOW, (path) => fs.readFileSync(path)],
  ["read /etc/shadow as a stream", SHADOW, open],
  ["read /etc/shadow by its URL", SHADOW, (path) => fetch(`file://${path}`)],
  ["look at /etc/shadow", SHADOW, Deno.statSync],
  [
    "read /etc/shadow by a path with ..",
    SHADOW,
    (path, p) => Deno.readTextFileSync(`${p.codex}/../../../../../../../../../..${path}`),
  ],
  ["read /etc/shadow through /proc", "/proc/self/root/etc/shadow", Deno.readTextFileSync],
  ["read /etc/passwd", "/etc/passwd", Deno.readTextFileSync],
  ["list ~/.ssh", home(".ssh"), list],
  ["read a key of ~/.ssh", home(".ssh/id_ed25519"), Deno.readFileSync],
  ["read Podman's registry passwords", config("containers/auth.json"), Deno.readTextFileSync],
  ["list ~/.config/containers", config("containers"), list],
  ["look at ~/.config/systemd", config("systemd"), Deno.statSync],
  ["read ~/.bashrc", home(".bashrc"), Deno.readTextFileSync],
  ["list the home folder", (p) => p.home, list],
  ["list ~/.config as node:fs", (p) => p.config, (path) => fs.readdirSync(path)],
  ["list /tmp", "/tmp", list],
  ["list /", "/", list],
  ["read the environment of this process", "/proc/self/environ", Deno.readFileSync],
  ["read the memory of this process", "/proc/self/mem", open],
  ["read the processes of this host", "/proc", list],
  ["watch the home folder", (p) => p.home, (path) => Deno.watchFs(path).close()],
  ["import a module of the disk", module, (_, p) => importFile(p.module)],
  [
    "import JSON of the disk",
    module,
    (_, p) => importFile(p.module, { with: { type: "json" } }, "?"),
  ],
  ["import a text of the disk", module, (_, p) => importFile(p.module, { with: { type: "text" } })],
]);

const WRITES = onPaths("write", [
  ["write to ~/.bashrc", home(".bashrc"), append],
  ["rename ~/.bashrc", home(".bashrc"), (path) => Deno.renameSync(path, path)],
  ["change the times of ~/.bashrc", home(".bashrc"), (path) => Deno.utimeSync(path, 0, 0)],
  ["write to ~/.profile as node:fs", home(".profile"), (path) => fs.appendFileSync(path, "")],
  ["write to ~/.ssh/authorized_keys", home(".ssh/authorized_keys"), append],
  ["write to the Codex", (p) => `${p.codex}/lychd.toml`, append],
  ["add a Soulstone to the Codex", (p) => `${p.codex}/soulstones/${FILE}.toml`, append],
  ["write to /tmp", `/tmp/${FILE}`, append],
  ["make a temporary file", "/tmp", (dir) => Deno.removeSync(Deno.makeTempFileSync({ dir }))],
  ["write to /var/tmp", `/var/tmp/${FILE}`, append],
  ["write to /dev/shm", `/dev/shm/${FILE}`, append],
  ["write to /etc", `/etc/${FILE}`, append],
  ["write to ~/.config", config(FILE), append],
  ["make a folder in the home folder", home(FILE), (path) => Deno.mkdirSync(path)],
  ["change the mode of the home folder", (p) => p.home, (path) => Deno.chmodSync(path, 0o700)],
  ["hard-link /etc/passwd", home(`${FILE}.passwd`), (path) => Deno.linkSync("/etc/passwd", path)],
  ["symlink /etc", home(`${FILE}.link`), (path) => Deno.symlinkSync("/etc", path)],
  [
    "connect to the session bus",
    home("bus"),
    async (path) => (await Deno.connect({ transport: "unix", path })).close(),
  ],
]);

/** The runtime itself reads these two variables, to decide on colors. */
const PUBLIC_VARIABLES: readonly string[] = ["NO_COLOR", "FORCE_COLOR"];

const REST: readonly Attempt[] = [
  attempt("run sh", () => run("sh", { args: ["-c", ":"] })),
  attempt("run /bin/sh", () => run("/bin/sh", { args: ["-c", ":"] })),
  attempt("run sh as node:child_process", () => {
    const { error } = childProcess.spawnSync("sh", ["-c", ":"]);
    if (error !== undefined) throw error;
  }),
  attempt("run env", () => run("/usr/bin/env")),
  ...Object.values(PROGRAM_PLACES).map(running),
  attempt("run this program again", () => run(`/proc/${Deno.pid}/exe`, { args: ["--version"] })),
  attempt(
    "preload a library into a program that may be run",
    (p) => run(p.program, { args: ["--version"], env: { LD_PRELOAD: "/lychd-self-test.so" } }),
  ),
  attempt("send a signal to another process", () => Deno.kill(Deno.ppid, "SIGCONT")),
  attempt("load a library", () => Deno.dlopen("libc.so.6", {}).close()),
  attempt("load a library as Node does", () => process.dlopen({ exports: {} }, "libc.so.6")),
  attempt("load a library as SQLite does", () => {
    new DatabaseSync(":memory:", { allowExtension: true }).loadExtension("libc.so.6");
  }),
  attempt("load the libraries of a GPU as WebGPU does", async () => {
    if (await navigator.gpu.requestAdapter() === null) throw new Deno.errors.NotCapable();
  }),
  attempt("load the libraries of a GPU in a worker of its own", () => {
    const code = "navigator.gpu.requestAdapter().then((gpu) => postMessage(gpu === null))";
    const worker = new Worker(`data:text/javascript,${code}`, { type: "module" });
    return new Promise<void>((done, fail) => {
      worker.onmessage = ({ data: isRefused }) =>
        isRefused ? fail(new Deno.errors.NotCapable()) : done();
      worker.onerror = (event) => {
        event.preventDefault();
        fail(new Error(event.message));
      };
    }).finally(() => worker.terminate());
  }),
  attempt("open a connection", async (p) => (await Deno.connect({ port: p.port })).close()),
  attempt("open a connection as node:net", (p) =>
    new Promise((done, fail) => {
      const socket = net.connect(p.port, "127.0.0.1", () => done(socket.destroy()));
      socket.on("error", fail);
    })),
  attempt("fetch by HTTP", (p) => fetch(`http://127.0.0.1:${p.port}/`)),
  attempt("open a WebSocket", (p) => void new WebSocket(`ws://127.0.0.1:${p.port}/`)),
  attempt("listen on a port", () => Deno.listen({ hostname: "127.0.0.1", port: 0 }).close()),
  attempt("resolve a host name", () => Deno.resolveDns("localhost", "A")),
  attempt("import a module of the network", (p) => import(`http://127.0.0.1:${p.port}/module.js`)),
  ...["PATH", ...VARIABLES].filter((name) => !PUBLIC_VARIABLES.includes(name)).map((name) =>
    attempt(`read the variable ${name}`, () => Deno.env.get(name))
  ),
  attempt("read all variables", () => Deno.env.toObject()),
  attempt("read a variable as Node does", () => process.env["SSH_AUTH_SOCK"]),
  attempt("read the variable HOME as Node does", () => process.env["HOME"]),
  attempt("set a variable", () => Deno.env.set("LD_PRELOAD", "")),
  attempt("read the host name", () => Deno.hostname()),
  attempt("read the user name", () => os.userInfo()),
  attempt("read the user number", () => Deno.uid()),
  attempt("read the group number", () => Deno.gid()),
  attempt("read the path of the home folder", () => os.homedir()),
  attempt("read the kernel release", () => Deno.osRelease()),
  attempt("read the processors of the host", () => os.cpus()),
  attempt("read the memory size of the host", () => Deno.systemMemoryInfo()),
  attempt("read the load of the host", () => Deno.loadavg()),
  attempt("read the uptime of the host", () => Deno.osUptime()),
  attempt("read the addresses of the host", () => Deno.networkInterfaces()),
  attempt("ask the operator for more permissions", async () => {
    const { state } = await Deno.permissions.request({ name: "write" });
    if (state !== "granted") throw new Deno.errors.NotCapable(state);
  }),
  attempt("start a worker with more permissions", () => {
    const url = URL.createObjectURL(new Blob([""], { type: "text/javascript" }));
    new Worker(url, { type: "module", deno: { permissions: { read: true, run: true } } })
      .terminate();
  }),
];

/** All attempts. */
export const ATTEMPTS: readonly Attempt[] = [...READS, ...WRITES, ...REST];

/** The outcome of an attempt. */
export interface Outcome {
  readonly name: string;
  /** `granted`: the command is for this, for example for writing to a folder of units. */
  readonly outcome: "refused" | "granted" | "not refused" | "not tried";
  /** The error of an attempt that was not refused: a missing file, for example, is not a refusal. */
  readonly said?: string;
}

/** Makes every attempt that is not granted. */
export async function tryAll(places: Places, granted: Permissions): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { name, paths, act } of ATTEMPTS) {
    const isGranted = paths?.of(places).some((path) =>
      granted[paths.kind].some((folder) => `${path}/`.startsWith(folder.replace(/\/?$/, "/")))
    );
    outcomes.push(
      isGranted ? { name, outcome: "granted" } : { name, ...await tryOne(() => act(places)) },
    );
  }
  return outcomes;
}

async function tryOne(act: () => unknown): Promise<Omit<Outcome, "name">> {
  try {
    await act();
    return { outcome: "not refused", said: "it was done" };
  } catch (error) {
    if (isRefusal(error)) return { outcome: "refused" };
    const said = error instanceof Error ? error.message : String(error);
    return { outcome: error instanceof NotTried ? "not tried" : "not refused", said };
  }
}

/** The messages of refusals for which the runtime has no class of error. */
const REFUSALS = [
  /Requires \w+ access/,
  /^Can't escalate parent thread permissions/,
  // A compiled program imports nothing that it does not contain; the imported file exists.
  /^Module not found: (?:file|http):/,
  // Older runtimes make this of a refusal in node:net; the port is open.
  /\bECONNREFUSED\b/,
  // Older runtimes import no text.
  /^"text" is not a valid module type/,
];

function isRefusal(error: unknown): boolean {
  if (error instanceof Deno.errors.NotCapable) return true;
  if (!(error instanceof Error)) return false;
  return (error as { code?: string }).code === "ERR_ACCESS_DENIED" ||
    REFUSALS.some((words) => words.test(error.message));
}
