import { logSourceOf } from "../core/orchestrator/services.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { Refusal } from "../run/refusal.ts";
import { matchesOf } from "../units/journal.ts";
import { requireRendered } from "../units/rendered.ts";
import { selectNow } from "../units/selection.ts";
import { userSystemd } from "../units/systemd.ts";

/** The lines to print without `--lines` and `--since`. */
const LINES = 50;

/** `lychd logs [NAME]`: shows the journal of one engine, a Coven, the pod or a Watcher, or of all. */
export async function logs(
  { json, name, follow, lines, since, all }: Extract<Invocation, { command: "logs" }>,
  context: CommandContext,
): Promise<ExitCode> {
  const { host, user, programs: { journalctl } } = context;
  const rendered = requireRendered(context);
  const { soulstones, services } = await selectNow(userSystemd(context), name, rendered);
  if (journalctl === undefined) {
    throw new Refusal("there is no journalctl", { code: EXIT.hostRefused });
  }
  const code = await host.runAttached(journalctl, [
    "--no-pager",
    `--lines=${lines ?? (since === undefined ? LINES : "all")}`,
    ...since === undefined ? [] : [`--since=${since}`],
    ...follow ? ["--follow"] : [],
    ...json ? ["--output=json"] : [],
    ...matchesOf([...soulstones.map(logSourceOf), ...services], { user, all }),
  ]);
  // journalctl has printed the reason, for example a time that it cannot parse.
  if (code !== 0 && since !== undefined) {
    context.terminal.err(
      'hint: lychd logs --since "1 hour ago", or today, or "2026-11-30 18:00"\n',
    );
  }
  return code === 0 ? EXIT.ok : EXIT.hostRefused;
}
