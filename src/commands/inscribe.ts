import { basename, dirname, join } from "node:path/posix";
import type { Rune } from "../core/compile/mod.ts";
import {
  type Change,
  formatDiff,
  formatSummary,
  plan,
  type Restarts,
  restartsFor,
} from "../core/plan/mod.ts";
import { printable } from "../core/report/mod.ts";
import { SEPULCHER, serviceOf } from "../core/rune/mod.ts";
import { HostError } from "../host/host.ts";
import { EXIT, type ExitCode, type InscribeOptions } from "../invocation.ts";
import type { CommandContext } from "./context.ts";
import { readTree } from "./disk.ts";
import { fail } from "./fail.ts";
import { pendingWrites, readPending, writePending } from "./pending.ts";
import { findStrangers } from "./strangers.ts";
import { isRunning, type Systemd, userSystemd } from "./systemd.ts";
import { beginTransaction, recover, type Write } from "./transaction.ts";
import { verifyOnStage } from "./verify.ts";
import { writesFor } from "./writes.ts";

/** What an inscription did. */
interface Inscribed {
  readonly code: ExitCode;
  readonly changes: readonly Change[];
  /** Services that run with what is no longer so. */
  readonly restartNeeded: readonly string[];
  readonly restarted: readonly string[];
}

/** Why a command that writes refuses, with the exit code that tells it. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  constructor(readonly code: ExitCode, message: string, readonly hint?: string) {
    super(message);
  }
}

/**
 * Does `work` while no other lychd writes, and after what a former run left half done is undone.
 * Says on stderr why it was refused; then the state is that of before.
 */
export async function writing<T>(
  context: CommandContext,
  options: InscribeOptions,
  work: (systemd: Systemd | undefined) => Promise<T>,
): Promise<T | { refused: ExitCode }> {
  const { host, folders, terminal } = context;
  try {
    const systemd = await requireHost(context, options);
    checkFolders(context);
    host.makeFolder(folders.quadlet);
    const holder = `process ${context.processId}`;
    const lock = await host.lock(join(folders.quadlet, LOCK), holder, options.waitSeconds);
    if ("heldBy" in lock) {
      throw new Refusal(
        EXIT.failure,
        `another lychd is writing: ${printable(lock.heldBy)}`,
        `wait for it longer with --wait SECONDS (now ${options.waitSeconds})`,
      );
    }
    try {
      if (recover(host, folders.config)) {
        terminal.err("lychd: a run before this one was cut off; what it had begun is undone\n");
        // systemd may have read what is now undone.
        await systemd?.reload();
      }
      return await work(systemd);
    } finally {
      lock.release();
    }
  } catch (error) {
    if (error instanceof Refusal) {
      const { code, hint } = error;
      return { refused: fail(context, options.json, error.message, { code, hint }) };
    }
    if (!(error instanceof HostError)) throw error;
    const words = `${error.path}: ${error.message}; nothing was changed`;
    return { refused: fail(context, options.json, words) };
  }
}

/** The file, in our folder, whose lock keeps two runs apart. */
export const LOCK = ".lychd-lock";

/**
 * Makes the live folders hold exactly the runes that are wanted, as one transaction: tried by the
 * real generator, written, loaded by systemd; or nothing of it. Says on stderr why it refused.
 *
 * `wanted` is asked when no other run can write, and may throw a {@linkcode Refusal}.
 */
export async function inscribe(
  context: CommandContext,
  options: InscribeOptions,
  wanted: () => readonly Rune[],
): Promise<ExitCode> {
  const done = await writing(
    context,
    options,
    (systemd) => inscribeLocked(context, options, wanted(), systemd),
  );
  if ("refused" in done) return done.refused;
  tellInscribed(context, options, done);
  return done.code;
}

