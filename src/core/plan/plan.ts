import type { Rune } from "../compile/compile.ts";
import { sha256 } from "./digest.ts";
import type { Receipt } from "./receipt.ts";

/** The action for one file; see {@linkcode plan}. */
export type Action = "create" | "update" | "remove" | "unchanged" | "drifted" | "foreign";

/** A file on disk. */
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
  /** The file on disk; undefined if there is none. */
  readonly before: DiskFile | undefined;
  /** The wanted file; undefined if the file is removed. */
  readonly after: Rune | undefined;
}

/** The files that a plan compares, by path relative to `$XDG_CONFIG_HOME`. */
export interface PlanInput {
  readonly runes: readonly Rune[];
  /** The files on disk at the paths of `runes` and of `receipt`. */
  readonly disk: ReadonlyMap<string, DiskFile>;
  readonly receipt: Receipt;
}

/**
 * Compares the wanted files with those on disk and those of the last render. Sorted by path.
 *
 * - `create`, `update`, `remove`, `unchanged`: written by lychd and not edited since, or missing.
 * - `drifted`: written by lychd and edited by hand; an update would lose the edit.
 * - `foreign`: not written by lychd, at the path of a Rune.
 *
 * An edited file with the wanted bytes is `unchanged`.
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
 * Returns true if every file is as it was written.
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

/** Returns true if a render would change or refuse anything. */
export function differs(changes: readonly Change[]): boolean {
  return changes.some((change) => change.action !== "unchanged");
}

/** Formats the counts: `4 to create, 1 to update, 0 to remove, 7 unchanged`, and files in the way. */
export function formatSummary(changes: readonly Change[]): string {
  const count = (wanted: Action) => changes.filter(({ action }) => action === wanted).length;
  const [drifted, foreign] = [count("drifted"), count("foreign")];
  return [
    `${count("create")} to create`,
    `${count("update")} to update`,
    `${count("remove")} to remove`,
    `${count("unchanged")} unchanged`,
    ...drifted > 0 ? [`${drifted} edited by hand`] : [],
    ...foreign > 0 ? [`${foreign} not written by lychd`] : [],
  ].join(", ");
}
