import type { Rune } from "../compile/mod.ts";
import { type Receipt, sha256 } from "./receipt.ts";

/** What happens, or would have to happen, to one file. */
export type Action = "create" | "update" | "remove" | "unchanged" | "drifted" | "foreign";

/** A file as it is on disk. */
export interface DiskFile {
  readonly bytes: Uint8Array;
  /** Permission bits. */
  readonly mode: number;
}

/** One file of a plan. */
export interface Change {
  /** Relative to `$XDG_CONFIG_HOME`. */
  readonly path: string;
  readonly action: Action;
  /** What is on disk, if anything is. */
  readonly before: DiskFile | undefined;
  /** What shall be there; nothing when the file shall go. */
  readonly after: Rune | undefined;
}

/** What a plan compares: all files are by path relative to `$XDG_CONFIG_HOME`. */
export interface PlanInput {
  readonly runes: readonly Rune[];
  /** The files on disk at the paths of `runes` and of `receipt`. */
  readonly disk: ReadonlyMap<string, DiskFile>;
  readonly receipt: Receipt;
}

/**
 * Compares what shall be with what is and with what was written last.
 *
 * - `create`, `update`, `remove`, `unchanged`: ours, and as we left it (or gone).
 * - `drifted`: ours, but edited since; taking our text would lose the edit.
 * - `foreign`: stands where a Rune belongs, but we did not write it.
 *
 * A file of ours that somebody edited to the wanted bytes is `unchanged`.
 * The result is sorted by path.
 */
export function plan({ runes, disk, receipt }: PlanInput): Change[] {
  const wanted = new Map(runes.map((rune) => [rune.path, rune]));
  const paths = [...new Set([...wanted.keys(), ...Object.keys(receipt.files)])].sort();
  return paths.flatMap((path) => {
    const before = disk.get(path);
    const after = wanted.get(path);
    const action = actionFor(before, after, receipt.files[path]);
    return action === undefined ? [] : [{ path, action, before, after }];
  });
}

function actionFor(
  before: DiskFile | undefined,
  after: Rune | undefined,
  written: { readonly sha256: string; readonly mode: number } | undefined,
): Action | undefined {
  if (before === undefined) return after === undefined ? undefined : "create";
  if (written === undefined) return "foreign";
  const digest = sha256(before.bytes);
  const isWanted = after !== undefined && digest === sha256(after.text);
  if (isWanted) return before.mode === after.mode ? "unchanged" : "update";
  if (digest !== written.sha256) return "drifted";
  return after === undefined ? "remove" : "update";
}

/**
 * Whether every file is still as it was written.
 *
 * @example
 * ```ts
 * import { isAsWritten } from "./plan.ts";
 * isAsWritten({ disk: new Map(), receipt: { files: {} } }); // true
 * ```
 */
export function isAsWritten({ disk, receipt }: Omit<PlanInput, "runes">): boolean {
  return Object.entries(receipt.files).every(([path, written]) => {
    const file = disk.get(path);
    return file !== undefined && file.mode === written.mode &&
      sha256(file.bytes) === written.sha256;
  });
}

/** How many files each action takes. */
export function countActions(changes: readonly Change[]): Record<Action, number> {
  const counts = { create: 0, update: 0, remove: 0, unchanged: 0, drifted: 0, foreign: 0 };
  for (const { action } of changes) counts[action]++;
  return counts;
}

/** True when a render would do or refuse anything. */
export function differs(changes: readonly Change[]): boolean {
  return changes.some((change) => change.action !== "unchanged");
}

/** `4 to create, 1 to update, 0 to remove, 7 unchanged`, and what stands in the way, if anything. */
export function formatSummary(changes: readonly Change[]): string {
  const n = countActions(changes);
  const parts = [
    `${n.create} to create`,
    `${n.update} to update`,
    `${n.remove} to remove`,
    `${n.unchanged} unchanged`,
  ];
  if (n.drifted > 0) parts.push(`${n.drifted} edited by hand`);
  if (n.foreign > 0) parts.push(`${n.foreign} not written by lychd`);
  return parts.join(", ");
}
