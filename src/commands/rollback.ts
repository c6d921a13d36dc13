import { join } from "node:path/posix";
import { FORMER_PATH, parseGeneration } from "../core/plan/generation.ts";
import { printable } from "../core/report/printable.ts";
import { inscribe } from "../inscribe/inscribe.ts";
import type { CommandContext } from "../run/context.ts";
import type { ExitCode, InscribeOptions } from "../run/invocation.ts";
import { Refusal } from "../run/refusal.ts";
import { readOwn } from "../trust/files.ts";

/** `lychd rollback`: restores the previous render; a second rollback restores the later one. */
export function rollback(options: InscribeOptions, context: CommandContext): Promise<ExitCode> {
  const { host, folders } = context;
  return inscribe(context, options, () => {
    const file = readOwn(host, folders.config, FORMER_PATH);
    if (file === undefined) {
      throw new Refusal("nothing to roll back to: no previous render is kept");
    }
    const read = parseGeneration(new TextDecoder().decode(file.bytes));
    if ("generation" in read) return { runes: read.generation };
    const path = printable(join(folders.config, FORMER_PATH));
    throw new Refusal(`${path} cannot be used: ${read.problem}`);
  });
}
