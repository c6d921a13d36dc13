import { match, strictEqual, throws } from "node:assert/strict";
import type { CommandContext } from "../run/context.ts";
import { Refusal } from "../run/refusal.ts";
import { foldersOfHome } from "../testing/folders_of_home.ts";
import { memoryContext } from "../testing/memory_context.ts";
import { memoryHost } from "../testing/memory_host.ts";
import { compileCodex, refuseSource } from "./codex.ts";

/** Returns the context of a lychd at `binary` with a Codex. */
function contextOf(binary: string | undefined, settings: string): CommandContext {
  const codex = "/home/.config/lychd";
  const host = memoryHost({
    [`${codex}/lychd.toml`]: settings,
    [`${codex}/soulstones/eye.toml`]: '[eye]\nimage = "localhost/eye"\nport = 8780\n',
  });
  return memoryContext({ out: "", err: "" }, { host, folders: foldersOfHome("/home"), binary });
}

const VESSEL = "[vessel]\nenabled = true\n";

Deno.test("the Vessel starts the program that rendered it", async () => {
  const context = contextOf("/opt/lychd", VESSEL);
  const compiled = await compileCodex(context);
  const unit = compiled.runes.find(({ path }) => path.endsWith("/lychd-vessel.service"));
  match(unit?.text ?? "", /^ExecStart=\/opt\/lychd serve$/m);
  refuseSource(context, compiled);
});

Deno.test("a lychd from source checks a Codex with a Vessel, but does not write its units", async () => {
  const context = contextOf(undefined, VESSEL);
  const compiled = await compileCodex(context);
  strictEqual(compiled.valid, true);
  throws(() => refuseSource(context, compiled), Refusal);
  const without = contextOf(undefined, "");
  refuseSource(without, await compileCodex(without));
});
