import { join } from "node:path/posix";
import { CURRENT_PATH, FORMER_PATH, plan, RECEIPT_PATH, sha256 } from "../core/plan/mod.ts";
import { printable } from "../core/report/mod.ts";
import { HARVESTER, QUADLET_FOLDER, SCRIBE, unitOf } from "../core/rune/mod.ts";
import { HostError } from "../host/host.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import type { CommandContext } from "../run/context.ts";
import { readTree } from "../units/disk.ts";
import { backupsFor, refuseDrift } from "../inscribe/drift.ts";
import { NOTES_PATH, readNotes } from "../inscribe/notes.ts";
import type { Systemd } from "../units/systemd.ts";
import { beginTransaction, type Write } from "../inscribe/transaction.ts";
import { Refusal, writing } from "../inscribe/locked.ts";

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
  if (invocation.json) {
    const value = { removed: done.removed, reloaded: invocation.reload };
    terminal.out(`${JSON.stringify(value, null, 2)}\n`);
  } else {
    terminal.out(`${printable(folders.config)}: ${done.removed.length} removed\n`);
  }
  const volumes = [HARVESTER, SCRIBE].filter(({ data }) =>
    done.removed.includes(`${QUADLET_FOLDER}/${data}`)
  ).map(({ volume }) => volume);
  if (volumes.length > 0) {
    const names = volumes.join(" ");
    terminal.err(
      `lychd: what the Watchers have gathered is kept\nhint: podman volume rm ${names}\n`,
    );
  }
  if (!invocation.reload) {
    terminal.err(
      "lychd: not reloaded: engines that run were not stopped, and systemd still has their units\n" +
        "hint: systemctl --user stop 'soulstone-*' lychd-pod; systemctl --user daemon-reload\n",
    );
  }
  if (!invocation.verify) terminal.err("lychd: not verified: there is nothing to try in a purge\n");
  return EXIT.ok;
}

async function purgeLocked(
  invocation: PurgeInvocation,
  context: CommandContext,
  systemd: Systemd | undefined,
): Promise<{ removed: readonly string[] }> {
  const { host, folders } = context;
  const planned = planPurge(context, invocation);
  const removed = planned.changes.map((change) => change.path);
  if (removed.length > 0) await confirm(context, invocation, removed);
  const { stop, restart } = readNotes(host, folders.config);
  const units = Object.keys(planned.receipt.files).flatMap((path) => unitOf(path) ?? []);
  const stopped = await stopUnits(systemd, [...units, ...stop.keys(), ...restart.keys()]);
  if (stopped !== undefined) {
    throw new Refusal(EXIT.hostRefused, `a unit does not stop: ${stopped}; no file was removed`);
  }
  try {
    // Planned again: somebody may have edited a file while the question stood and engines ended.
    const { changes } = planPurge(context, invocation);
    const own = [RECEIPT_PATH, FORMER_PATH, CURRENT_PATH, NOTES_PATH]
      .filter((path) => host.lstat(join(folders.config, path)) !== undefined);
    const writes: Write[] = [
      ...changes.map(({ path, before }) => ({
        path,
        content: undefined,
        mode: 0,
        expected: before === undefined ? undefined : sha256(before.bytes),
      })),
      ...own.map((path) => ({ path, content: undefined, mode: 0 })),
      ...backupsFor(context, changes),
    ];
    beginTransaction(host, folders.config, writes).commit();
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    const left = systemd === undefined
      ? "nothing was changed"
      : "the engines are stopped, but no file is gone";
    const words = `${printable(error.path)}: ${error.message}; ${left}`;
    throw new Refusal(EXIT.failure, words);
  }
  const problem = await systemd?.reload();
  if (problem !== undefined) {
    throw new Refusal(
      EXIT.hostRefused,
      `the files are removed, but systemd was not told: ${problem}`,
    );
  }
  return { removed };
}

/** What a purge removes; refuses files that somebody edited. */
function planPurge(context: CommandContext, invocation: PurgeInvocation) {
  const read = readTree(context.host, context.folders.config, []);
  if ("problem" in read) throw new Refusal(EXIT.failure, printable(read.problem));
  const { receipt, disk } = read.tree;
  const changes = plan({ runes: [], disk, receipt });
  refuseDrift(context, invocation, changes);
  return { changes, receipt };
}

/** Asks the operator, unless that was answered ahead. */
async function confirm(
  { terminal, folders }: CommandContext,
  { yes }: PurgeInvocation,
  removed: readonly string[],
): Promise<void> {
  if (yes) return;
  if (!terminal.canAsk) {
    const words = "purge asks first, and there is nobody to ask";
    throw new Refusal(EXIT.usage, words, "lychd purge --yes");
  }
  terminal.err(removed.map((path) => `  ${printable(join(folders.config, path))}\n`).join(""));
  const answer = await terminal.ask(
    `stop the engines and remove these ${removed.length} files? [y/N] `,
  );
  if (!/^y(?:es)?$/i.test(answer?.trim() ?? "")) {
    throw new Refusal(EXIT.failure, "nothing was removed");
  }
}

/** Stops those of `units` that systemd knows, also one that only waits; what it said if one did not. */
async function stopUnits(
  systemd: Systemd | undefined,
  units: readonly string[],
): Promise<string | undefined> {
  if (systemd === undefined || units.length === 0) return undefined;
  const states = await systemd.states(units);
  const known = units.filter((unit) => {
    const state = states.get(unit);
    return state?.loadState === "loaded" || state !== undefined && state.activeState !== "inactive";
  });
  return known.length === 0 ? undefined : await systemd.stop(known);
}
