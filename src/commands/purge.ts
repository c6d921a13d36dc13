import { join } from "node:path/posix";
import { sha256 } from "../core/plan/digest.ts";
import { CURRENT_PATH, FORMER_PATH } from "../core/plan/generation.ts";
import { type Change, plan } from "../core/plan/plan.ts";
import { RECEIPT_PATH } from "../core/plan/receipt.ts";
import { printable } from "../core/report/printable.ts";
import { unitOf } from "../core/rune/names.ts";
import { readUnit } from "../core/rune/unit.ts";
import { HostError } from "../host/host.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import type { CommandContext } from "../run/context.ts";
import { readTree } from "../units/disk.ts";
import { backupsFor, refuseDrift } from "../inscribe/drift.ts";
import { NOTES_PATH, readNotes } from "../units/notes.ts";
import type { Systemd } from "../units/systemd.ts";
import { withWriteLock } from "../inscribe/locked.ts";
import { beginTransaction, removeInOrder, type Write } from "../inscribe/transaction.ts";
import { Refusal, refusalOf } from "../run/refusal.ts";
import { printJson } from "../run/say.ts";

type PurgeInvocation = Extract<Invocation, { command: "purge" }>;

/** `lychd purge`: stops the engines, and removes exactly the files in the receipt. */
export async function purge(
  invocation: PurgeInvocation,
  context: CommandContext,
): Promise<ExitCode> {
  // A purge leaves no units to verify.
  const options = { ...invocation, verify: false };
  const { removed, kept } = await withWriteLock(
    context,
    options,
    (systemd) => purgeLocked(invocation, context, systemd),
  );
  const { folders, terminal: { out, err } } = context;
  if (invocation.json) printJson(context, { removed, kept, reloaded: invocation.reload });
  else if (removed.length === 0) out("nothing to remove: lychd has written no units\n");
  else out(`${printable(folders.config)}: ${removed.length} removed\n`);
  if (removed.length > 0) err(keptText(kept, folders.codexShown));
  if (!invocation.reload) {
    err("lychd: not reloaded: engines still run, and systemd still has their units\n");
    err("hint: systemctl --user stop 'soulstone-*' lychd-pod; systemctl --user daemon-reload\n");
  }
  if (!invocation.verify) err("lychd: --no-verify has no effect: a purge verifies no units\n");
  return EXIT.ok;
}

async function purgeLocked(
  invocation: PurgeInvocation,
  context: CommandContext,
  systemd: Systemd | undefined,
): Promise<{ removed: readonly string[]; kept: Kept }> {
  const { host, folders } = context;
  const planned = planPurge(context, invocation);
  const removed = planned.changes.map((change) => change.path);
  if (removed.length > 0) await confirm(context, invocation, removed);
  const { stop, started } = readNotes(host, folders.config);
  const units = Object.keys(planned.receipt.files).flatMap((path) => unitOf(path) ?? []);
  const all = [...units, ...stop.keys(), ...started.keys()];
  const stopped = await stopUnits(systemd, all);
  if (stopped !== undefined) {
    throw new Refusal(`a unit did not stop: ${stopped}; no file was removed`, HOST_REFUSED);
  }
  try {
    // A file may have been edited during the prompt and while engines stopped.
    const { changes } = planPurge(context, invocation);
    const own = [FORMER_PATH, CURRENT_PATH, NOTES_PATH, RECEIPT_PATH]
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
    removeAsTransaction(context, writes);
  } catch (error) {
    const stopped = "the engines are stopped, but no file was removed";
    throw refusalOf(error, systemd === undefined ? "nothing was changed" : stopped);
  }
  const problem = await systemd?.reload();
  if (problem !== undefined) {
    const message = `the files are removed, but systemd did not reload: ${problem}`;
    throw new Refusal(message, HOST_REFUSED);
  }
  // A unit that has failed stays in memory, although its file is gone.
  await systemd?.resetFailed(all);
  return { removed, kept: keptBy(planned.changes) };
}

