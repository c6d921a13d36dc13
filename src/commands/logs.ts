import type { Inventory } from "../core/orchestrator/inventory.ts";
import { type Name, readName } from "../core/orchestrator/wish.ts";
import { soulstoneUnit } from "../core/rune/names.ts";
import { HostError } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { Refusal } from "../run/refusal.ts";
import { orRefuse, readNameNow } from "../units/engines.ts";
import { requireRendered } from "../units/rendered.ts";
import { userSystemd } from "../units/systemd.ts";

/** `lychd logs NAME`: shows the journal of a Soulstone, strays included, or of a whole Coven. */
export async function logs(
  { json, name: word, follow, lines }: Extract<Invocation, { command: "logs" }>,
  context: CommandContext,
): Promise<ExitCode> {
  const { host, programs: { journalctl } } = context;
  const { inventory } = requireRendered(context);
  const { kind, name } = await nameOf(context, word, inventory);
  const names = kind === "soulstone"
    ? [name]
    : inventory.covens.find((coven) => coven.name === name)?.members ?? [];
  if (journalctl === undefined) {
    throw new Refusal("there is no journalctl", { code: EXIT.hostRefused });
  }
  // Not --user: a journal that is not stored on disk has no file of the user.
  const code = await host.runAttached(journalctl, [
    "--no-pager",
    `--lines=${lines}`,
    ...follow ? ["--follow"] : [],
    ...json ? ["--output=json"] : [],
    ...names.map((name) => `--user-unit=${soulstoneUnit(name).service}`),
  ]);
  return code === 0 ? EXIT.ok : EXIT.hostRefused;
}

/** Reads a name; a rendered name needs no systemd that answers. */
async function nameOf(context: CommandContext, word: string, inventory: Inventory): Promise<Name> {
  const systemd = userSystemd(context);
  try {
    if (systemd !== undefined) return await readNameNow(systemd, word, inventory);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
  }
  return orRefuse(readName(word, inventory)).name;
}
