/**
 * A Codex on the lab's host: written as TOML, rendered by the program itself, put in the place where
 * systemd and Quadlet look.
 */
import { fileURLToPath } from "node:url";
import { dirname, join } from "node:path/posix";
import { programCommand } from "../program.ts";
import { lichExec, type LichShell, putTree, shellQuote } from "./lab.ts";
import { withoutRule } from "./rules.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const HOME = "/home/lich";

/** The image of the stand-in engine, in lich's storage. */
export const ENGINE_IMAGE = "localhost/fake-engine:latest";

/** Where engines find the GPU that they play with, on the host and in the container. */
export const GPU_FOLDER = { host: `${HOME}/gpu`, container: "/gpu" } as const;

/** The fields of one Soulstone, as in TOML. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * A Soulstone that runs the stand-in engine, asked for its health; `flags` are the engine's own.
 */
export function engine(port: number, fields: Fields = {}, flags: readonly string[] = []): Fields {
  return {
    image: ENGINE_IMAGE,
    port,
    exec: ["--port", "{port}", ...flags],
    health: { path: "/health" },
    ...fields,
  };
}

/**
 * The TOML of a table of Soulstones, and of lychd.toml: without Watchers, whose images nobody could
 * pull here, unless `settings` says which.
 */
export function codexFiles(
  soulstones: Readonly<Record<string, Fields>>,
  settings: Fields = {},
): Record<string, string> {
  return {
    "lychd.toml": toml({ harvester: { enabled: false }, ...settings }),
    "soulstones/all.toml": toml(soulstones),
  };
}

/** The same with a file for each Soulstone: all together may be more than one file may hold. */
export function splitCodexFiles(
  soulstones: Readonly<Record<string, Fields>>,
): Record<string, string> {
  const files = Object.entries(soulstones)
    .map(([name, fields]) => [`soulstones/${name}.toml`, toml({ [name]: fields })]);
  return { ...codexFiles({}), "soulstones/all.toml": "", ...Object.fromEntries(files) };
}

function toml(tables: Fields): string {
  return Object.entries(tables).map(([key, value]) => `${tomlString(key)} = ${tomlValue(value)}\n`)
    .join("");
}

function tomlValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const pairs = Object.entries(value).map(([k, v]) => `${tomlString(k)} = ${tomlValue(v)}`);
    return `{ ${pairs.join(", ")} }`;
  }
  return typeof value === "string" ? tomlString(value) : String(value);
}

/** A TOML basic string: as in JSON, but DEL must be escaped too. */
export function tomlString(text: string): string {
  return JSON.stringify(text).replaceAll("\u007f", "\\u007f");
}

/** What the program said. */
export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs lychd. */
export async function lychd(...args: string[]): Promise<Said> {
  const [program, words] = programCommand();
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...words, ...args],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Renders a Codex to a new folder and gives that to `use`; throws the report if it is invalid. */
export async function withRendered<T>(
  files: Readonly<Record<string, string>>,
  use: (tree: string) => Promise<T>,
): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "lychd-lab-" });
  try {
    const codex = join(folder, "codex");
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(dirname(join(codex, path)), { recursive: true });
      await Deno.writeTextFile(join(codex, path), text);
    }
    const tree = join(folder, "tree");
    const said = await lychd("render", "--codex", codex, "--output", tree);
    if (said.code !== 0) throw new Error(`render failed (${said.code}):\n${said.stderr}`);
    await withoutRule(tree);
    return await use(tree);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Puts a Codex in the place of whatever runs on the lab's host, and reloads systemd. */
export async function install(
  shell: LichShell,
  soulstones: Readonly<Record<string, Fields>>,
  settings: Fields = {},
): Promise<void> {
  await withRendered(codexFiles(soulstones, settings), async (tree) => {
    await clear(shell);
    for await (const { name } of Deno.readDir(tree)) {
      await putTree(join(tree, name), `${HOME}/.config/${name}`);
    }
    await must(shell, "systemctl --user daemon-reload");
  });
}