async function inscribeLocked(
  context: CommandContext,
  options: InscribeOptions,
  runes: readonly Rune[],
  systemd: Systemd | undefined,
): Promise<Inscribed> {
  const { host, folders, terminal } = context;
  const read = readTree(host, folders.config, runes.map((rune) => rune.path));
  if ("problem" in read) throw new Refusal(EXIT.failure, printable(read.problem));
  const changes = plan({ runes, disk: read.tree.disk, receipt: read.tree.receipt });
  refuseStrange(context, options, changes, runes);
  const backups = backupsFor(context, changes);
  const writes = [
    ...writesFor(changes, read.tree),
    ...backups,
    ...pendingWrites(host, folders.config, restartsFor(changes).changed),
  ];
  if (writes.length > 0) {
    if (options.verify && folders.stage !== undefined) {
      const wrong = await verifyOnStage(context, folders.stage, runes);
      if (wrong.length > 0) {
        throw new Refusal(
          EXIT.hostRefused,
          `the units were tried and refused; nothing was changed\n${printableLines(wrong)}`,
        );
      }
    }
    const transaction = beginTransaction(host, folders.config, writes);
    const problem = systemd && await load(systemd, runes);
    if (problem !== undefined) {
      transaction.undo();
      const after = await systemd?.reload();
      throw new Refusal(
        EXIT.hostRefused,
        `systemd does not load the new units; the former ones are back\n${problem}${after ?? ""}`,
      );
    }
    transaction.commit();
  }
  for (const { path } of backups) {
    terminal.err(`lychd: the edit is kept as ${printable(join(folders.config, path))}\n`);
  }
  const restarts = await applyRestarts(context, options, restartsFor(changes), runes, systemd)
    .catch((error) => {
      if (!(error instanceof HostError)) throw error;
      const words = `${printable(error.path)}: ${error.message}; the new units are in place`;
      throw new Refusal(EXIT.hostRefused, words, "systemctl --user status 'soulstone-*'");
    });
  return {
    code: restarts.problem === undefined ? EXIT.ok : EXIT.hostRefused,
    changes,
    ...restarts,
  };
}

/** What must be there before anything is tried, unless the operator does without it. */
async function requireHost(
  context: CommandContext,
  options: InscribeOptions,
): Promise<Systemd | undefined> {
  const { programs, folders } = context;
  if (options.verify && programs.generator === undefined) {
    throw new Refusal(
      EXIT.hostRefused,
      "there is no Quadlet generator on this host, so no unit can be tried",
      "install Podman 5.4 or newer, such as by: sudo dnf install podman; or say --no-verify",
    );
  }
  if (options.verify && folders.stage === undefined) {
    throw new Refusal(
      EXIT.hostRefused,
      "XDG_RUNTIME_DIR is not set, so there is no place to try units in",
      "export XDG_RUNTIME_DIR=/run/user/$(id -u); or say --no-verify",
    );
  }
  if (!options.reload) return undefined;
  const systemd = userSystemd(context);
  const problem = systemd === undefined ? "there is no systemctl" : await systemd.problem();
  if (problem !== undefined) {
    throw new Refusal(
      EXIT.hostRefused,
      `the user's systemd does not answer: ${printable(problem)}`,
      `sudo loginctl enable-linger $USER, and log in anew (not by su or sudo); or say --no-reload`,
    );
  }
  return systemd;
}

/** Folders that lead elsewhere or belong to somebody else are not written through. */
function checkFolders({ host, folders, user }: CommandContext): void {
  for (const leaf of [folders.quadlet, join(folders.systemd, "default.target.d")]) {
    for (let folder = leaf; folder.startsWith(`${folders.config}/`); folder = dirname(folder)) {
      const status = host.lstat(folder);
      if (status === undefined) continue;
      if (status.kind !== "folder") {
        throw new Refusal(
          EXIT.failure,
          `${
            printable(folder)
          } is a ${status.kind}, and lychd writes through none; nothing was changed`,
          "make it a folder of its own, or point XDG_CONFIG_HOME at where it leads",
        );
      }
      if (status.owner !== user) {
        throw new Refusal(
          EXIT.failure,
          `${
            printable(folder)
          } belongs to user ${status.owner}, not to ${user}; nothing was changed`,
          `sudo chown -R ${user} ${printable(folder)}`,
        );
      }
    }
  }
}

