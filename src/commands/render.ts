import { formatDiff } from "../core/plan/diff.ts";
import { differs, formatSummary, plan } from "../core/plan/plan.ts";
import type { Change } from "../core/plan/plan.ts";
import { printable } from "../core/report/printable.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { codexProblem, refusePath } from "../trust/path.ts";
import type { CommandContext } from "../run/context.ts";
import { readTree } from "../units/disk.ts";
import { inscribeAndApply } from "../apply/inscribe_and_apply.ts";
import { findingJson, loadCodex, type Loaded, refuseSource } from "../units/codex.ts";
import { writeOutput } from "../inscribe/output.ts";
import { printChanges } from "../inscribe/changes_text.ts";
import { nameClashes } from "../inscribe/name_clashes.ts";
import { readCurrent } from "../inscribe/writes.ts";
import { isInterrupted } from "../inscribe/transaction.ts";
import { printJson } from "../run/say.ts";

type RenderInvocation = Extract<Invocation, { command: "render" }>;
type DryRun = Extract<RenderInvocation, { mode: "dry-run" | "output" }>;

/** `lychd render`: compiles the Codex; then writes the units, shows the changes, or writes a tree. */
export async function render(
  invocation: RenderInvocation,
  context: CommandContext,
): Promise<ExitCode> {
  const loaded = await loadCodex(context);
  if (!loaded.valid) {
    if (invocation.json) printJson(context, { findings: loaded.findings.map(findingJson) });
    return EXIT.codexInvalid;
  }
  if (invocation.mode !== "dry-run") refuseSource(context, loaded);
  switch (invocation.mode) {
    case "dry-run":
      return dryRun(invocation, context, loaded);
    case "output":
      return writeOutput(invocation, context, loaded);
    case "inscribe": {
      const problem = codexProblem(context.folders.codex, loaded.visited, context);
      if (problem !== undefined) refusePath(problem);
      const wanted = { runes: loaded.runes, codex: loaded.codexDigest, sources: loaded.sources };
      return await inscribeAndApply(context, invocation, { wanted: () => wanted });
    }
  }
}

function dryRun(invocation: DryRun, context: CommandContext, loaded: Loaded): ExitCode {
  const { host, folders, terminal: { err } } = context;
  const { runes, visited } = loaded;
  const { disk, receipt } = readTree(host, folders.config, runes.map((rune) => rune.path));
  if (isInterrupted(host, folders.config)) {
    err("lychd: a run was interrupted; the next render undoes its changes first\n");
  }
  const { problem } = readCurrent(host, folders.config, receipt);
  if (problem !== undefined) err(`lychd: ${printable(problem)}; render writes it again\n`);
  const untrusted = codexProblem(folders.codex, visited, context);
  if (untrusted !== undefined) {
    err(`lychd: ${printable(untrusted.problem)}; render will refuse\n`);
  }
  const changes = plan({ runes, disk, receipt });
  for (const path of nameClashes(host, folders, runes, receipt)) {
    err(`lychd: ${printable(path)}: a unit of the same name already exists; render will refuse\n`);
  }
  if (invocation.json) printJson(context, planJson(changes, loaded));
  else printChanges(context, changes);
  return invocation.exitCode && differs(changes) ? EXIT.differs : EXIT.ok;
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
