import { join } from "node:path/posix";
import { inscribeAndApply } from "../apply/inscribe_and_apply.ts";
import { FORMER_PATH, type Generation, parseGeneration } from "../core/plan/generation.ts";
import { printable } from "../core/report/printable.ts";
import type { CommandContext } from "../run/context.ts";
import type { ExitCode, InscribeOptions } from "../run/invocation.ts";
import { Refusal } from "../run/refusal.ts";
import { readOwn } from "../trust/files.ts";
import { compileCodex } from "../units/codex.ts";
import { differences, isUndone, warnOfDifferences } from "../units/differences.ts";
import { readRendered } from "../units/rendered.ts";

/**
 * `lychd rollback`: restores the previous render; a second rollback restores the later one. The Codex
 * keeps its edit: what differs from it is printed.
 */
export async function rollback(
  options: InscribeOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const { runes, valid, codexDigest } = await compileCodex(context);
  return await inscribeAndApply(context, options, {
    wanted: () => {
      const restored = formerGeneration(context);
      const isOfCodex = valid && isSame(restored, runes);
      return { runes: restored, ...isOfCodex ? { codex: codexDigest } : { undone: codexDigest } };
    },
    // An invalid Codex has no units to compare, and is refused by the next render.
    report: () => {
      if (!valid) return { differences: [] };
      const rendered = readRendered(context, runes);
      const found = differences(runes, rendered);
      warnOfDifferences(context, found, isUndone(rendered, codexDigest));
      return { differences: found };
    },
  });
}

/** Reads the previous render; refuses if there is none. */
function formerGeneration({ host, folders }: CommandContext): Generation {
  const file = readOwn(host, folders.config, FORMER_PATH);
  if (file === undefined) throw new Refusal("nothing to roll back to: no previous render is kept");
  const read = parseGeneration(new TextDecoder().decode(file.bytes));
  if ("generation" in read) return read.generation;
  const path = printable(join(folders.config, FORMER_PATH));
  throw new Refusal(`${path} cannot be used: ${read.problem}`);
}

/** Returns true if two generations have the same files. */
function isSame(a: Generation, b: Generation): boolean {
  const texts = new Map(b.map(({ path, text, mode }) => [path, `${mode} ${text}`]));
  return a.length === b.length &&
    a.every(({ path, text, mode }) => texts.get(path) === `${mode} ${text}`);
}
