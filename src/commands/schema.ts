import { jsonSchemaText } from "../core/codex/mod.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import type { CommandContext } from "../run/context.ts";

/** `lychd schema KIND`: prints the JSON Schema of a Codex file, for editors. */
export function schema(
  { kind }: Extract<Invocation, { command: "schema" }>,
  { terminal }: CommandContext,
): ExitCode {
  terminal.out(jsonSchemaText(kind));
  return EXIT.ok;
}
