import { readVariable } from "../run/environment.ts";
import { SHELL_PLACES } from "../run/programs.ts";
import { isFile } from "./gate_files.ts";

/**
 * Opens a file in the operator's editor, outside of any sandbox. Returns its exit code.
 *
 * A variable such as `code --wait` is a line of shell, as it is for git and visudo; the path is an
 * argument.
 */
export async function openEditor(path: string): Promise<number> {
  const editor = readVariable("VISUAL") || readVariable("EDITOR") || "vi";
  const shell = SHELL_PLACES.find(isFile) ?? "/bin/sh";
  const command = new Deno.Command(shell, { args: ["-c", `${editor} "$@"`, editor, path] });
  return (await command.spawn().status).code;
}
