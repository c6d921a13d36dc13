/** Compares the Codex with the rendered units. */
import { basename } from "node:path/posix";
import type { Rune } from "../core/compile/compile.ts";
import { type Change, isAsWritten, plan } from "../core/plan/plan.ts";
import { printable } from "../core/report/printable.ts";
import { covenOf, SEPULCHER, soulstoneOf } from "../core/rune/names.ts";
import type { CommandContext } from "../run/context.ts";
import { warn } from "../run/say.ts";
import { digestOf, readCodexFolder } from "./codex_folder.ts";
import { NOTHING, type Rendered } from "./rendered.ts";

/** Warns if the Codex differs from the rendered units. Compiles it only if its digest differs. */
export async function compareWithCodex(context: CommandContext, rendered: Rendered): Promise<void> {
  const { host, folders, version } = context;
  const { tree } = rendered;
  const found = readCodexFolder(host, folders.codex, folders.codexShown);
  const digest = "folder" in found ? digestOf(found.folder, version) : undefined;
  if (digest !== undefined && digest === tree.receipt.codex && isAsWritten(tree)) return;
  const { compileCodex } = await import("./codex.ts");
  const { runes, valid } = await compileCodex(context);
  const isRepeated = isUndone(rendered, digest);
  if (valid) warnOfDifferences(context, differences(runes, rendered), isRepeated);
  else warn(context, CODEX_HAS_ERRORS, "lychd check");
}

/** The warning of a command that uses the last render instead. */
export const CODEX_HAS_ERRORS = "the Codex has errors; the units of the last render are used";

/** The most differences that are named. */
const NAMED_LIMIT = 6;

/** The actions in order: a new Soulstone updates all its rivals, so updates come last. */
const ORDER = [["create", "remove"], ["drifted", "foreign"], ["update"]];

const WORDS: Readonly<Record<Change["action"], string>> = {
  create: "is not rendered",
  remove: "is no longer in the Codex",
  drifted: "was edited by hand",
  foreign: "was not written by lychd",
  update: "changed",
  unchanged: "is unchanged",
};

/** Returns how the Codex differs from the rendered units, in a few words each. */
export function differences(runes: readonly Rune[], { tree }: Rendered): string[] {
  if (!tree.hasReceipt) return [NOTHING];
  const changes = plan({ runes, disk: tree.disk, receipt: tree.receipt });
  const sorted = ORDER.flatMap((some) => changes.filter(({ action }) => some.includes(action)));
  const named = sorted.slice(0, NAMED_LIMIT).map((c) => `${nameOf(c.path)} ${WORDS[c.action]}`);
  const rest = sorted.length - named.length;
  return rest === 0 ? named : [...named, `${rest} more`];
}

function nameOf(path: string): string {
  const file = basename(path);
  const coven = covenOf(file);
  if (file === SEPULCHER.file) return "the pod";
  return printable(soulstoneOf(file) ?? (coven === undefined ? file : `Coven ${coven}`));
}

/** Returns true if a rollback undid a Codex with this digest: a render would repeat the edit. */
export function isUndone({ tree }: Rendered, digest: string | undefined): boolean {
  return digest !== undefined && digest === tree.receipt.undone;
}

/** Warns that the Codex differs from the rendered units, or still has the edit that a rollback undid. */
export function warnOfDifferences(
  context: CommandContext,
  found: readonly string[],
  isRepeated: boolean,
): void {
  if (found.length === 0) return;
  if (found[0] === NOTHING) {
    return warn(
      context,
      NOTHING,
      "lychd render --dry-run shows the changes, lychd render applies them",
    );
  }
  const names = found.join(", ");
  if (isRepeated) {
    const words = `the units are those of a rollback; the Codex still has the edit: ${names}`;
    return warn(context, words, "lychd edit corrects the Codex, lychd rollback restores the edit");
  }
  warn(
    context,
    `the Codex differs from the last render: ${names}`,
    "lychd render --dry-run shows the changes, lychd render applies them",
  );
}
