import { enginesNamed, readWish } from "../core/orchestrator/mod.ts";
import { EXIT, type ExitCode, type Invocation } from "../invocation.ts";
import type { CommandContext } from "./context.ts";
import { fail } from "./fail.ts";
import { refuseWish } from "./refuse_wish.ts";
import { requireRendered } from "./rendered.ts";

/** `lychd logs NAME`: the journal of a Soulstone, or of all members of a Coven, by journalctl. */
export async function logs(
  { json, name, follow, lines }: Extract<Invocation, { command: "logs" }>,
  context: CommandContext,
): Promise<ExitCode> {
  const { host, programs } = context;
  const read = requireRendered(context);
  if ("problem" in read) return fail(context, json, read.problem, { hint: read.hint });
  const { inventory } = read.rendered;
  const wish = readWish([name], inventory);
  if ("refusal" in wish) return refuseWish(context, json, wish.refusal);
  const names = wish.wish.kind === "soulstone"
    ? [wish.wish.name]
    : inventory.covens.find((coven) => wish.wish.kind === "coven" && coven.name === wish.wish.name)
      ?.members;
  if (names === undefined) {
    return fail(context, json, `\`${name}\` is a capability, and has no journal`, {
      code: EXIT.usage,
      hint: "lychd list shows who offers it",
    });
  }
  if (programs.journalctl === undefined) {
    return fail(context, json, "there is no journalctl", { code: EXIT.hostRefused });
  }
  // Not --user: where the journal is not kept on disk, it has no file for the user alone.
  const units = enginesNamed(inventory, names).map((e) => `--user-unit=${e.service}`);
  const code = await host.runAttached(programs.journalctl, [
    "--no-pager",
    `--lines=${lines}`,
    ...follow ? ["--follow"] : [],
    ...json ? ["--output=json"] : [],
    ...units,
  ]);
  return code === 0 ? EXIT.ok : EXIT.hostRefused;
}
