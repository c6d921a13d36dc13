import { join } from "node:path/posix";
import { FORMER_PATH, parseGeneration } from "../core/plan/mod.ts";
import { printable } from "../core/report/mod.ts";
import { EXIT, type ExitCode, type InscribeOptions } from "../run/invocation.ts";
import type { CommandContext } from "../run/context.ts";
import { inscribe } from "../inscribe/inscribe.ts";
import { readOwn } from "../trust/own_files.ts";
import { Refusal } from "../inscribe/locked.ts";

/** `lychd rollback`: back to the generation before the last render, and forth again. */
export function rollback(options: InscribeOptions, context: CommandContext): Promise<ExitCode> {
  const { host, folders } = context;
  const path = join(folders.config, FORMER_PATH);
  return inscribe(context, options, () => {
    const file = readOwn(host, folders.config, FORMER_PATH);
    if (file === undefined) {
      throw new Refusal(EXIT.failure, "there is no former generation", "lychd render --dry-run");
    }
    const read = parseGeneration(new TextDecoder().decode(file.bytes));
    if ("generation" in read) return { runes: read.generation };
    throw new Refusal(EXIT.failure, `${printable(path)} cannot be used: ${read.problem}`);
  });
}
