/** What the tests of the inscription share: the names of its files, and what it says. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { join } from "node:path/posix";
import { type Cli, cli, EYE, NO_WATCHERS } from "./cli.ts";

export const OURS = "home/.config/containers/systemd/lychd";
export const UNITS = "home/.config/systemd/user";
export const POD = `${OURS}/lychd.pod`;
export const EYE_UNIT = `${OURS}/soulstone-eye.container`;
export const SAGE_UNIT = `${OURS}/soulstone-sage.container`;
export const VISION = `${UNITS}/lychd-coven-vision.target`;
export const RECEIPT = `${OURS}/.lychd-receipt.json`;
export const FORMER = `${OURS}/.lychd-former.json`;
export const CURRENT = `${OURS}/.lychd-current.json`;
export const NOTES = `${OURS}/.lychd-notes.json`;
export const JOURNAL = `${OURS}/.lychd-journal.json`;
export const LOCK = `${OURS}/.lychd-lock`;
export const SETTINGS = "home/.config/lychd/lychd.toml";
export const CODEX_EYE = "home/.config/lychd/soulstones/eye.toml";

/** What these tests do without: most machines that run them have neither Podman nor a session. */
const ALONE = ["--no-verify", "--no-reload"];
export const RENDER = ["render", ...ALONE];
export const ROLLBACK = ["rollback", ...ALONE];
export const PURGE = ["purge", ...ALONE];

const NOT_VERIFIED = "lychd: not verified: whether Quadlet takes these units is not known\n";
const NOT_RELOADED =
  "lychd: not reloaded: systemd still has the former units, and whether it loads these is not " +
  "known\nhint: systemctl --user daemon-reload\n";
export const UNKNOWN = NOT_VERIFIED + NOT_RELOADED;
export const PURGED =
  "lychd: not reloaded: engines that run were not stopped, and systemd still has their units\n" +
  "hint: systemctl --user stop 'soulstone-*' lychd-pod; systemctl --user daemon-reload\n" +
  "lychd: not verified: there is nothing to try in a purge\n";

/** What a render says that it did. */
export const did = (created: number, updated: number, removed: number, unchanged: number) =>
  `[DIR]/home/.config: ${created} created, ${updated} updated, ${removed} removed, ` +
  `${unchanged} unchanged\n`;
/** What it says of services whose Runes are others now. */
export const changed = (...services: string[]) =>
  `lychd: these changed and count from their next start on: ${services.join(" ")}\n`;

/** A home with the Codex of one Soulstone. */
export function oneEye(): Cli {
  return cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE });
}

/** The same, rendered. */
export async function inscribed(): Promise<Cli> {
  rendered ??= await render();
  const test = cli();
  for (const { path, mode, content } of rendered) {
    const at = join(test.dir, path);
    if (content === undefined) Deno.mkdirSync(at, { recursive: true });
    else Deno.writeFileSync(at, content);
    Deno.chmodSync(at, mode);
  }
  return test;
}

/** A file, or a folder, which has no content; those above come before those below. */
interface Entry {
  readonly path: string;
  readonly mode: number;
  readonly content: Uint8Array<ArrayBuffer> | undefined;
}

/** What a render leaves: no home stands in it, so it is the same for all. */
let rendered: readonly Entry[] | undefined;

async function render(): Promise<Entry[]> {
  await using test = oneEye();
  await test.expect(RENDER, { stdout: did(3, 0, 0, 0), stderr: UNKNOWN });
  return ["home", ...test.paths("home").map((path) => `home/${path}`)].map((path) => {
    const at = join(test.dir, path);
    const { isFile, mode } = Deno.lstatSync(at);
    return { path, mode: mode ?? 0, content: isFile ? Deno.readFileSync(at) : undefined };
  });
}

/** Everything in the home but the lock, which tells who held it last. */
export function state(test: Cli): string[] {
  return test.listing("home").filter((line) => !line.includes("/.lychd-lock "));
}

/** What the home holds, without the times at which it was written. */
export function contents(test: Cli): string[] {
  return test.files("home").filter((path) => !path.endsWith("/.lychd-lock"))
    .map((path) => `${path}\n${test.read(`home/${path}`)}`);
}

/** Runs a command that must be refused, and leave everything as it is. */
export async function refused(
  test: Cli,
  args: readonly string[],
  said: { code?: number; stderr: string | RegExp },
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const before = contents(test);
  const real = await test.run(args, env);
  if (typeof said.stderr === "string") strictEqual(real.stderr, said.stderr);
  else match(real.stderr, said.stderr);
  if (!args.includes("--json")) strictEqual(real.stdout, "");
  else strictEqual(typeof JSON.parse(real.stdout).error, "string");
  strictEqual(real.code, said.code ?? 1);
  deepStrictEqual(contents(test), before);
}

/** A receipt that calls one file ours. */
export function receipt(path: string, sha256 = "0".repeat(64)): string {
  return JSON.stringify({ lychd: 1, files: { [path]: { sha256, mode: 0o600 } } });
}

/** A former generation of one file. */
export function former(path: string): string {
  return JSON.stringify({ lychd: 1, files: { [path]: { text: "x", mode: 0o600 } } });
}
