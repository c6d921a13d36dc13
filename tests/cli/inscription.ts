/** Paths, messages and helpers for the tests of commands that write units. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { join } from "node:path/posix";
import { type Cli, cli, EYE, NO_WATCHERS } from "./cli.ts";

export const LYCHD_FOLDER = "home/.config/containers/systemd/lychd";
export const UNITS = "home/.config/systemd/user";
export const POD = `${LYCHD_FOLDER}/lychd.pod`;
export const EYE_UNIT = `${LYCHD_FOLDER}/soulstone-eye.container`;
export const SAGE_UNIT = `${LYCHD_FOLDER}/soulstone-sage.container`;
export const VISION = `${UNITS}/lychd-coven-vision.target`;
export const RECEIPT = `${LYCHD_FOLDER}/.lychd-receipt.json`;
export const FORMER = `${LYCHD_FOLDER}/.lychd-former.json`;
export const CURRENT = `${LYCHD_FOLDER}/.lychd-current.json`;
export const NOTES = `${LYCHD_FOLDER}/.lychd-notes.json`;
export const JOURNAL = `${LYCHD_FOLDER}/.lychd-journal.json`;
export const LOCK = `${LYCHD_FOLDER}/.lychd-lock`;
export const SETTINGS = "home/.config/lychd/lychd.toml";
export const CODEX_EYE = "home/.config/lychd/soulstones/eye.toml";

/** Options for machines with neither Podman nor a user session of systemd. */
const WITHOUT_HOST = ["--no-verify", "--no-reload"];
export const RENDER = ["render", ...WITHOUT_HOST];
export const ROLLBACK = ["rollback", ...WITHOUT_HOST];
export const PURGE = ["purge", ...WITHOUT_HOST];

const NOT_VERIFIED = "lychd: not verified: Quadlet may refuse these units\n";
const NOT_RELOADED =
  "lychd: not reloaded: systemd still has the previous units and may refuse these\n" +
  "hint: systemctl --user daemon-reload\n";
/** The stderr of a render or rollback with `WITHOUT_HOST`. */
export const SKIP_REMARKS = NOT_VERIFIED + NOT_RELOADED;
/** The stderr of a purge with `WITHOUT_HOST`. */
export const PURGE_REMARKS =
  "lychd: not reloaded: engines still run, and systemd still has their units\n" +
  "hint: systemctl --user stop 'soulstone-*' lychd-pod; systemctl --user daemon-reload\n" +
  "lychd: --no-verify has no effect: a purge verifies no units\n";

/** Returns the stdout of a render: the number of files by action. */
export const summary = (created: number, updated: number, removed: number, unchanged: number) =>
  `[DIR]/home/.config: ${created} created, ${updated} updated, ${removed} removed, ` +
  `${unchanged} unchanged\n`;
/** Returns the message about services that must be restarted to use their new units. */
export const takesEffectLater = (...services: string[]) =>
  `lychd: changed; takes effect at the next start: ${services.join(" ")}\n`;

/** Makes a home with a Codex of one Soulstone. */
export function homeWithCodex(): Cli {
  return cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE });
}

/** Makes a home with a Codex of one Soulstone and its rendered units. */
export async function renderedHome(): Promise<Cli> {
  renderedEntries ??= await render();
  const test = cli();
  for (const { path, mode, content } of renderedEntries) {
    const at = join(test.dir, path);
    if (content === undefined) Deno.mkdirSync(at, { recursive: true });
    else Deno.writeFileSync(at, content);
    Deno.chmodSync(at, mode);
  }
  return test;
}

/** A file or folder of a rendered home. A folder has no content. */
interface Entry {
  readonly path: string;
  readonly mode: number;
  readonly content: Uint8Array<ArrayBuffer> | undefined;
}

/** The result of one render, used for every home. No file contains the path of the home. */
let renderedEntries: readonly Entry[] | undefined;

/** Renders once. Returns every folder before the files in it. */
async function render(): Promise<Entry[]> {
  await using test = homeWithCodex();
  await test.expect(RENDER, { stdout: summary(3, 0, 0, 0), stderr: SKIP_REMARKS });
  return ["home", ...test.paths("home").map((path) => `home/${path}`)].map((path) => {
    const at = join(test.dir, path);
    const { isFile, mode } = Deno.lstatSync(at);
    return { path, mode: mode ?? 0, content: isFile ? Deno.readFileSync(at) : undefined };
  });
}

/** Returns all files and folders of the home except the lock, which contains a process ID. */
export function listingOf(test: Cli): string[] {
  return test.listing("home").filter((line) => !line.includes("/.lychd-lock "));
}

/** Returns the paths and texts of the files of the home, without their times. */
export function contentsOf(test: Cli): string[] {
  return test.files("home").filter((path) => !path.endsWith("/.lychd-lock"))
    .map((path) => `${path}\n${test.read(`home/${path}`)}`);
}

/** Runs a command that must refuse to work and change no file. */
export async function expectRefusal(
  test: Cli,
  args: readonly string[],
  expected: { code?: number; stderr: string | RegExp },
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const before = contentsOf(test);
  const result = await test.run(args, env);
  if (typeof expected.stderr === "string") strictEqual(result.stderr, expected.stderr);
  else match(result.stderr, expected.stderr);
  if (!args.includes("--json")) strictEqual(result.stdout, "");
  else strictEqual(typeof JSON.parse(result.stdout).error, "string");
  strictEqual(result.code, expected.code ?? 1);
  deepStrictEqual(contentsOf(test), before);
}

/** Returns a receipt of one file. */
export function receipt(path: string, sha256 = "0".repeat(64)): string {
  return JSON.stringify({ lychd: 1, files: { [path]: { sha256, mode: 0o600 } } });
}

/** Returns a generation of one file, in the format of `.lychd-former.json`. */
export function generation(path: string): string {
  return JSON.stringify({ lychd: 1, files: { [path]: { text: "x", mode: 0o600 } } });
}
