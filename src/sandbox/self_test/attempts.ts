/**
 * What no command of lychd may do: attempts that a sandbox makes against itself, so that anybody can
 * see on their own machine that the runtime refuses them. `lychd self-test COMMAND…` runs them.
 *
 * Each does no harm where it is not refused, but for an empty file or a few bytes at the end of one.
 */
import childProcess from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import process from "node:process";
import { basename } from "node:path/posix";
import { DatabaseSync } from "node:sqlite";
import { PROGRAM_PLACES } from "../../run/programs.ts";
import { VARIABLES } from "../../run/environment.ts";

/** Where attempts are made. */
export interface Places {
  readonly home: string;
  readonly codex: string;
  readonly config: string;
  /** A program that may be run, if there is one. */
  readonly program: string;
  /** A port of this host on which something listens, or nothing. */
  readonly port: number;
  /** A file that is there, and no part of this program: importing it fails only if it is refused. */
  readonly module: string | undefined;
}

/** What a command may have been granted. */
export type Granted = { readonly [kind in "read" | "write" | "run"]: readonly string[] };

/** Something that must be refused. */
export interface Attempt {
  readonly name: string;
  /** The paths that it is about: it is granted to a command that was granted one of them. */
  readonly paths?: {
    readonly kind: keyof Granted;
    readonly of: (places: Places) => readonly string[];
  };
  readonly act: (places: Places) => unknown;
}

const FILE = "lychd-self-test";

function attempt(name: string, act: Attempt["act"]): Attempt {
  return { name, act };
}

function reading(
  name: string,
  of: (places: Places) => string,
  act: (path: string, places: Places) => unknown,
): Attempt {
  return {
    name,
    paths: { kind: "read", of: (places) => [of(places)] },
    act: (places) => act(of(places), places),
  };
}

function writing(
  name: string,
  of: (places: Places) => string,
  act: (path: string) => unknown,
): Attempt {
  return {
    name,
    paths: { kind: "write", of: (places) => [of(places)] },
    act: (places) => act(of(places)),
  };
}

/** Runs a program from each of its places: it is refused only if it is in all of them. */
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

/** Imports a file that is there. */
async function importThere(file: string | undefined, options?: ImportCallOptions): Promise<void> {
  if (file === undefined) throw new NotTried("there is no file to import");
  await import(`file://${file}`, options);
}

/** Opens a file to write at its end, and writes nothing; makes it if it is not there. */
function append(path: string): void {
  Deno.openSync(path, { append: true, create: true }).close();
}

function list(path: string): unknown {
  return [...Deno.readDirSync(path)];
}

function run(program: string, options: Deno.CommandOptions = {}): unknown {
  return new Deno.Command(program, { stdout: "null", stderr: "null", ...options }).outputSync();
}

/** Why an attempt cannot be made on this host. */
class NotTried extends Error {}

const shadow = () => "/etc/shadow";
const bashrc = (p: Places) => `${p.home}/.bashrc`;

const READS: readonly Attempt[] = [
  reading("read /etc/shadow", shadow, Deno.readTextFileSync),
  reading("read /etc/shadow as node:fs", shadow, (path) => fs.readFileSync(path)),
  reading("read /etc/shadow as a stream", shadow, (path) => Deno.openSync(path).close()),
  reading("read /etc/shadow by its URL", shadow, (path) => fetch(`file://${path}`)),
  reading("look at /etc/shadow", shadow, Deno.statSync),
  reading(
    "read /etc/shadow by a path with ..",
    shadow,
    (path, p) => Deno.readTextFileSync(`${p.codex}/../../../../../../../../../..${path}`),
  ),
  reading(
    "read /etc/shadow through /proc",
    () => "/proc/self/root/etc/shadow",
    Deno.readTextFileSync,
  ),
  reading("read /etc/passwd", () => "/etc/passwd", Deno.readTextFileSync),
  reading("list ~/.ssh", (p) => `${p.home}/.ssh`, list),
  reading("read a key of ~/.ssh", (p) => `${p.home}/.ssh/id_ed25519`, Deno.readFileSync),
  reading(
    "read Podman's passwords for registries",
    (p) => `${p.config}/containers/auth.json`,
    Deno.readTextFileSync,
  ),
  reading("list ~/.config/containers", (p) => `${p.config}/containers`, list),
  reading("look at ~/.config/systemd", (p) => `${p.config}/systemd`, Deno.statSync),
  reading("read ~/.bashrc", bashrc, Deno.readTextFileSync),
  reading("list the home folder", (p) => p.home, list),
  reading("list ~/.config as node:fs", (p) => p.config, (path) => fs.readdirSync(path)),
  reading("list /tmp", () => "/tmp", list),
  reading("list /", () => "/", list),
  reading("read the environment of this process", () => "/proc/self/environ", Deno.readFileSync),
  reading(
    "read the memory of this process",
    () => "/proc/self/mem",
    (path) => Deno.openSync(path).close(),
  ),
  reading("read the processes of this host", () => "/proc", list),
  reading("watch the home folder", (p) => p.home, (path) => Deno.watchFs(path).close()),
  reading("import a module of the disk", (p) => p.module ?? "", (_, p) => importThere(p.module)),
  reading(
    "import a text of the disk",
    (p) => p.module ?? "",
    (_, p) => importThere(p.module, { with: { type: "text" } }),
  ),
];