/** Refuses what is not ours to change, and what somebody edited. */
function refuseStrange(
  context: CommandContext,
  options: InscribeOptions,
  changes: readonly Change[],
  runes: readonly Rune[],
): void {
  const { host, folders } = context;
  const shown = (path: string) => printable(join(folders.config, path));
  const foreign = changes.filter((change) => change.action === "foreign");
  if (foreign.length > 0) {
    throw new Refusal(
      EXIT.failure,
      foreign.map(({ path }) => `${shown(path)} was not written by lychd; nothing was changed`)
        .join("\n"),
      "move it away, or name the Soulstone otherwise",
    );
  }
  const strangers = findStrangers(host, folders, runes);
  if (strangers.length > 0) {
    throw new Refusal(
      EXIT.failure,
      `a unit of that name is there already; nothing was changed\n${printableLines(strangers)}`,
      "move it away, or name the Soulstone or group otherwise",
    );
  }
  refuseDrift(context, options, changes);
}

/** Refuses, with their diffs, files that somebody edited, unless ours are to be taken. */
export function refuseDrift(
  { folders, terminal }: CommandContext,
  { force }: InscribeOptions,
  changes: readonly Change[],
): void {
  const drifted = changes.filter((change) => change.action === "drifted");
  if (drifted.length === 0 || force) return;
  for (const change of drifted) terminal.err(formatDiff(change));
  throw new Refusal(
    EXIT.failure,
    drifted.map(({ path }) =>
      `${
        printable(join(folders.config, path))
      } was edited since it was written; nothing was changed`
    ).join("\n"),
    "bring the edit into the Codex (`quadlet` takes any key); or --force takes ours and keeps yours",
  );
}

/** Copies of files that were edited and are now overwritten, under names that are no units. */
export function backupsFor({ host, folders }: CommandContext, changes: readonly Change[]): Write[] {
  return changes.flatMap(({ path, action, before }) => {
    if (action !== "drifted" || before === undefined) return [];
    let name = `${path}.edited`;
    for (let n = 2; host.lstat(join(folders.config, name)) !== undefined; n++) {
      name = `${path}.edited-${n}`;
    }
    return [{ path: name, content: before.bytes, mode: before.mode }];
  });
}

/** Has systemd read the units anew; what is wrong if it does not know one of them then. */
async function load(systemd: Systemd, runes: readonly Rune[]): Promise<string | undefined> {
  try {
    return await loadProblem(systemd, runes);
  } catch (error) {
    if (error instanceof HostError) return `${error.path}: ${error.message}`;
    throw error;
  }
}

async function loadProblem(systemd: Systemd, runes: readonly Rune[]): Promise<string | undefined> {
  const problem = await systemd.reload();
  if (problem !== undefined) return problem;
  const units = runes.map(({ path }) => basename(path))
    .flatMap((file) => serviceOf(file) ?? (file.endsWith(".target") ? file : []));
  const states = await systemd.states(units);
  const missing = units.filter((unit) => states.get(unit)?.loadState !== "loaded");
  return missing.length === 0 ? undefined : missing.map((unit) => {
    const state = states.get(unit);
    return `  ${unit}: ${state?.loadState ?? "unknown"} ${state?.loadError ?? ""}`.trimEnd();
  }).join("\n");
}

/**
 * Restarts what runs and changed, now or at a render before, if that was asked for; else tells what
 * should be restarted, and keeps it in mind.
 */
