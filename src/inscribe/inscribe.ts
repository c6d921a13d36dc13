import { join } from "node:path/posix";
import { complaintFindings, type Rune } from "../core/compile/mod.ts";
import { type Change, formatSummary, plan, restartsFor } from "../core/plan/mod.ts";
import { formatReport, printable, printableLines } from "../core/report/mod.ts";
import { SEPULCHER, unitOf } from "../core/rune/mod.ts";
import { HostError } from "../host/host.ts";
import { EXIT, type ExitCode, type InscribeOptions } from "../run/invocation.ts";
import type { CommandContext } from "../run/context.ts";
import { readTree } from "../units/disk.ts";
import { backupsFor, refuseStrange } from "./drift.ts";
import { notesWrite, readNotes } from "./notes.ts";
import { addToNotes, applyRestarts, type Restarted } from "./restart.ts";
import type { Systemd } from "../units/systemd.ts";
import { beginTransaction } from "./transaction.ts";
import { verifyOnStage } from "./verify.ts";
import { writesFor } from "./writes.ts";
import { Refusal, refuseForeign, writing } from "./locked.ts";

/** What is to be in the live folders. */
export interface Wanted {
  readonly runes: readonly Rune[];
  /** The digest of the Codex that they are made from, if it is that of now. */
  readonly codex?: string | undefined;
  /** The texts of the Codex files, for the frames of a report. */
  readonly sources?: ReadonlyMap<string, string> | undefined;
}

/** What an inscription did. */
interface Inscribed extends Restarted {
  readonly code: ExitCode;
  readonly changes: readonly Change[];
}

/**
 * Makes the live folders hold exactly the runes that are wanted, as one transaction: tried by the
 * real generator, written, loaded by systemd; or nothing of it. Says on stderr why it refused.
 *
 * `wanted` is asked when no other run can write, and may throw a {@linkcode Refusal}.
 */
export async function inscribe(
  context: CommandContext,
  options: InscribeOptions,
  wanted: () => Wanted,
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
  { runes, codex, sources }: Wanted,
  systemd: Systemd | undefined,
): Promise<Inscribed> {
  const { host, folders, terminal } = context;
  const paths = runes.map((rune) => rune.path);
  refuseForeign(context, folders.config, paths);
  const read = readTree(host, folders.config, paths);
  if ("problem" in read) throw new Refusal(EXIT.failure, printable(read.problem));
  const changes = plan({ runes, disk: read.tree.disk, receipt: read.tree.receipt });
  refuseStrange(context, options, changes, runes, read.tree.receipt);
  const backups = backupsFor(context, changes);
  const notes = readNotes(host, folders.config);
  const unknown = !options.verify || !options.reload;
  const { receipt } = read.tree;
  const own = [...writesFor(host, folders.config, changes, { receipt, codex }), ...backups];
  const asked = restartsFor(changes);
  const isNews = own.length > 0 || notes.untold && !unknown;
  if (isNews) {
    await verify(context, options, { runes, sources });
    const told = addToNotes(notes, asked, unknown);
    const writes = [...own, ...notesWrite(host, folders.config, told)];
    const transaction = beginTransaction(host, folders.config, writes);
    const problem = systemd && await load(systemd, runes);
    if (problem !== undefined) {
      transaction.undo();
      const after = await systemd?.reload();
      const words = `systemd does not load the new units; the former ones are back\n${problem}`;
      throw new Refusal(EXIT.hostRefused, after === undefined ? words : `${words}\n${after}`);
    }
    transaction.commit();
  }
  for (const { path } of backups) {
    terminal.err(`lychd: the edit is kept as ${printable(join(folders.config, path))}\n`);
  }
  const restarts = await applyRestarts(context, options, systemd, asked).catch((error) => {
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

/** Refuses units that the real generator, or systemd, would not take. */
async function verify(
  context: CommandContext,
  { verify }: InscribeOptions,
  { runes, sources = new Map() }: Omit<Wanted, "codex">,
): Promise<void> {
  const { folders: { stage, codexShown }, terminal } = context;
  if (!verify || stage === undefined) return;
  const complaints = await verifyOnStage(context, stage, runes);
  // Restored Runes have no provenance; their complaints are printed without a place.
  const hasPlaces = runes.some(({ provenance }) => provenance.size > 0);
  const findings = hasPlaces ? complaintFindings(complaints, runes) : [];
  const { errPalette: palette } = terminal;
  terminal.err(formatReport(findings, { sources, prefix: `${codexShown}/`, palette }));
  if (complaints.refused.length === 0) return;
  throw new Refusal(
    EXIT.hostRefused,
    `the units were tried and refused; nothing was changed\n${printableLines(complaints.refused)}`,
  );
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
  const units = runes.flatMap(({ path }) => unitOf(path) ?? []);
  const states = await systemd.states(units);
  const missing = units.filter((unit) => states.get(unit)?.loadState !== "loaded");
  return missing.length === 0 ? undefined : missing.map((unit) => {
    const state = states.get(unit);
    return `  ${unit}: ${state?.loadState ?? "unknown"} ${state?.loadError ?? ""}`.trimEnd();
  }).join("\n");
}

/** Tells the operator what was done, what to do next, and what is not known. */
function tellInscribed(
  { terminal, folders }: CommandContext,
  options: InscribeOptions,
  { changes, restartNeeded, restarted, reread, problem }: Inscribed,
): void {
  if (options.json) {
    const value = {
      changes: changes.map(({ path, action }) => ({ path, action })),
      summary: formatSummary(changes),
      restart_needed: restartNeeded,
      restarted,
      reread,
      ...problem === undefined ? {} : { error: problem.said },
      verified: options.verify,
      reloaded: options.reload,
    };
    terminal.out(`${JSON.stringify(value, null, 2)}\n`);
  } else {
    terminal.out(`${printable(folders.config)}: ${doneSummary(changes)}\n`);
    if (restarted.length > 0) terminal.out(`restarted: ${restarted.join(" ")}\n`);
    if (reread.length > 0) terminal.out(`took over, without a restart: ${reread.join(" ")}\n`);
  }
  if (problem !== undefined) {
    terminal.err(`lychd: ${problem.what} failed: ${printable(problem.said)}\n`);
  } else if (restartNeeded.length > 0) {
    const names = restartNeeded.join(" ");
    const podNote = restartNeeded.includes(SEPULCHER.service)
      ? "; a restart of the pod is one of every engine in it"
      : "";
    terminal.err(
      options.reload
        ? `lychd: still running as they were before: ${names}${podNote}\nhint: lychd render --restart\n`
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
  const count = (fits: (change: Change) => boolean) => changes.filter(fits).length;
  const back = count((c) => c.action === "drifted" && c.after !== undefined);
  return [
    `${count((c) => c.action === "create")} created`,
    `${count((c) => c.action === "update")} updated`,
    `${count((c) => c.after === undefined)} removed`,
    ...back === 0 ? [] : [`${back} taken back`],
    `${count((c) => c.action === "unchanged")} unchanged`,
  ].join(", ");
}
