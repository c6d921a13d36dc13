import bash from "../../../templates/completions/lychd.bash" with { type: "text" };
import fish from "../../../templates/completions/lychd.fish" with { type: "text" };
import zsh from "../../../templates/completions/lychd.zsh" with { type: "text" };
import type { Shell } from "./shell.ts";

const SCRIPTS: Readonly<Record<Shell, string>> = { bash, zsh, fish };

/** The script by which a shell asks lychd at every TAB. */
export function scriptFor(shell: Shell): string {
  return SCRIPTS[shell];
}
