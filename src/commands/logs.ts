import { type Inventory, type Name, readName, type Refusal } from "../core/orchestrator/mod.ts";
import { soulstoneUnit } from "../core/rune/mod.ts";
import { HostError } from "../host/host.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import type { CommandContext } from "../run/context.ts";
import { readNameNow } from "../units/engines.ts";
import { fail } from "../run/fail.ts";
import { refuseWish } from "../run/refuse_wish.ts";
import { requireRendered } from "../units/rendered.ts";
import { userSystemd } from "../units/systemd.ts";

/**
 * `lychd logs NAME`: the journal of a Soulstone, also of one that only runs and is not rendered any
 * more, or of all members of a Coven, by journalctl.
 */
export async function logs(
  { json, name, follow, lines }: Extract<Invocation, { command: "logs" }>,
  context: CommandContext,
): Promise<ExitCode> {
  const { host, programs } = context;
  const read = requireRendered(context);
  if ("problem" in read) return fail(context, json, read.problem, { hint: read.hint });
  const { inventory } = read.rendered;
  const named = await nameOf(context, name, inventory);
  if ("refusal" in named) return refuseWish(context, json, named.refusal);
  const { kind, name: found } = named.name;
  const names = kind === "soulstone"
    ? [found]
    : inventory.covens.find((coven) => coven.name === found)?.members ?? [];
  if (programs.journalctl === undefined) {
    return fail(context, json, "there is no journalctl", { code: EXIT.hostRefused });
  }
  // Not --user: where the journal is not kept on disk, it has no file for the user alone.
  const units = names.map((name) => `--user-unit=${soulstoneUnit(name).service}`);
  const code = await host.runAttached(programs.journalctl, [
    "--no-pager",
    `--lines=${lines}`,
    ...follow ? ["--follow"] : [],
    ...json ? ["--output=json"] : [],
    ...units,
  ]);
  return code === 0 ? EXIT.ok : EXIT.hostRefused;
}

/** A journal can be read without a systemd that answers, by a name that is rendered. */
async function nameOf(
  context: CommandContext,
  word: string,
  inventory: Inventory,
): Promise<{ name: Name } | { refusal: Refusal }> {
  const systemd = userSystemd(context);
  try {
    if (systemd !== undefined) return await readNameNow(systemd, word, inventory);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
  }
  return readName(word, inventory);
}
