/** Prints the diffs of an example Codex against an empty home. */
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const home = await Deno.makeTempDir({ prefix: "lychd-demo-" });
try {
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "-R",
      "-W",
      "-E",
      "-S",
      "main.ts",
      "render",
      "--dry-run",
      "--codex",
      "examples/vision",
    ],
    cwd: root,
    env: { HOME: home, XDG_CONFIG_HOME: "" },
  }).spawn().status;
  Deno.exitCode = code;
} finally {
  await Deno.remove(home, { recursive: true });
}
