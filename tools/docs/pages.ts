/** The generated documents, by path. */
import { comingFromPage } from "./coming_from.ts";
import { commandsPage } from "./commands.ts";
import { doorApiSchema } from "./door_api.ts";
import { errorsPage } from "./errors.ts";
import { manualPage } from "./manual.ts";
import { referencePage } from "./reference.ts";
import { securityPage } from "./security.ts";

/** Generates every document. */
export async function makePages(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ["docs/codex.md", await formatted(await referencePage())],
    ["docs/coming-from.md", await formatted(await comingFromPage())],
    ["docs/commands.md", await formatted(commandsPage())],
    ["docs/errors.md", await formatted(await errorsPage())],
    ["docs/security.md", await formatted(securityPage(await read("docs/security.md")))],
    ["docs/lychd.1", manualPage()],
    ["docs/door-api.json", doorApiSchema()],
  ]);
}

function read(path: string): Promise<string> {
  return Deno.readTextFile(new URL(`../../${path}`, import.meta.url));
}

/** Formats Markdown with `deno fmt`. */
async function formatted(text: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "md", "-"],
    cwd: new URL("../..", import.meta.url),
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { stdout, success } = await child.output();
  if (!success) throw new Error("deno fmt refused a page");
  return new TextDecoder().decode(stdout);
}
