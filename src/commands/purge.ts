import { basename, join } from "node:path/posix";
import { FORMER_PATH, plan, RECEIPT_PATH } from "../core/plan/mod.ts";
import { printable } from "../core/report/mod.ts";
import { serviceOf } from "../core/rune/mod.ts";
import { EXIT, type ExitCode, type Invocation } from "../invocation.ts";
import type { CommandContext } from "./context.ts";
import { readTree } from "./disk.ts";
import { backupsFor, refuseDrift } from "./drift.ts";
import { tellUnknown } from "./inscribe.ts";
import { writePending } from "./pending.ts";
import type { Systemd } from "./systemd.ts";
import { beginTransaction, type Write } from "./transaction.ts";
import { LOCK, Refusal, writing } from "./writing.ts";

type PurgeInvocation = Extract<Invocation, { command: "purge" }>;

/** `lychd purge`: stops what runs, and removes exactly what the receipt names. */
export async function purge(
  invocation: PurgeInvocation,
  context: CommandContext,
): Promise<ExitCode> {
  // Nothing is tried by the generator: there is nothing left to try.
  const options = { ...invocation, verify: false };
  const done = await writing(
    context,
    options,
    (systemd) => purgeLocked(invocation, context, systemd),
  );
  if ("refused" in done) return done.refused;
  const { folders, terminal } = context;
  if (invocation.json) terminal.out(`${JSON.stringify({ removed: done.removed }, null, 2)}\n`);
  else terminal.out(`${printable(folders.config)}: ${done.removed.length} removed\n`);
  tellUnknown(terminal.err, { ...invocation, verify: true });
  return EXIT.ok;
}

async function purgeLocked(
  invocation: PurgeInvocation,
  context: CommandContext,
  systemd: Systemd | undefined,
): Promise<{ removed: readonly string[] }> {
  const { host, folders, terminal } = context;
  const read = readTree(host, folders.config, [RECEIPT_PATH, FORMER_PATH]);
  if ("problem" in read) throw new Refusal(EXIT.failure, printable(read.problem));
  const { receipt, disk, hasReceipt } = read.tree;
  if (!hasReceipt) {
    throw new Refusal(EXIT.failure, "there is no receipt: lychd has written nothing here");
  }
  const changes = plan({ runes: [], disk, receipt });
  refuseDrift(context, invocation, changes);
  const removed = changes.map((change) => change.path);
  if (!invocation.yes) {
    if (!terminal.canAsk) {
      throw new Refusal(
        EXIT.usage,
        "purge asks first, and there is nobody to ask",
        "lychd purge --yes",
      );
    }
    terminal.err(removed.map((path) => `  ${printable(join(folders.config, path))}\n`).join(""));
    const answer = terminal.ask(
      `stop the engines and remove these ${removed.length} files? [y/N] `,
    );
    if (!/^y(?:es)?$/i.test(answer.trim())) throw new Refusal(EXIT.failure, "nothing was removed");
  }
  const units = removed.map((path) => basename(path))
    .flatMap((file) => serviceOf(file) ?? (file.endsWith(".target") ? file : []));
  const stopped = await stopUnits(systemd, units);
  if (stopped !== undefined) {
    throw new Refusal(EXIT.hostRefused, `a unit does not stop: ${stopped}`);
  }
  const own = [RECEIPT_PATH, FORMER_PATH].filter((path) => disk.has(path));
  const writes: Write[] = [...removed, ...own].map((path) => ({
    path,
    content: undefined,
    mode: 0,
  }));
  beginTransaction(host, folders.config, [...writes, ...backupsFor(context, changes)]).commit();
  await systemd?.reload();
  writePending(host, folders.config, new Map());
  host.remove(join(folders.quadlet, LOCK));
  host.removeEmptyFolder(folders.quadlet);
  return { removed };
}

/** Stops those of `units` that systemd knows; what it said when one did not stop. */
async function stopUnits(
  systemd: Systemd | undefined,
  units: readonly string[],
): Promise<string | undefined> {
  if (systemd === undefined) return undefined;
  const states = await systemd.states(units);
  const known = units.filter((unit) => states.get(unit)?.activeState !== "inactive");
  return known.length === 0 ? undefined : await systemd.stop(known);
}