/** The contents of Podman's storage that a purge leaves: volumes with models and data, and images; sorted. */
interface Kept {
  readonly volumes: readonly string[];
  readonly images: readonly string[];
}

/** Returns the named volumes and the images of removed units. */
function keptBy(changes: readonly Change[]): Kept {
  const units = changes.flatMap(({ path, before }) => {
    if (before === undefined || unitOf(path) === undefined) return [];
    const read = readUnit(new TextDecoder().decode(before.bytes));
    return "lines" in read ? read.lines : [];
  });
  const values = (section: string, key: string) =>
    units.filter((line) => line.section === section && line.key === key).map(({ value }) => value);
  const sources = values("Container", "Volume").map((volume) => volume.split(":")[0] ?? "");
  // Other sources are paths, or the `.volume` units that name their volume.
  const named = sources.filter((source) => /^[a-zA-Z0-9][\w.-]*$/.test(source));
  const volumes = [
    ...named.filter((source) => !source.endsWith(".volume")),
    ...values("Volume", "VolumeName"),
  ];
  const sorted = (names: readonly string[]) => [...new Set(names)].sort();
  return { volumes: sorted(volumes), images: sorted(values("Container", "Image")) };
}

function keptText({ volumes, images }: Kept, codex: string): string {
  const lists: [words: string, remove: string, names: readonly string[]][] = [
    ["the volumes", "podman volume rm", volumes],
    ["the images", "podman image rm", images],
  ];
  return `lychd: kept: the Codex ${printable(codex)}\n` +
    lists.filter(([, , names]) => names.length > 0).map(([words, remove, names]) => {
      const list = printable(names.join(" "));
      return `lychd: kept: ${words} ${list}\nhint: ${remove} ${list}\n`;
    }).join("");
}

/** A disk without space for a journal does not keep the files: the receipt goes last. */
function removeAsTransaction({ host, folders }: CommandContext, writes: readonly Write[]): void {
  try {
    beginTransaction(host, folders.config, writes).commit();
  } catch (error) {
    const isRemoval = writes.every(({ content }) => content === undefined);
    if (!(error instanceof HostError && error.reason === "no-space" && isRemoval)) throw error;
    removeInOrder(host, folders.config, writes.map(({ path }) => path));
  }
}

const HOST_REFUSED = { code: EXIT.hostRefused };

/** Plans the removal; refuses files that were edited by hand. */
function planPurge(context: CommandContext, invocation: PurgeInvocation) {
  const { receipt, disk } = readTree(context.host, context.folders.config, []);
  const changes = plan({ runes: [], disk, receipt });
  refuseDrift(context, invocation, changes);
  return { changes, receipt };
}

/** Prompts for confirmation, unless `--yes` is set. */
async function confirm(
  { terminal, folders }: CommandContext,
  { yes }: PurgeInvocation,
  removed: readonly string[],
): Promise<void> {
  if (yes) return;
  if (!terminal.canAsk) {
    throw new Refusal("purge needs confirmation, but stdin is not a terminal", {
      code: EXIT.usage,
      hint: "lychd purge --yes",
    });
  }
  terminal.err(removed.map((path) => `  ${printable(join(folders.config, path))}\n`).join(""));
  const answer = await terminal.ask(
    `stop the engines and remove these ${removed.length} files? [y/N] `,
  );
  if (!/^y(?:es)?$/i.test(answer?.trim() ?? "")) {
    throw new Refusal("nothing was removed");
  }
}

/** Stops those of `units` that are not inactive or have a job. Returns the message of a failure. */
async function stopUnits(
  systemd: Systemd | undefined,
  units: readonly string[],
): Promise<string | undefined> {
  if (systemd === undefined || units.length === 0) return undefined;
  const active = [...(await systemd.activeStates(units)).keys()];
  return active.length === 0 ? undefined : await systemd.stop(active);
}
