/**
 * Helpers for the tests of the compiled binary: a temporary home, and checks of the files that lychd
 * writes. The tests run if `LYCHD_BINARY` names the binary, which `bash .ci/compile` makes.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { dirname, join, resolve } from "node:path/posix";

/** The path of the binary; empty if `LYCHD_BINARY` is not set. */
export const BINARY = resolveIfSet(Deno.env.get("LYCHD_BINARY"));

/** With `require`, as in CI, a missing tool fails its tests instead of skipping them. */
const TOOLS = Deno.env.get("LYCHD_BINARY_TOOLS");

/** Options for a host without Podman and without a session of systemd. */
export const WITHOUT_SYSTEMD = ["--no-verify", "--no-reload"];

/**
 * Registers a test of the binary. If the machine lacks something, `missing` names it, and the test is
 * ignored with this reason in its name.
 */
export function binaryTest(
  name: string,
  fn: (t: Deno.TestContext) => Promise<void>,
  missing?: string,
): void {
  const reason = BINARY === "" ? "LYCHD_BINARY is not set" : TOOLS === "require" ? "" : missing;
  Deno.test({ name: reason ? `${name} (ignored: ${reason})` : name, ignore: !!reason, fn });
}

/** Returns the reason to skip a test that needs a program; undefined if it is installed. */
export function missingProgram(program: string): string | undefined {
  return ["/usr/bin", "/bin", "/usr/sbin", "/sbin"].some((folder) => exists(join(folder, program)))
    ? undefined
    : `${program} is not installed`;
}

/** Returns the reason to skip a test that needs root; undefined for root. */
export function missingRoot(): string | undefined {
  return Deno.uid() === 0 ? undefined : "it needs root";
}

/** The result of a run. */
export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A temporary home, which is removed at the end of its test. */
export class Home implements AsyncDisposable {
  readonly dir = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "lychd-binary-" }));
  readonly config = join(this.dir, ".config");
  readonly quadlets = join(this.config, "containers/systemd/lychd");
  readonly units = join(this.config, "systemd/user");
  readonly journal = join(this.quadlets, ".lychd-journal.json");
  readonly lock = join(this.quadlets, ".lychd-lock");

  /** Writes a Codex to a new folder and returns its path. */
  codex(name: string, files: Readonly<Record<string, string>>): string {
    const folder = join(this.dir, name);
    for (const [path, text] of Object.entries(files)) {
      const place = join(folder, path);
      Deno.mkdirSync(dirname(place), { recursive: true });
      Deno.writeTextFileSync(place, text);
    }
    return folder;
  }

  /** Additional environment variables besides HOME and PATH. */
  readonly env: Record<string, string> = {};

  /** Starts the binary in this home. */
  start(args: readonly string[]): Deno.ChildProcess {
    return new Deno.Command(BINARY, { args: [...args], ...this.#options() }).spawn();
  }

  /** Runs the binary, or another program, in this home. */
  async run(args: readonly string[], program = BINARY): Promise<Output> {
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args: [...args],
      ...this.#options(),
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  /** Renders a Codex; fails if lychd fails. */
  async render(codex: string): Promise<void> {
    const { code, stderr } = await this.run(["render", "--codex", codex, ...WITHOUT_SYSTEMD]);
    ok(code === 0, stderr);
  }

  /** Returns the files of lychd by path: the Runes, the receipt and the previous generation. */
  generation(): Generation {
    return Object.fromEntries(
      [...walk(this.config)].filter((path) => !isExcluded(path))
        .map((path) => [path.slice(this.config.length + 1), Deno.readTextFileSync(path)]),
    );
  }

  /** Returns temporary files, which may only exist during a run. */
  leftovers(): string[] {
    return [...walk(this.config)].filter((path) =>
      /\/\.lychd-(?:new-|old-|journal|done)/.test(path)
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.dir, { recursive: true });
  }

  #options() {
    return {
      cwd: "/",
      clearEnv: true,
      env: { HOME: this.dir, PATH: Deno.env.get("PATH") ?? "", ...this.env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    } as const;
  }
}

/** Files by path relative to `~/.config`. */
export type Generation = Readonly<Record<string, string>>;

/** Returns true for the lock, the notes of restarts and temporary files, which are in no generation. */
function isExcluded(path: string): boolean {
  return /\/\.lychd-(?:lock|notes|journal|done|new-|old-)/.test(path);
}

/** Returns the name of the generation that equals `real`; undefined if none does. */
export function generationName(
  real: Generation,
  generations: Readonly<Record<string, Generation>>,
): string | undefined {
  return Object.keys(generations).find((name) => isSame(real, generations[name] ?? {}));
}

function isSame(a: Generation, b: Generation): boolean {
  try {
    deepStrictEqual(a, b);
    return true;
  } catch {
    return false;
  }
}

/** Fails unless the receipt lists exactly the existing Runes, with their digests. */
export async function checkReceipt(generation: Generation): Promise<void> {
  const text = generation["containers/systemd/lychd/.lychd-receipt.json"] ?? "{}";
  const { files } = JSON.parse(text) as { files: Record<string, { sha256: string }> };
  const runes = Object.entries(generation).filter(([path]) => !path.includes("/.lychd-"));
  const digests = await Promise.all(
    runes.map(async ([path, rune]) => [path, await sha256(rune)] as const),
  );
  deepStrictEqual(
    Object.fromEntries(Object.entries(files).map(([path, entry]) => [path, entry.sha256])),
    Object.fromEntries(digests),
  );
}

async function sha256(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Returns a Codex of several Soulstones. Three names are in both variants, with different fields. */
export function exampleCodex(variant: "a" | "b"): Record<string, string> {
  const names = variant === "a"
    ? ["eye", "sage", "ear", "hand", "bard"]
    : ["eye", "sage", "ear", "scribe", "fool", "smith"];
  const stones = names.map((name, n) =>
    `[${name}]
image = "docker.io/vllm/vllm-openai:v0.33.0"
port = ${variant === "a" ? 8780 + n : 8790 + n}
groups = [${n % 2 === 0 ? '"day"' : '"night"'}${n === 2 ? `, "only-${variant}"` : ""}]
model = "Qwen/Qwen3-VL-8B-Instruct"
devices = ["nvidia.com/gpu=all"]
`
  );
  return {
    "lychd.toml": variant === "a" ? 'boot_coven = "day"\n' : "",
    "soulstones/all.toml": stones.join("\n"),
  };
}

/** Returns a generator of random numbers from 0 to 1 with a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function wait(milliseconds: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, milliseconds));
}

export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Yields every file below a folder. */
export function* walk(folder: string): Generator<string> {
  if (!exists(folder)) return;
  for (const { name } of [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1)) {
    const path = join(folder, name);
    if (Deno.lstatSync(path).isDirectory) yield* walk(path);
    else yield path;
  }
}

function resolveIfSet(path: string | undefined): string {
  return path ? resolve(path) : "";
}