const WRITES: readonly Attempt[] = [
  writing("write to ~/.bashrc", bashrc, append),
  writing("remove ~/.bashrc, and put it back", bashrc, (path) => Deno.renameSync(path, path)),
  writing("change the times of ~/.bashrc", bashrc, (path) => Deno.utimeSync(path, 0, 0)),
  writing(
    "write to ~/.profile as node:fs",
    (p) => `${p.home}/.profile`,
    (path) => fs.appendFileSync(path, ""),
  ),
  writing("write to ~/.ssh/authorized_keys", (p) => `${p.home}/.ssh/authorized_keys`, append),
  writing("write to the Codex", (p) => `${p.codex}/lychd.toml`, append),
  writing("add a Soulstone to the Codex", (p) => `${p.codex}/soulstones/${FILE}.toml`, append),
  writing("write to /tmp", () => `/tmp/${FILE}`, append),
  writing(
    "make a temporary file",
    () => "/tmp",
    (dir) => Deno.removeSync(Deno.makeTempFileSync({ dir })),
  ),
  writing("write to /var/tmp", () => `/var/tmp/${FILE}`, append),
  writing("write to /dev/shm", () => `/dev/shm/${FILE}`, append),
  writing("write to /etc", () => `/etc/${FILE}`, append),
  writing("write to ~/.config", (p) => `${p.config}/${FILE}`, append),
  writing(
    "make a folder in the home folder",
    (p) => `${p.home}/${FILE}`,
    (path) => Deno.mkdirSync(path),
  ),
  writing(
    "change the mode of the home folder",
    (p) => p.home,
    (path) => Deno.chmodSync(path, 0o700),
  ),
  writing(
    "give /etc/passwd a second name",
    (p) => `${p.home}/${FILE}.passwd`,
    (path) => Deno.linkSync("/etc/passwd", path),
  ),
  writing(
    "lay a link in the home folder",
    (p) => `${p.home}/${FILE}.link`,
    (path) => Deno.symlinkSync("/etc", path),
  ),
];

/** Variables that the runtime tells whoever asks: whether there shall be colors. */
const TOLD_TO_ALL: readonly string[] = ["NO_COLOR", "FORCE_COLOR"];

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
    "put a library before a program that may be run",
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
  writing(
    "speak to the session bus",
    (p) => `${p.home}/bus`,
    async (path) => (await Deno.connect({ transport: "unix", path })).close(),
  ),
  attempt("listen on a port", () => Deno.listen({ hostname: "127.0.0.1", port: 0 }).close()),
  attempt("ask for a name", () => Deno.resolveDns("localhost", "A")),
  attempt("import a module of the network", (p) => import(`http://127.0.0.1:${p.port}/module.js`)),
  ...["PATH", ...VARIABLES].filter((name) => !TOLD_TO_ALL.includes(name)).map((name) =>
    attempt(`read the variable ${name}`, () => Deno.env.get(name))
  ),
  attempt("read all variables", () => Deno.env.toObject()),
  attempt("read a variable as Node does", () => process.env["SSH_AUTH_SOCK"]),
  attempt("read the variable HOME as Node does", () => process.env["HOME"]),
  attempt("set a variable", () => Deno.env.set("LD_PRELOAD", "")),
  attempt("learn the name of the host", () => Deno.hostname()),
  attempt("learn who the user is", () => os.userInfo()),
  attempt("learn the number of the user", () => Deno.uid()),
  attempt("learn the number of the group", () => Deno.gid()),
  attempt("learn the home folder", () => os.homedir()),
  attempt("learn the kernel of the host", () => Deno.osRelease()),
  attempt("learn the processors of the host", () => os.cpus()),
  attempt("learn the memory of the host", () => Deno.systemMemoryInfo()),
  attempt("learn the load of the host", () => Deno.loadavg()),
  attempt("learn since when the host runs", () => Deno.osUptime()),
  attempt("learn the addresses of the host", () => Deno.networkInterfaces()),
  attempt("ask the operator for more", async () => {
    const { state } = await Deno.permissions.request({ name: "write" });
    if (state !== "granted") throw new Deno.errors.NotCapable(state);
  }),
  attempt("start a worker that may do more", () => {
    const url = URL.createObjectURL(new Blob([""], { type: "text/javascript" }));
    new Worker(url, { type: "module", deno: { permissions: { read: true, run: true } } })
      .terminate();
  }),
];

/** Everything that is tried. */
export const ATTEMPTS: readonly Attempt[] = [...READS, ...WRITES, ...REST];

/** What became of an attempt. */
export interface Outcome {
  readonly name: string;
  /** `granted` is what the command is for, such as a folder of units that it writes. */
  readonly outcome: "refused" | "granted" | "not refused" | "not tried";
  /** What was said where it was not refused; that a file is not there, say, is no refusal. */
  readonly said?: string;
}

/** Makes every attempt that is not granted. */
export async function tryAll(places: Places, granted: Granted): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { name, paths, act } of ATTEMPTS) {
    if (paths?.of(places).some((path) => isBelow(path, granted[paths.kind]))) {
      outcomes.push({ name, outcome: "granted" });
    } else outcomes.push({ name, ...await tryOne(() => act(places)) });
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

function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) =>
    folder === "/" || path === folder || path.startsWith(`${folder}/`)
  );
}

/** How the runtime refuses where it has no class of error for it. */
const REFUSALS = [
  /Requires \w+ access/,
  /^Can't escalate parent thread permissions/,
  // A compiled program imports nothing that it does not hold; the file that is tried is there.
  /^Module not found: (?:file|http):/,
  // A runtime that imports no text at all.
  /^"text" is not a valid module type/,
];

function isRefusal(error: unknown): boolean {
  if (error instanceof Deno.errors.NotCapable) return true;
  if (!(error instanceof Error)) return false;
  return (error as { code?: string }).code === "ERR_ACCESS_DENIED" ||
    REFUSALS.some((words) => words.test(error.message));
}
