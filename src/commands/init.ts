import { readCodex } from "../core/codex/mod.ts";
import { surveyOf, surveyProbes } from "../core/doctor/mod.ts";
import type { SoulstoneRequest } from "../core/scaffold/mod.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { readCodexFolder } from "../units/codex_folder.ts";
import type { CommandContext } from "../run/context.ts";
import { askForCodex } from "../scaffold/dialogue.ts";
import { fail } from "../run/fail.ts";
import { gather } from "../run/gather.ts";
import { addToCodex, canAsk } from "../scaffold/new_soulstones.ts";

type Init = Extract<Invocation, { command: "init" }>;

/** `lychd init`: writes a first Codex, by what is given or asked for. */
export async function init(invocation: Init, context: CommandContext): Promise<ExitCode> {
  const { host, folders } = context;
  const { json } = invocation;
  const found = readCodexFolder(host, folders.codex, folders.codexShown);
  const files = "folder" in found ? found.folder.files : [];
  if ("fault" in found && host.lstat(folders.codex) !== undefined) {
    return fail(context, json, `${folders.codexShown}: it is no folder; nothing was written`);
  }
  if (files.length > 0) {
    const names = files.map(({ path }) => path);
    const shown = names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} more`] : names;
    const problem = `there is a Codex at ${folders.codexShown} already: ${shown.join(", ")}`;
    return fail(context, json, `${problem}; nothing was written`, {
      hint: "lychd add adds a Soulstone to it",
    });
  }
  const survey = surveyOf(
    await gather(context, (known) => surveyProbes(context.environment, known)),
  );
  const codex = readCodex({ folder: folders.codexShown, files: [] }).codex;
  let asked: { requests: readonly SoulstoneRequest[]; bootCoven: string | undefined } = invocation;
  if (invocation.requests.length === 0) {
    if (!canAsk(context, json)) {
      return fail(context, json, "without a terminal to ask on, init needs an --engine", {
        code: EXIT.usage,
        hint: "lychd init --engine vllm --model Qwen/Qwen3-8B --coven chat",
      });
    }
    const answers = await askForCodex(context, { survey, codex });
    if (answers === undefined) return EXIT.interrupted;
    asked = answers;
  }
  const { requests, bootCoven } = asked;
  return await addToCodex(context, {
    json,
    requests,
    survey,
    codex,
    files,
    visited: "folder" in found ? found.visited : [],
    settings: { bootCoven },
  });
}
