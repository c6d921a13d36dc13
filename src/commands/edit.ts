import { inscribeAndApply } from "../apply/inscribe_and_apply.ts";
import { fileOf } from "../core/codex/mod.ts";
import { plan } from "../core/plan/plan.ts";
import { suggestion } from "../core/report/nearest.ts";
import { printable } from "../core/report/printable.ts";
import { printChanges } from "../inscribe/changes_text.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { Refusal, refusalOf, withRefusals } from "../run/refusal.ts";
import { type EditedFile, openEditedFile } from "../scaffold/edited_file.ts";
import { codexProblem, refusePath } from "../trust/path.ts";
import { compileCodex, type Compiled, refuseSource, reportFindings } from "../units/codex.ts";
import { noCodex } from "../units/rendered.ts";
import { readTree } from "../units/disk.ts";

type EditInvocation = Extract<Invocation, { command: "edit" }>;

/** `lychd edit [NAME]`: edits a copy of a file of the Codex until it is valid; saves and renders it. */
export async function edit(invocation: EditInvocation, context: CommandContext): Promise<ExitCode> {
  const { host, folders, terminal } = context;
  if (!terminal.canAsk || !terminal.outIsTerminal) {
    throw new Refusal("edit needs a terminal", {
      code: EXIT.usage,
      hint: `edit a file in ${folders.codexShown}, then: lychd render`,
    });
  }
  try {
    const path = pathToEdit(invocation, context, await compileCodex(context));
    const file = openEditedFile(host, folders.codex, path);
    printCopies(context, file);
    return await editUntilDone(invocation, context, { file, path });
  } catch (error) {
    throw refusalOf(error, "the Codex was not changed");
  }
}

/** Returns the file to edit, by its path below the Codex. Refuses a Codex that others can change. */
function pathToEdit(
  { name }: EditInvocation,
  context: CommandContext,
  compiled: Compiled,
): string {
  const { codex, codexDigest, visited } = compiled;
  const { folders: { codex: folder, codexShown } } = context;
  if (codexDigest === undefined) throw noCodex(codexShown);
  const problem = codexProblem(folder, visited, context);
  if (problem !== undefined) refusePath(problem);
  const path = name === undefined ? "lychd.toml" : fileOf(name, compiled);
  if (path !== undefined) return path;
  const known = codex?.soulstones.map((soulstone) => soulstone.name) ?? [];
  throw new Refusal(`no file of the Codex defines \`${name}\``, {
    code: EXIT.usage,
    hint: suggestion(name ?? "", known, "Soulstones"),
  });
}

interface Editing {
  readonly file: EditedFile;
  /** Its path below the Codex. */
  readonly path: string;
}

async function editUntilDone(
  invocation: EditInvocation,
  context: CommandContext,
  { file, path }: Editing,
): Promise<ExitCode> {
  const { terminal } = context;
  for (;;) {
    const status = await context.openEditor(file.copy);
    if (file.isUnchanged()) {
      file.discard();
      if (status !== 0) throw editorRefusal(status, "nothing was changed");
      terminal.out("nothing was changed\n");
      return EXIT.ok;
    }
    if (status !== 0) throw editorRefusal(status, `your text is kept: ${file.copy}`);
    const bytes = file.text();
    const edited = await compileCodex(context, { path, bytes });
    reportFindings(context, edited);
    if (edited.valid) printPlan(context, edited);
    const isRendered = edited.valid;
    const isSaveable = !edited.findings.some((finding) =>
      finding.severity === "error" && finding.place.file === path
    );
    const question = isRendered
      ? "save and render? [Y/n, e to edit again] "
      : isSaveable
      ? "the errors are in other files; save without a render? [Y/n, e to edit again] "
      : "edit again? [Y/n] ";
    const answer = await ask(context, question);
    if (answer === "no" || answer === "interrupted") return kept(invocation, context, file, answer);
    if (answer === "edit" || !isSaveable) continue;
    file.save(bytes);
    if (!isRendered) {
      file.discard();
      terminal.out(`saved ${printable(file.place)}; not rendered\n`);
      return EXIT.codexInvalid;
    }
    const code = await render(invocation, context, { file, edited });
    if (code !== undefined) return code;
    const again = await ask(context, "nothing was saved; edit again? [Y/n] ");
    if (again === "no" || again === "interrupted") return kept(invocation, context, file, again);
  }
}

function editorRefusal(status: number, state: string): Refusal {
  const hint = "choose another one: EDITOR=nano lychd edit";
  return new Refusal(`the editor failed (status ${status}); ${state}`, { hint });
}

/** Renders what was saved. If that is refused, restores the file and returns nothing. */
async function render(
  invocation: EditInvocation,
  context: CommandContext,
  { file, edited }: { readonly file: EditedFile; readonly edited: Compiled },
): Promise<ExitCode | undefined> {
  const { runes, codexDigest: codex, sources } = edited;
  let isRefused = false;
  const code = await withRefusals(context, false, async () => {
    try {
      refuseSource(context, edited);
      return await inscribeAndApply(context, invocation, {
        wanted: () => ({ runes, codex, sources }),
      });
    } catch (error) {
      file.restore();
      isRefused = true;
      throw error;
    }
  });
  if (isRefused) return undefined;
  file.discard();
  return code;
}

/** Prints the changes of a render, as `lychd render --dry-run` does. */
function printPlan(context: CommandContext, { runes }: Compiled): void {
  const { disk, receipt } = readTree(
    context.host,
    context.folders.config,
    runes.map(({ path }) => path),
  );
  printChanges(context, plan({ runes, disk, receipt }), context.folders.config);
}

type Answer = "yes" | "no" | "edit" | "interrupted";

async function ask({ terminal, interruption }: CommandContext, question: string): Promise<Answer> {
  const answer = await terminal.ask(question, interruption);
  if (answer === undefined) return "interrupted";
  // Without a line feed, the input has ended.
  if (answer === "" || /^\s*n/i.test(answer)) return "no";
  return /^\s*e/i.test(answer) ? "edit" : "yes";
}

/** Prints where the text is that was not saved. */
function kept(
  { name }: EditInvocation,
  { terminal }: CommandContext,
  { copy }: EditedFile,
  answer: "no" | "interrupted",
): ExitCode {
  const command = name === undefined ? "lychd edit" : `lychd edit ${name}`;
  const lead = answer === "interrupted" ? "\n" : "";
  terminal.err(`${lead}lychd: nothing was saved; your text is kept: ${printable(copy)}\n`);
  terminal.err(`hint: ${printable(command)} continues it\n`);
  return answer === "interrupted" ? EXIT.interrupted : EXIT.failure;
}

/** Prints which copies earlier edits left. */
function printCopies({ terminal }: CommandContext, file: EditedFile): void {
  if (file.isContinued) {
    terminal.err(`lychd: this continues the edit that was not finished: ${printable(file.copy)}\n`);
  }
  for (const copy of file.olderCopies()) {
    terminal.err(`lychd: the text of an edit of an older version is kept: ${printable(copy)}\n`);
  }
}
