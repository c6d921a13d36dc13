import { cursor, erase } from "sisteransi";
import { printable } from "../core/report/printable.ts";
import type { CommandContext } from "../run/context.ts";
import { printJson } from "../run/say.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { warn } from "../run/say.ts";
import { enginesNow, warnOfStaleUnits } from "../units/engines.ts";
import { readGpus } from "../units/gpus.ts";
import { requireRendered } from "../units/rendered.ts";
import { staleNow, warnOfStale } from "../units/stale.ts";
import { fingerprintOf, type Status, statusJson, statusText } from "../units/status_text.ts";
import { withSystemd } from "../units/systemd.ts";

/** The interval of `--watch`. */
const WATCH_MILLISECONDS = 1000;

/** `lychd status`: shows the state of every rendered Soulstone, with `--watch` again and again. */
export async function status(
  { json, watch }: Extract<Invocation, { command: "status" }>,
  context: CommandContext,
): Promise<ExitCode> {
  const { terminal } = context;
  for (let former = "";;) {
    const status = await readStatus(context);
    if (!watch) warnOf(context, status);
    const current = fingerprintOf(status);
    if (json) {
      if (current !== former) printJson(context, statusJson(status), watch ? 0 : 2);
    } else {
      const text = statusText(status, terminal.outPalette);
      if (watch && terminal.outIsTerminal) {
        terminal.out(`${erase.screen}${cursor.to(0, 0)}${text}`);
      } else if (current !== former) terminal.out(former === "" ? text : `\n${text}`);
    }
    if (!watch || terminal.outIsGone()) return EXIT.ok;
    former = current;
    await new Promise((wake) => setTimeout(wake, WATCH_MILLISECONDS));
  }
}

async function readStatus(context: CommandContext): Promise<Status> {
  const rendered = requireRendered(context);
  const [{ now, stale }, gpus] = await Promise.all([
    withSystemd(context, async (systemd) => ({
      now: await enginesNow(systemd, rendered.inventory),
      stale: await staleNow(context, rendered, systemd),
    })),
    readGpus(context),
  ]);
  return { now, stale, gpus, atSeconds: Date.now() / 1000 };
}

function warnOf(context: CommandContext, { now, stale }: Status): void {
  warnOfStale(context, stale);
  if (now.strays.length > 0) {
    const names = now.strays.map(printable);
    const commands = names.map((name) => `lychd banish soulstone:${name}`);
    warn(context, `running, but no longer rendered: ${names.join(", ")}`, commands.join(" && "));
  }
  warnOfStaleUnits(context, now);
}
