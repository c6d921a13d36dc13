import { join } from "node:path/posix";
import type { Rune } from "../core/compile/compile.ts";
import { inactiveUnit } from "../core/orchestrator/condition.ts";
import { complaintFindings } from "../core/compile/complaints.ts";
import { type Change, plan } from "../core/plan/plan.ts";
import { restartsFor } from "../core/plan/restarts.ts";
import { formatReport } from "../core/report/frame.ts";
import { printable } from "../core/report/printable.ts";
import { unitOf, VESSEL } from "../core/rune/names.ts";
import { HostError } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT, type InscribeOptions } from "../run/invocation.ts";
import { Refusal, refusalOf } from "../run/refusal.ts";
import { refuseUntrustedFolders } from "../trust/path.ts";
import { readTree } from "../units/disk.ts";
import { readNotes } from "../units/notes.ts";
import type { Systemd, UnitState } from "../units/systemd.ts";
import { backupsFor, refuseNotOwned } from "./drift.ts";
import { withWriteLock } from "./locked.ts";
import { notesWrite } from "./notes.ts";
import { addToNotes, affectedBy, settle, SETTLED, type Settled, type States } from "./settle.ts";
import { beginTransaction } from "./transaction.ts";
import { verifyOnStage } from "./verify.ts";
import { writesFor } from "./writes.ts";

/** The Runes (generated units) that the systemd folders must contain. */
export interface Wanted {
  readonly runes: readonly Rune[];
  /** The digest of the Codex that they are made from, if it is the present one. */
  readonly codex?: string | undefined;
  /** The digest of the present Codex, if they are those of a rollback that it does not make. */
  readonly undone?: string | undefined;
  /** The texts of the Codex files, for the frames of a report. */
  readonly sources?: ReadonlyMap<string, string> | undefined;
}

/** The result of an inscription. */
export interface Inscribed {
  readonly changes: readonly Change[];
  /** Units that systemd cannot start because the operator masked them. */
  readonly masked: readonly string[];
  /** The work that is left. */
  readonly settled: Settled;
  /** If systemd was not reloaded, the services that have other settings from their next start on. */
  readonly nextStart: readonly string[];
}

/**
 * Makes the systemd folders contain exactly the wanted Runes, as one transaction: the real generator
 * accepts the units, they are written, and systemd loads them; otherwise nothing changes.
 *
 * Calls `wanted` while no other run can write.
 */
export function inscribe(
  context: CommandContext,
  options: InscribeOptions,
  wanted: () => Wanted,
): Promise<Inscribed> {
  return withWriteLock(
    context,
    options,
    (systemd) => inscribeLocked(context, options, wanted(), systemd),
  );
}

async function inscribeLocked(
  context: CommandContext,
  options: InscribeOptions,
  { runes, codex, undone, sources }: Wanted,
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
  const own = [
    ...writesFor(context, folders.config, changes, { receipt, codex, undone }),
    ...backups,
  ];
  const restarts = restartsFor(changes);
  const masked: string[] = [];
  if (own.length > 0 || notes.unconfirmed && !unconfirmed) {
    await verify(context, options, { runes, sources });
    const states = await systemd?.activeStates(affectedBy(notes, restarts));
    const added = addToNotes(notes, restarts, { states, unconfirmed });
    const writes = [...own, ...notesWrite(host, folders.config, added)];
    const transaction = beginTransaction(host, folders.config, writes);
    const was = { states, removed: restarts.removed };
    const loaded = systemd && await load(systemd, runes, was);
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
    if (systemd !== undefined) {
      const settled = await settle(context, systemd);
      const isNew = restarts.created.includes(VESSEL.service);
      const started = isNew && !masked.includes(VESSEL.service) ? [VESSEL.service] : [];
      // A new Vessel starts at once, as it does with the session from now on. Loaded only if needed.
      const problem = started.length === 0
        ? undefined
        : await (await import("../units/vessel_start.ts")).startVessel(context, systemd);
      return {
        changes,
        masked,
        settled: problem === undefined
          ? { ...settled, started }
          : { ...settled, problem: settled.problem ?? problem },
        nextStart: [],
      };
    }
    const { started, reread, stop } = readNotes(host, folders.config);
    const nextStart = [...new Set([started, reread, stop].flatMap((map) => [...map.keys()]))];
    return { changes, masked, settled: SETTLED, nextStart: nextStart.sort() };
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
  { runes, sources = new Map() }: Pick<Wanted, "runes" | "sources">,
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

/**
 * Reloads systemd. Returns the units that are masked, or a problem if systemd lacks a unit.
 *
 * A removed service that is still starting is stopped first: once its unit is gone, systemd no longer
 * hears that it is ready, and does not end it either.
 */
async function load(
  systemd: Systemd,
  runes: readonly Rune[],
  { states, removed }: { readonly states: States; readonly removed: readonly string[] },
): Promise<{ masked: readonly string[] } | { problem: string }> {
  try {
    const among = (fits: (state: UnitState) => boolean) =>
      removed.filter((unit) => {
        const state = states?.get(unit);
        return state !== undefined && fits(state);
      });
    const starting = among(({ activeState }) => activeState === "activating");
    const stopProblem = starting.length === 0 ? undefined : await systemd.stop(starting);
    if (stopProblem !== undefined) return { problem: stopProblem };
    await systemd.resetFailed(among(({ activeState }) => activeState === "failed"));
    const problem = await systemd.reload();
    if (problem !== undefined) return { problem };
    const units = runes.flatMap(({ path }) => unitOf(path) ?? []);
    // The real generator and systemd-analyze have read the units before.
    const files = await systemd.fileStates(units);
    const loads = units.map((unit) => ({ unit, ...inactiveUnit(files.get(unit)) }));
    const masked = loads.filter(({ loadState }) => loadState === "masked").map((s) => s.unit);
    const missing = loads.filter(({ loadState }) => !["loaded", "masked"].includes(loadState));
    if (missing.length === 0) return { masked };
    return { problem: missing.map((s) => `  ${s.unit}: ${s.loadState}`).join("\n") };
  } catch (error) {
    if (error instanceof HostError) return { problem: `${error.path}: ${error.message}` };
    throw error;
  }
}
