import { join } from "node:path/posix";
import type { Rune } from "../core/compile/compile.ts";
import { inactiveUnit } from "../core/orchestrator/condition.ts";
import { complaintFindings } from "../core/compile/complaints.ts";
import { type Change, formatSummary, plan } from "../core/plan/plan.ts";
import { restartsFor } from "../core/plan/restarts.ts";
import { formatReport } from "../core/report/frame.ts";
import { printable } from "../core/report/printable.ts";
import { SEPULCHER, unitOf } from "../core/rune/names.ts";
import { HostError } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT, type ExitCode, type InscribeOptions } from "../run/invocation.ts";
import { Refusal, refusalOf } from "../run/refusal.ts";
import { printJson, warn } from "../run/say.ts";
import { refuseUntrustedFolders } from "../trust/path.ts";
import { readTree } from "../units/disk.ts";
import type { Systemd } from "../units/systemd.ts";
import { backupsFor, refuseNotOwned } from "./drift.ts";
import { withWriteLock } from "./locked.ts";
import { notesWrite, readNotes } from "./notes.ts";
import { addToNotes, applyRestarts, type Restarted } from "./restart.ts";
import { beginTransaction } from "./transaction.ts";
import { verifyOnStage } from "./verify.ts";
import { writesFor } from "./writes.ts";

/** The Runes (generated units) that the systemd folders must contain. */
export interface Wanted {
  readonly runes: readonly Rune[];
  /** The digest of the Codex that they are made from, if it is the present one. */
  readonly codex?: string | undefined;
  /** The texts of the Codex files, for the frames of a report. */
  readonly sources?: ReadonlyMap<string, string> | undefined;
}

/** The result of an inscription. */
interface Inscribed extends Restarted {
  readonly changes: readonly Change[];
  /** Units that systemd cannot start because the operator masked them. */
  readonly masked: readonly string[];
}

/**
 * Makes the systemd folders contain exactly the wanted Runes, as one transaction: the real generator
 * accepts the units, they are written, and systemd loads them; otherwise nothing changes.
 *
 * Calls `wanted` while no other run can write.
 */
export async function inscribe(
  context: CommandContext,
  options: InscribeOptions,
  wanted: () => Wanted,
): Promise<ExitCode> {
  const done = await withWriteLock(
    context,
    options,
    (systemd) => inscribeLocked(context, options, wanted(), systemd),
  );
  printInscribed(context, options, done);
  return done.problem === undefined ? EXIT.ok : EXIT.hostRefused;
}

async function inscribeLocked(
  context: CommandContext,
  options: InscribeOptions,
  { runes, codex, sources }: Wanted,
  systemd: Systemd | undefined,
): Promise<Inscribed> {
  const { host, folders, terminal } = context;
  const paths = runes.map((rune) => rune.path);
  refuseUntrustedFolders(context, folders.config, paths);
  const { disk, receipt } = readTree(host, folders.config, paths);
  const changes = plan({ runes, disk, receipt });
  refuseNotOwned(context, options, changes, runes, receipt);
  const backups = backupsFor(context, changes);
  const notes = readNotes(host, folders.config);
  const unconfirmed = !options.verify || !options.reload;
  const own = [...writesFor(host, folders.config, changes, { receipt, codex }), ...backups];
  const restarts = restartsFor(changes);
  const masked: string[] = [];
  if (own.length > 0 || notes.unconfirmed && !unconfirmed) {
    await verify(context, options, { runes, sources });
    const added = addToNotes(notes, restarts, unconfirmed);
    const writes = [...own, ...notesWrite(host, folders.config, added)];
    const transaction = beginTransaction(host, folders.config, writes);
    const loaded = systemd && await load(systemd, runes);
    if (loaded !== undefined && "problem" in loaded) {
      transaction.undo();
      const undone = "systemd does not load the new units; the previous ones are restored";
      const lines = [undone, loaded.problem, await systemd?.reload() ?? []].flat();
      throw new Refusal(lines.flatMap((line) => line.split("\n")), { code: EXIT.hostRefused });
    }
    transaction.commit();
    masked.push(...loaded?.masked ?? []);
  }
  for (const { path } of backups) {
    terminal.err(`lychd: the edited file is kept as ${printable(join(folders.config, path))}\n`);
  }
  try {
    return { changes, masked, ...await applyRestarts(context, options, systemd, restarts) };
  } catch (error) {
    throw refusalOf(error, "the new units are in place", {
      code: EXIT.hostRefused,
      hint: "systemctl --user status 'soulstone-*'",
    });
  }
}

