/** The program that tests run, as a user would. */
import { join } from "node:path/posix";

const ROOT = join(import.meta.dirname ?? ".", "..");

/** The permissions of the gate, as in the task `compile:bundle`; the folder of a test may be anywhere. */
const PERMISSIONS = ["-R", "-W", "-E", "-S", "--allow-net=127.0.0.1", "--allow-run"];

/** As in the task `compile:bundle`: a bundle has its imports in it. */
const BUNDLED = ["--no-config", "--unstable-worker-options"];

/**
 * The command to run the program: the binary that `LYCHD_BINARY` names, or else the bundle that
 * `LYCHD_MAIN` names below the repository, or else the source.
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
