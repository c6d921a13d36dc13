import { differs, formatDiff, formatSummary, paintDiff, plan } from "../core/plan/mod.ts";
import type { Change } from "../core/plan/mod.ts";
import { printable } from "../core/report/mod.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { distrust } from "../trust/codex.ts";
import type { CommandContext } from "../run/context.ts";
import { readTree } from "../units/disk.ts";
import { fail } from "../run/fail.ts";
import { inscribe } from "../inscribe/inscribe.ts";
import { findingJson, loadCodex, type Loaded } from "../units/codex.ts";
import { writeOutput } from "../inscribe/output.ts";
import { findStrangers } from "../inscribe/name_clashes.ts";
import { isCutOff } from "../inscribe/transaction.ts";

type RenderInvocation = Extract<Invocation, { command: "render" }>;
type DryRun = Extract<RenderInvocation, { mode: "dry-run" | "output" }>;

/** `lychd render`: compiles the Codex, and inscribes it, shows the changes, or writes a tree. */
export async function render(
  invocation: RenderInvocation,
  context: CommandContext,
): Promise<ExitCode> {
  const loaded = await loadCodex(context);
  if (!loaded.valid) {
    if (invocation.json) printJson(context, { findings: loaded.findings.map(findingJson) });
    return EXIT.codexInvalid;
  }
  switch (invocation.mode) {
    case "dry-run":
      return dryRun(invocation, context, loaded);
    case "output":
      return writeOutput(invocation, context, loaded);
    case "inscribe": {
      const doubt = distrust(context.folders.codex, loaded.visited, context);
      if (doubt !== undefined) {
        const { problem, hint } = doubt;
        return fail(context, invocation.json, `${problem}; nothing was changed`, { hint });
      }
      return await inscribe(
        context,
        invocation,
        () => ({ runes: loaded.runes, codex: loaded.codexDigest, sources: loaded.sources }),
      );
    }
  }
}

function dryRun(invocation: DryRun, context: CommandContext, loaded: Loaded): ExitCode {
  const { host, folders } = context;
  const read = readTree(host, folders.config, loaded.runes.map((rune) => rune.path));
  if ("problem" in read) {
    return fail(context, invocation.json, read.problem);
  }
  if (isCutOff(host, folders.config)) {
    context.terminal.err(
      "lychd: a run was cut off; the next render first undoes what it had begun\n",
    );
  }
  const doubt = distrust(folders.codex, loaded.visited, context);
  if (doubt !== undefined) context.terminal.err(`lychd: ${doubt.problem}; render will refuse\n`);
  const changes = plan({ runes: loaded.runes, disk: read.tree.disk, receipt: read.tree.receipt });
  for (const path of findStrangers(host, folders, loaded.runes, read.tree.receipt)) {
    const words = "a unit of that name is there already; render will refuse";
    context.terminal.err(`lychd: ${printable(path)}: ${words}\n`);
  }
  if (invocation.json) printJson(context, planJson(changes, loaded));
  else printChanges(context, changes);
  return invocation.exitCode && differs(changes) ? EXIT.differs : EXIT.ok;
}

function printChanges({ terminal, folders }: CommandContext, changes: readonly Change[]): void {
  for (const change of changes) {
    const diff = formatDiff(change);
    terminal.out(
      terminal.outIsTerminal ? paintDiff(diff, terminal.outPalette, printable) : diff,
    );
    terminal.err(remark(change, folders.config));
  }
  terminal.out(`${formatSummary(changes)}\n`);
}

/** What a diff does not say of a change. */
function remark({ path, action, before, after }: Change, root: string): string {
  const shown = printable(`${root}/${path}`);
  switch (action) {
    case "drifted":
      return `lychd: ${shown} was edited since it was written; render will refuse to overwrite it\n`;
    case "foreign":
      return `lychd: ${shown} was not written by lychd; render will not touch it\n`;
    case "update":
      return before !== undefined && after !== undefined && before.mode !== after.mode
        ? `lychd: ${shown} has mode ${octal(before.mode)} and will have ${octal(after.mode)}\n`
        : "";
    default:
      return "";
  }
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

function planJson(changes: readonly Change[], loaded: Loaded) {
  return {
    changes: changes.map((change) => ({
      path: change.path,
      action: change.action,
      diff: formatDiff(change),
    })),
    summary: formatSummary(changes),
    findings: loaded.findings.map(findingJson),
  };
}

function printJson({ terminal }: CommandContext, value: unknown): void {
  terminal.out(`${JSON.stringify(value, null, 2)}\n`);
}
