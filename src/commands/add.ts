import { surveyOf, surveyProbes } from "../core/doctor/mod.ts";
import { formatReport } from "../core/report/mod.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { readCodexFolder } from "../units/codex_folder.ts";
import type { CommandContext } from "../run/context.ts";
import { askForSoulstone } from "../scaffold/dialogue.ts";
import { fail } from "../run/fail.ts";
import { gather } from "../run/gather.ts";
import { compileCodex, findingJson } from "../units/codex.ts";
import { addToCodex, canAsk } from "../scaffold/new_soulstones.ts";
import { printJson } from "../run/say.ts";

type Add = Extract<Invocation, { command: "add" }>;

/** `lychd add`: writes one more Soulstone, in a file of its own. */
export async function add(
  { json, engine, request }: Add,
  context: CommandContext,
): Promise<ExitCode> {
  const { host, folders, terminal } = context;
  const read = await compileCodex(context);
  const found = readCodexFolder(host, folders.codex, folders.codexShown);
  // A Codex without a Soulstone is invalid, but that is what is about to change.
  const errors = read.findings.filter((f) => f.severity === "error" && f.code !== "codex-empty");
  if (errors.length > 0 || read.codex === undefined || "fault" in found) {
    terminal.err(formatReport(read.findings, {
      sources: read.sources,
      prefix: `${folders.codexShown}/`,
      palette: terminal.errPalette,
    }));
    if (json) {
      printJson(context, { findings: read.findings.map(findingJson) });
    }
    return EXIT.codexInvalid;
  }
  const { codex } = read;
  const survey = surveyOf(
    await gather(context, (known) => surveyProbes(context.environment, known)),
  );
  let wanted = request;
  if (wanted === undefined) {
    if (!canAsk(context, json)) {
      return fail(context, json, "without a terminal to ask on, add needs an engine and a model", {
        code: EXIT.usage,
        hint: `lychd add ${engine ?? "vllm"} --model Qwen/Qwen3-8B --coven chat`,
      });
    }
    wanted = await askForSoulstone(context, { survey, codex, engine });
    if (wanted === undefined) return EXIT.interrupted;
  }
  return await addToCodex(context, {
    json,
    requests: [wanted],
    survey,
    codex,
    files: found.folder.files,
    visited: found.visited,
    settings: undefined,
  });
}