/** Puts a Codex where lychd looks for it by itself, for a binary that runs on the lab's host. */
export async function putCodex(
  soulstones: Readonly<Record<string, Fields>>,
  settings: Fields = {},
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "lychd-lab-" });
  try {
    for (const [path, text] of Object.entries(codexFiles(soulstones, settings))) {
      await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
      await Deno.writeTextFile(join(folder, path), text);
    }
    await putTree(folder, `${HOME}/.config/lychd`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Puts the binary in the PATH of the lab's host, unless it is there. */
export async function putBinary(): Promise<void> {
  const binary = Deno.env.get("LYCHD_BINARY") ?? join(ROOT, "dist/lychd");
  const there = await Deno.stat(binary).catch(() => undefined);
  if (there === undefined) {
    throw new Error(`there is no binary at ${binary}: make one with \`bash .ci/compile\``);
  }
  const place = "/usr/local/bin/lychd";
  const { stdout } = await lichExec(["stat", "-c", "%s %Y", place]);
  const wanted = `${there.size} ${Math.floor((there.mtime?.getTime() ?? 0) / 1000)}`;
  if (stdout.trim() !== wanted) await putTree(binary, place);
}

/** Stops and removes every unit and volume of ours, and empties the GPU's log. */
export async function clear(shell: LichShell): Promise<void> {
  await must(
    shell,
    `systemctl --user stop --quiet 'lychd-*.target' 'lychd-*.timer' 'soulstone-*.service' \
       'harvester*.service' 'scribe*.service' lychd-pod.service 2>/dev/null
     podman volume ls -q --filter name=^lychd- | xargs -r podman volume rm -f >/dev/null 2>&1
     rm -rf ~/.config/containers ~/.config/systemd ${GPU_FOLDER.host}
     mkdir -p ~/.config ${GPU_FOLDER.host}
     systemctl --user daemon-reload
     systemctl --user reset-failed
     true`,
  );
}

/** Runs a script and throws what it said unless it succeeds. */
export async function must(shell: LichShell, script: string): Promise<string> {
  const { code, stdout, stderr } = await shell.run(script, { timeoutSeconds: 120 });
  if (code !== 0) throw new Error(`exit ${code}: ${script}\n${stdout}${stderr}`);
  return stdout;
}

/** `systemctl --user start`, with what it took. */
export async function start(
  shell: LichShell,
  unit: string,
  ...options: string[]
): Promise<{ code: number; seconds: number; stderr: string }> {
  const before = performance.now();
  const words = ["systemctl", "--user", "start", ...options, unit].map(shellQuote).join(" ");
  const { code, stderr } = await shell.run(words, { timeoutSeconds: 120 });
  return { code, seconds: (performance.now() - before) / 1000, stderr };
}

/** Properties of many units in one call, by unit. */
export async function show(
  shell: LichShell,
  units: readonly string[],
  properties: readonly string[],
): Promise<Map<string, Record<string, string>>> {
  if (units.length === 0) return new Map();
  const text = await must(
    shell,
    `systemctl --user show --property=Id,${properties.join(",")} -- ${
      units.map(shellQuote).join(" ")
    }`,
  );
  const found = new Map<string, Record<string, string>>();
  for (const block of text.trim().split("\n\n")) {
    const values = Object.fromEntries(
      block.split("\n").map((
        line,
      ) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
    found.set(values["Id"] ?? "", values);
  }
  return found;
}

/** Those of `units` that are active. */
export async function active(shell: LichShell, units: readonly string[]): Promise<string[]> {
  const states = await show(shell, units, ["ActiveState"]);
  return units.filter((unit) => states.get(unit)?.["ActiveState"] === "active");
}

/** Waits until `holds`, or throws after `seconds`. */
export async function until(
  what: string,
  seconds: number,
  holds: () => Promise<boolean>,
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!await holds()) {
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

/** The answer of an engine, or nothing when nobody answers. */
export async function ask(
  shell: LichShell,
  port: number,
  path: string,
  address = "127.0.0.1",
): Promise<Uint8Array | undefined> {
  const { code, stdoutBytes } = await shell.run(`curl -sf -m 5 http://${address}:${port}${path}`);
  return code === 0 ? stdoutBytes : undefined;
}

/** Restarts lich's user manager, as a boot does, and waits until it answers. */
export async function reboot(): Promise<void> {
  const { code, stderr } = await lichExec(["systemctl", "restart", "user@1000.service"], {
    root: true,
    timeoutSeconds: 120,
  });
  if (code !== 0) throw new Error(`the user manager did not restart: ${stderr}`);
}
