/** The program that tests run, as a user would. */
import { join } from "node:path/posix";

const ROOT = join(import.meta.dirname ?? ".", "..");

/** What the sandboxes are granted from, as in the task `seal`; a test may have its folder anywhere. */
const PERMISSIONS = ["-R", "-W", "-E", "-S", "--allow-net=127.0.0.1", "--allow-run"];

/**
 * The command to run the program: the binary that `LYCHD_BINARY` names, or else the source, or what
 * was made of it, as `LYCHD_MAIN` says.
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
  const main = join(ROOT, Deno.env.get("LYCHD_MAIN") ?? "main.ts");
  return [Deno.execPath(), ["run", "-q", "--no-prompt", ...PERMISSIONS, main]];
}