async function applyRestarts(
  { host, folders }: CommandContext,
  { restart }: InscribeOptions,
  { changed, removed }: Restarts,
  runes: readonly Rune[],
  systemd: Systemd | undefined,
): Promise<{ restartNeeded: string[]; restarted: string[]; problem: string | undefined }> {
  const own = new Set(runes.map(({ path }) => serviceOf(basename(path))));
  const before = new Map([...readPending(host, folders.config)].filter(([unit]) => own.has(unit)));
  if (systemd === undefined) {
    return { restartNeeded: [...changed, ...removed], restarted: [], problem: undefined };
  }
  const states = await systemd.states([...new Set([...changed, ...removed, ...before.keys()])]);
  const runs = (unit: string) => isRunning(states.get(unit));
  const still = [...before].filter(([unit, id]) =>
    id === "" || states.get(unit)?.invocationId === id
  );
  const anew = withoutMembers([...changed, ...still.map(([unit]) => unit)].filter(runs));
  const gone = removed.filter(runs);
  const needed = [...new Set([...anew, ...gone])].sort();
  const problem = !restart ? undefined : (gone.length > 0 ? await systemd.stop(gone) : undefined) ??
    (anew.length > 0 ? await systemd.tryRestart(anew) : undefined);
  const done = restart && problem === undefined;
  const pending = anew.map((
    unit,
  ): [string, string] => [unit, states.get(unit)?.invocationId ?? ""]);
  if (before.size > 0 || !done) writePending(host, folders.config, new Map(done ? [] : pending));
  return { restartNeeded: done ? [] : needed, restarted: done ? needed : [], problem };
}

/** A restart of the pod is one of all that is in it. */
function withoutMembers(units: readonly string[]): string[] {
  return units.includes(SEPULCHER.service) ? [SEPULCHER.service] : [...new Set(units)].sort();
}

/** Tells the operator what was done, what to do next, and what is not known. */
function tellInscribed(
  { terminal, folders }: CommandContext,
  options: InscribeOptions,
  { changes, restartNeeded, restarted }: Inscribed,
): void {
  if (options.json) {
    const value = {
      changes: changes.map(({ path, action }) => ({ path, action })),
      summary: formatSummary(changes),
      restart_needed: restartNeeded,
      restarted,
      verified: options.verify,
      reloaded: options.reload,
    };
    terminal.out(`${JSON.stringify(value, null, 2)}\n`);
  } else {
    terminal.out(`${printable(folders.config)}: ${doneSummary(changes)}\n`);
    if (restarted.length > 0) terminal.out(`restarted: ${restarted.join(" ")}\n`);
  }
  if (restartNeeded.length > 0) {
    const names = restartNeeded.join(" ");
    terminal.err(
      options.reload
        ? `lychd: still running as they were before: ${names}\nhint: lychd render --restart\n`
        : `lychd: these changed and count from their next start on: ${names}\n`,
    );
  }
  tellUnknown(terminal.err, options);
}

/** What is not known because the operator did without it. */
export function tellUnknown(err: (text: string) => void, options: InscribeOptions): void {
  if (!options.verify) {
    err("lychd: not verified: whether Quadlet takes these units is not known\n");
  }
  if (!options.reload) {
    err(
      "lychd: not reloaded: systemd still has the former units, and whether it loads these is not " +
        "known\nhint: systemctl --user daemon-reload\n",
    );
  }
}

function doneSummary(changes: readonly Change[]): string {
  const done = { create: "created", update: "updated", remove: "removed", drifted: "taken back" };
  const parts = Object.entries(done).map(([action, word]) => {
    const n = changes.filter((change) => change.action === action).length;
    return n === 0 && action === "drifted" ? "" : `${n} ${word}`;
  });
  const unchanged = changes.filter((change) => change.action === "unchanged").length;
  return [...parts, `${unchanged} unchanged`].filter((part) => part !== "").join(", ");
}

function printableLines(lines: readonly string[]): string {
  return lines.map((line) => `  ${printable(line)}`).join("\n");
}
