/** Finds the program that tests run. */
import { join } from "node:path/posix";

const ROOT = join(import.meta.dirname ?? ".", "..");

/** The permissions of the task `compile:bundle`; the folders of a test may be anywhere. */
const PERMISSIONS = ["-R", "-W", "-E", "-S", "--allow-net", "--allow-run"];

/** The options of a bundle, which contains its imports; as in the task `compile:bundle`. */
const BUNDLED = [
  "--no-config",
  ...["worker-options", "net", "no-legacy-abort"].map((name) => `--unstable-${name}`),
];

/**
 * Returns the command that runs lychd: the binary in `LYCHD_BINARY`, otherwise the bundle in `LYCHD_MAIN`
 * (relative to the repository), otherwise the source.
 *
 * @example
 * ```ts
 * const [program, words] = programCommand();
 * await new Deno.Command(program, { args: [...words, "--version"] }).output();
 * ```
 */
export function programCommand(): [program: string, words: string[]] {
  const binary = Deno.env.get("LYCHD_BINARY");
  if (binary) return [binary, []];
  const bundle = Deno.env.get("LYCHD_MAIN");
  const main = bundle === undefined ? [join(ROOT, "main.ts")] : [...BUNDLED, join(ROOT, bundle)];
  return [Deno.execPath(), ["run", "-q", "--no-prompt", ...PERMISSIONS, ...main]];
}