/** Refuses units that the real generator or systemd does not accept. */
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
    ["the units were refused; nothing was changed", ...complaints.refused.map((l) => `  ${l}`)],
    { code: EXIT.hostRefused },
  );
}

/** Reloads systemd. Returns the units that are masked, or a problem if systemd lacks a unit. */
async function load(
  systemd: Systemd,
  runes: readonly Rune[],
): Promise<{ masked: readonly string[] } | { problem: string }> {
  try {
    const problem = await systemd.reload();
    if (problem !== undefined) return { problem };
    const units = runes.flatMap(({ path }) => unitOf(path) ?? []);
    // The real generator and systemd-analyze have read the units before.
    const files = await systemd.fileStates(units);
    const states = units.map((unit) => ({ unit, ...inactiveUnit(files.get(unit)) }));
    const masked = states.filter(({ loadState }) => loadState === "masked").map((s) => s.unit);
    const missing = states.filter(({ loadState }) => !["loaded", "masked"].includes(loadState));
    if (missing.length === 0) return { masked };
    return { problem: missing.map((s) => `  ${s.unit}: ${s.loadState}`).join("\n") };
  } catch (error) {
    if (error instanceof HostError) return { problem: `${error.path}: ${error.message}` };
    throw error;
  }
}

/** Prints the changes, the next step, and which checks were skipped. */
function printInscribed(
  context: CommandContext,
  { json, verify, reload }: InscribeOptions,
  { changes, masked, restartNeeded, restarted, reread, problem }: Inscribed,
): void {
  const { terminal: { out, err }, folders } = context;
  if (json) {
    printJson(context, {
      changes: changes.map(({ path, action }) => ({ path, action })),
      summary: formatSummary(changes),
      restart_needed: restartNeeded,
      restarted,
      reread,
      masked,
      ...problem && { error: problem.error },
      verified: verify,
      reloaded: reload,
    });
  } else {
    out(`${printable(folders.config)}: ${doneSummary(changes)}\n`);
    if (restarted.length > 0) out(`restarted: ${restarted.join(" ")}\n`);
    if (reread.length > 0) out(`reloaded without a restart: ${reread.join(" ")}\n`);
  }
  if (masked.length > 0) {
    const is = masked.length === 1 ? "is" : "are";
    const unmask = `systemctl --user unmask ${masked.join(" ")}`;
    warn(
      context,
      `${masked.join(" ")} ${is} masked: systemd does not start what is masked`,
      unmask,
    );
  }
  const names = restartNeeded.join(" ");
  if (problem !== undefined) {
    err(`lychd: ${problem.what} failed: ${printable(problem.error)}\n`);
  } else if (names !== "" && !reload) {
    err(`lychd: changed; takes effect at the next start: ${names}\n`);
  } else if (names !== "") {
    const note = restartNeeded.includes(SEPULCHER.service)
      ? "; a restart of the pod restarts every engine in it"
      : "";
    err(`lychd: still running with the previous units: ${names}${note}\n`);
    err("hint: lychd render --restart\n");
  }
  if (!verify) err("lychd: not verified: Quadlet may refuse these units\n");
  if (!reload) {
    err("lychd: not reloaded: systemd still has the previous units and may refuse these\n");
    err("hint: systemctl --user daemon-reload\n");
  }
}

function doneSummary(changes: readonly Change[]): string {
  const count = (fits: (change: Change) => boolean) => changes.filter(fits).length;
  const overwritten = count((c) => c.action === "drifted" && c.after !== undefined);
  return [
    `${count((c) => c.action === "create")} created`,
    `${count((c) => c.action === "update")} updated`,
    `${count((c) => c.after === undefined)} removed`,
    ...overwritten === 0 ? [] : [`${overwritten} overwritten`],
    `${count((c) => c.action === "unchanged")} unchanged`,
  ].join(", ");
}
