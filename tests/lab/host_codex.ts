/**
 * Puts a Codex on the lab's host: writes it as TOML, renders it with lychd, and copies the units to the
 * folders that systemd and Quadlet read.
 */
import { fileURLToPath } from "node:url";
import { dirname, join } from "node:path/posix";
import { programCommand } from "../program.ts";
import { type LabOptions, lichExec, type LichShell, putTree, shellQuote } from "./lab.ts";
import { withoutRule } from "./rules.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const HOME = "/home/lich";

/** The image of the stand-in engine, in lich's storage. */
export const ENGINE_IMAGE = "localhost/fake-engine:latest";

/** The folder of the simulated GPU, on the host and in a container. */
export const GPU_FOLDER = { host: `${HOME}/gpu`, container: "/gpu" } as const;

/** The fields of one Soulstone, as in TOML. */
export type Fields = Readonly<Record<string, unknown>>;

/** Returns the fields of a Soulstone: the stand-in engine with `flags` and a health check. */
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
 * Returns the files of a Codex, by path. Without `settings` the Watchers are disabled, because the lab
 * cannot pull their images.
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

/** Does the same with one file for each Soulstone, for a Codex above the size limit of a file. */
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

/** Returns a TOML basic string: a JSON string in which DEL is escaped too. */
export function tomlString(text: string): string {
  return JSON.stringify(text).replaceAll("\u007f", "\\u007f");
}

/** Lets the front door of every user start with the runtime of the lab's binary. */
const ACCEPT_WEAK_RUNTIME = `mkdir -p /etc/systemd/user/lychd-vessel.service.d
printf '[Service]\\nExecStart=\\nExecStart=/usr/local/bin/lychd serve --accept-weak-runtime\\n' \
  >/etc/systemd/user/lychd-vessel.service.d/0-lab.conf`;

/** The result of a run of lychd. */
export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs lychd outside the lab. */
export async function lychd(...args: string[]): Promise<Output> {
  const [program, words] = programCommand();
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...words, ...args],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Renders a Codex to a temporary folder for `use`. Throws the report if the Codex is invalid. */
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
    const result = await lychd("render", "--codex", codex, "--output", tree);
    if (result.code !== 0) throw new Error(`render failed (${result.code}):\n${result.stderr}`);
    await withoutRule(tree);
    return await use(tree);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Stops everything on the lab's host, installs the units of a Codex and reloads systemd. */
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

/** Writes a Codex to its default folder, for the binary on the lab's host. */
export async function writeCodex(
  soulstones: Readonly<Record<string, Fields>>,
  settings: Fields = {},
  lab: LabOptions = {},
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "lychd-lab-" });
  try {
    for (const [path, text] of Object.entries(codexFiles(soulstones, settings))) {
      await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
      await Deno.writeTextFile(join(folder, path), text);
    }
    await putTree(folder, `${HOME}/.config/lychd`, lab);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Copies the binary to the lab's host, unless it is there already. Its runtime imports JSON from the
 * disk, which the front door refuses without an option.
 */
export async function putBinary(lab: LabOptions = {}): Promise<void> {
  const { code, stderr } = await lichExec(["sh", "-c", ACCEPT_WEAK_RUNTIME], {
    ...lab,
    root: true,
  });
  if (code !== 0) throw new Error(stderr);
  const binary = Deno.env.get("LYCHD_BINARY") ?? join(ROOT, "dist/lychd");
  const file = await Deno.stat(binary).catch(() => undefined);
  if (file === undefined) {
    throw new Error(`${binary} does not exist; run \`bash .ci/compile\``);
  }
  const place = "/usr/local/bin/lychd";
  const { stdout } = await lichExec(["stat", "-c", "%s %Y", place], lab);
  const stamp = `${file.size} ${Math.floor((file.mtime?.getTime() ?? 0) / 1000)}`;
  if (stdout.trim() !== stamp) await putTree(binary, place, lab);
}

/** Stops and removes every unit and volume of lychd, and deletes the log of the GPU. */
export async function clear(shell: LichShell): Promise<void> {
  // Patterns, because a new systemd stops nothing if one of several names is not loaded.
  await must(
    shell,
    `systemctl --user stop --quiet 'lychd-*.target' 'lychd-*.timer' 'soulstone-*.service' \
       'harvester*.service' 'scribe*.service' 'lychd-*.service' 2>/dev/null
     podman volume ls -q --filter name=^lychd- | xargs -r podman volume rm -f >/dev/null 2>&1
     rm -rf ~/.config/containers ~/.config/systemd ${GPU_FOLDER.host}
     mkdir -p ~/.config ${GPU_FOLDER.host}
     systemctl --user daemon-reload
     systemctl --user reset-failed
     true`,
  );
}

/** Runs a script and returns its stdout. Throws its output if it fails. */
export async function must(shell: LichShell, script: string): Promise<string> {
  const { code, stdout, stderr } = await shell.run(script, { timeoutSeconds: 120 });
  if (code !== 0) throw new Error(`exit ${code}: ${script}\n${stdout}${stderr}`);
  return stdout;
}

/** Runs `systemctl --user start` and measures it. */
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

/** Returns properties of units, by unit, in one call of systemctl. */
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

/** Returns the active ones among `units`. */
export async function active(shell: LichShell, units: readonly string[]): Promise<string[]> {
  const states = await show(shell, units, ["ActiveState"]);
  return units.filter((unit) => states.get(unit)?.["ActiveState"] === "active");
}

/** Waits until `holds` returns true. Throws after `seconds`. */
export async function waitUntil(
  condition: string,
  seconds: number,
  holds: () => Promise<boolean>,
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!await holds()) {
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${condition}`);
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

/** Returns the answer of an engine, or undefined if there is none. */
export async function request(
  shell: LichShell,
  port: number,
  path: string,
  address = "127.0.0.1",
): Promise<Uint8Array | undefined> {
  const { code, stdoutBytes } = await shell.run(`curl -sf -m 5 http://${address}:${port}${path}`);
  return code === 0 ? stdoutBytes : undefined;
}

/** Restarts lich's user manager, like a boot, and waits until it has started. */
export async function reboot(): Promise<void> {
  const { code, stderr } = await lichExec(["systemctl", "restart", "user@1000.service"], {
    root: true,
    timeoutSeconds: 120,
  });
  if (code !== 0) throw new Error(`the user manager did not restart: ${stderr}`);
}

/** Copies the binary to the lab's host and removes every unit and volume of lychd. */
export async function freshHost(shell: LichShell, lab: LabOptions = {}): Promise<void> {
  await putBinary(lab);
  await clear(shell);
}

/** Runs the binary as lich. */
export async function run(shell: LichShell, ...args: string[]): Promise<Output> {
  return await shell.run(`lychd ${args.join(" ")}`, { timeoutSeconds: 120 });
}
