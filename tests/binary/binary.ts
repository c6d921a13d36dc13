/**
 * What the tests of the compiled binary share: a home that is rendered by it, and what of the home
 * counts. They run when `LYCHD_BINARY` names the binary, as `bash .ci/compile` makes it.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { dirname, join, resolve } from "node:path/posix";

/** The binary; empty when there is none to test. */
export const BINARY = resolveIfSet(Deno.env.get("LYCHD_BINARY"));

/** In CI, a tool that a test needs and that is not there is a failure: then this is `require`. */
const TOOLS = Deno.env.get("LYCHD_BINARY_TOOLS");

/** What does without Podman and without a session. */
export const ALONE = ["--no-verify", "--no-reload"];

/**
 * A test of the binary. `missing` says what this machine lacks for it; it is then ignored, with the
 * reason in its name.
 */
export function binaryTest(
  name: string,
  fn: (t: Deno.TestContext) => Promise<void>,
  missing?: string,
): void {
  const reason = BINARY === "" ? "LYCHD_BINARY is not set" : TOOLS === "require" ? "" : missing;
  Deno.test({ name: reason ? `${name} (ignored: ${reason})` : name, ignore: !!reason, fn });
}

/** What is missing when `program` is not there. */
export function lacking(program: string): string | undefined {
  return ["/usr/bin", "/bin", "/usr/sbin", "/sbin"].some((folder) => exists(join(folder, program)))
    ? undefined
    : `there is no ${program}`;
}

/** What is missing when the tests are not run by root. */
export function notRoot(): string | undefined {
  return Deno.uid() === 0 ? undefined : "only root can do that";
}

/** What a run said. */
export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A temporary home; removed at the end of its test. */
export class Home implements AsyncDisposable {
  readonly dir = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "lychd-binary-" }));
  readonly config = join(this.dir, ".config");
  readonly ours = join(this.config, "containers/systemd/lychd");
  readonly units = join(this.config, "systemd/user");
  readonly journal = join(this.ours, ".lychd-journal.json");
  readonly lock = join(this.ours, ".lychd-lock");

  /** Writes a Codex into a folder of its own, and tells its path. */
  codex(name: string, files: Readonly<Record<string, string>>): string {
    const folder = join(this.dir, name);
    for (const [path, text] of Object.entries(files)) {
      const place = join(folder, path);
      Deno.mkdirSync(dirname(place), { recursive: true });
      Deno.writeTextFileSync(place, text);
    }
    return folder;
  }

  /** Variables that are set besides HOME and PATH. */
  readonly env: Record<string, string> = {};

  /** Starts the binary in this home. */
  start(args: readonly string[]): Deno.ChildProcess {
    return new Deno.Command(BINARY, { args: [...args], ...this.#surroundings() }).spawn();
  }

  /** Runs the binary, or another program, in this home. */
  async run(args: readonly string[], program = BINARY): Promise<Said> {
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args: [...args],
      ...this.#surroundings(),
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  /** Renders, which must go well. */
  async render(codex: string): Promise<void> {
    const said = await this.run(["render", "--codex", codex, ...ALONE]);
    ok(said.code === 0, said.stderr);
  }

  /** What lychd wrote: the Runes, the receipt and the former generation, by path. */
  generation(): Generation {
    return Object.fromEntries(
      [...walk(this.config)].filter((path) => !isApart(path))
        .map((path) => [path.slice(this.config.length + 1), Deno.readTextFileSync(path)]),
    );
  }

  /** Files that only a run that is under way may have. */
  leftovers(): string[] {
    return [...walk(this.config)].filter((path) =>
      /\/\.lychd-(?:new-|old-|journal|done)/.test(path)
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.dir, { recursive: true });
  }

  #surroundings() {
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

/** The lock and the notes of restarts belong to no generation, nor does what is under way. */
function isApart(path: string): boolean {
  return /\/\.lychd-(?:lock|notes|journal|done|new-|old-)/.test(path);
}

/** Which of the named generations `real` is, entirely; or that it is none. */
export function whichOf(
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

/** Fails unless the receipt names exactly the Runes that are there, with their digests. */
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

/** A Codex of many Soulstones, of which some are in both, and those that are differ in each. */
export function household(variant: "a" | "b"): Record<string, string> {
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

/** Numbers from 0 to 1 that a seed repeats (mulberry32). */
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

/** Every file below a folder. */
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
