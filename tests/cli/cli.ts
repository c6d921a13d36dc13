/**
 * A builder for tests of the whole program: it takes a Codex, a home and arguments, and compares the exact
 * output. It runs lychd in the process of the test; after `process()`, and always with `LYCHD_BINARY`, in a
 * process of its own.
 *
 * @example
 * ```ts
 * import { cli, EYE } from "./cli.ts";
 * await using test = cli().codex({ "soulstones/eye.toml": EYE });
 * await test.expect(["check"], { stdout: "the Codex is valid: 1 Soulstone, 1 Coven\n" });
 * ```
 */
import { strictEqual } from "node:assert/strict";
import { dirname, join } from "node:path/posix";
import { split } from "shlex";
import { programCommand } from "../program.ts";
import { runInProcess } from "./in_process.ts";
import { runAtTerminal, type Step } from "./pty.ts";

/** The cache of the caller's home, so that a test with a home of its own downloads nothing again. */
const DENO_DIR = Deno.env.get("DENO_DIR") ??
  join(Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME") ?? "/", ".cache"), "deno");

/** A Soulstone without errors or warnings. */
export const EYE = `[eye]
image = "docker.io/vllm/vllm-openai:v0.33.0"
port = 8780
groups = ["vision"]
model = "Qwen/Qwen3-VL-8B-Instruct"
devices = ["nvidia.com/gpu=all"]
`;

/** Settings without Watchers (Prometheus and Grafana), for tests that compare every file. */
export const NO_WATCHERS = "[harvester]\nenabled = false\n";

/** Another Soulstone, in another Coven. */
export const SAGE = EYE.replace("[eye]", "[sage]").replace("8780", "8781")
  .replace("vision", "think");

/** The exit code and output of a run, with `[DIR]` for the folder of the test. */
export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A temporary folder with a home in it, for one test; removed at its end. */
export class Cli implements AsyncDisposable {
  readonly dir = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "lychd-cli-" }));
  /** `$HOME`; its Codex is `home/.config/lychd`. */
  readonly home = join(this.dir, "home");
  readonly config = join(this.home, ".config");
  #isProcess = Boolean(Deno.env.get("LYCHD_BINARY"));

  constructor() {
    Deno.mkdirSync(this.home);
  }

  /** Writes the Codex of the home. */
  codex(files: Readonly<Record<string, string | Uint8Array>>): this {
    for (const [path, content] of Object.entries(files)) {
      this.write(`home/.config/lychd/${path}`, content);
    }
    return this;
  }

  /** Writes a file below the folder of the test. */
  write(path: string, content: string | Uint8Array): this {
    const absolute = join(this.dir, path);
    Deno.mkdirSync(dirname(absolute), { recursive: true });
    if (typeof content === "string") Deno.writeTextFileSync(absolute, content);
    else Deno.writeFileSync(absolute, content);
    return this;
  }

  /** Runs lychd in processes of its own from now on, for tests of processes. */
  process(): this {
    this.#isProcess = true;
    return this;
  }

  /** Runs `args` in the folder of the test. A variable that is undefined is not set. */
  async run(
    args: readonly string[],
    env: Readonly<Record<string, string | undefined>> = {},
  ): Promise<Output> {
    const shown = (text: string) => text.replaceAll(this.dir, "[DIR]");
    if (!this.#isProcess) {
      const words = args.map((arg) => arg.replaceAll("[DIR]", this.dir));
      const surroundings = { env: this.environment(env), workingFolder: this.dir };
      const { code, out, err } = await runInProcess(words, surroundings);
      return { code, stdout: shown(out), stderr: shown(err) };
    }
    const [program, words] = programCommand();
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args: [...words, ...args.map((arg) => arg.replaceAll("[DIR]", this.dir))],
      cwd: this.dir,
      clearEnv: true,
      env: this.environment(env),
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: shown(decoder.decode(stdout)), stderr: shown(decoder.decode(stderr)) };
  }

  /** Runs a shell command; `$LYCHD` in it is lychd. */
  async shell(
    line: string,
    env: Readonly<Record<string, string | undefined>> = {},
  ): Promise<Output> {
    const [program, words] = programCommand();
    const lychd = [program, ...words].map((word) => `'${word}'`).join(" ");
    const { code, stdout, stderr } = await new Deno.Command("sh", {
      args: ["-c", line.replaceAll("$LYCHD", lychd)],
      cwd: this.dir,
      clearEnv: true,
      env: this.environment(env),
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr) };
  }

  /**
   * Runs a line of shell, with stdout and stderr together. If it is only a command line of lychd, no
   * shell is needed.
   */
  async together(
    line: string,
    env: Readonly<Record<string, string | undefined>> = {},
  ): Promise<{ code: number; text: string }> {
    if (!this.#isProcess && /^lychd (?!self-test )[\w \n.,:=\/'"-]*$/.test(line)) {
      const surroundings = { env: this.environment(env), workingFolder: this.dir };
      const { code, both } = await runInProcess(split(line).slice(1), surroundings);
      return { code, text: both };
    }
    const { code, stdout } = await this.shell(`{ ${line}\n} 2>&1`, env);
    return { code, text: stdout };
  }

  /** Runs `args` on a terminal: waits for each text of `steps`, then types its keys. */
  async converse(
    args: readonly string[],
    steps: readonly Step[],
    env: Readonly<Record<string, string | undefined>> = {},
  ): Promise<{ code: number; shown: string }> {
    const [program, words] = programCommand();
    const line = [program, ...words, ...args].map((word) => `'${word}'`).join(" ");
    const { code, shown } = await this.atTerminal(line, steps, env);
    return { code, shown: shown.replaceAll(this.dir, "[DIR]") };
  }

  /** Runs a shell command on a terminal, in the folder of the test. */
  atTerminal(
    line: string,
    steps: readonly Step[],
    env: Readonly<Record<string, string | undefined>> = {},
  ): Promise<{ code: number; shown: string }> {
    const environment = this.environment({ TERM: "xterm-256color", ...env });
    return runAtTerminal(line, steps, { cwd: this.dir, env: environment });
  }

  /** Returns a folder for the PATH; its `lychd` is the tested program. */
  onPath(): string {
    const [program, words] = programCommand();
    const line = [program, ...words].map((word) => `'${word}'`).join(" ");
    this.write("bin/lychd", `#!/bin/sh\nexec ${line} "$@"\n`);
    Deno.chmodSync(join(this.dir, "bin/lychd"), 0o755);
    return join(this.dir, "bin");
  }

  /** Runs `args` and compares code and output with `expected`; the default is code 0 and no output. */
  async expect(
    args: readonly string[],
    expected: { code?: number; stdout?: string; stderr?: string },
    env: Readonly<Record<string, string | undefined>> = {},
  ): Promise<void> {
    const real = await this.run(args, env);
    strictEqual(real.stderr, expected.stderr ?? "", `stderr of lychd ${args.join(" ")}`);
    strictEqual(real.stdout, expected.stdout ?? "", `stdout of lychd ${args.join(" ")}`);
    strictEqual(real.code, expected.code ?? 0, `exit code of lychd ${args.join(" ")}`);
  }

  /** Returns every file and folder below `path`, with kind, mode, modification time and contents. */
  listing(path = "."): string[] {
    const root = join(this.dir, path);
    return [...walk(root)].map((at) => {
      const info = Deno.lstatSync(at);
      const kind = info.isFile ? "file" : info.isDirectory ? "folder" : "other";
      const content = info.isFile ? Deno.readTextFileSync(at) : "";
      const name = at.slice(root.length);
      return `${name} ${kind} ${info.mode?.toString(8)} ${info.mtime?.getTime()} ${content}`;
    });
  }

  /** Returns the files below `path`, relative to it, sorted. */
  files(path = "."): string[] {
    return this.paths(path).filter((file) => Deno.lstatSync(join(this.dir, path, file)).isFile)
      .sort();
  }

  /** Returns the files and folders below `path`, relative to it, each folder before its contents. */
  paths(path = "."): string[] {
    const root = join(this.dir, path);
    return exists(root) ? [...walk(root)].map((at) => at.slice(root.length + 1)) : [];
  }

  read(path: string): string {
    return Deno.readTextFileSync(join(this.dir, path));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.dir, { recursive: true });
  }

  /** Returns the variables of a process with the home of the test. */
  environment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
    const all = { HOME: this.home, PATH: Deno.env.get("PATH"), DENO_DIR, ...env };
    return Object.fromEntries(
      Object.entries(all).flatMap(([name, value]) => value === undefined ? [] : [[name, value]]),
    );
  }
}

/** Creates the folder of one test. */
export function cli(): Cli {
  return new Cli();
}

/** Returns true if an absolute path exists, even as a broken symlink. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

function* walk(root: string): Generator<string> {
  for (const { name } of [...Deno.readDirSync(root)].sort((a, b) => a.name < b.name ? -1 : 1)) {
    const at = join(root, name);
    yield at;
    if (Deno.lstatSync(at).isDirectory) yield* walk(at);
  }
}
