import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { readCodexFolder } from "../units/codex_folder.ts";
import type { CommandContext } from "../run/context.ts";
import { promptForSoulstone } from "../scaffold/dialogue.ts";
import { compileCodex, findingJson, reportFindings } from "../units/codex.ts";
import { addToCodex } from "../scaffold/new_soulstones.ts";
import { surveyHost } from "../scaffold/survey.ts";
import { printJson } from "../run/say.ts";

/** `lychd add`: writes a new Soulstone from the options, or prompts for it. */
export async function add(
  { json, engine, request }: Extract<Invocation, { command: "add" }>,
  context: CommandContext,
): Promise<ExitCode> {
  const { host, folders } = context;
  const compiled = await compileCodex(context);
  const { codex, findings } = compiled;
  const found = readCodexFolder(host, folders.codex, folders.codexShown);
  // A Codex without a Soulstone is invalid, but the new one fixes that.
  const errors = findings.filter((f) => f.severity === "error" && f.code !== "codex-empty");
  if (errors.length > 0 || codex === undefined || "error" in found) {
    reportFindings(context, compiled);
    if (json) printJson(context, { findings: findings.map(findingJson) });
    return EXIT.codexInvalid;
  }
  const survey = await surveyHost(context);
  return await addToCodex(context, {
    json,
    requests: [request ?? await promptForSoulstone(context, { json, survey, codex, engine })],
    survey,
    codex,
    files: found.folder.files,
    visited: found.visited,
    settings: undefined,
  });
}
