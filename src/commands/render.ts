import { dirname, join } from "node:path/posix";
import type { Manifests } from "../core/kubernetes/mod.ts";
import { formatDiff } from "../core/plan/diff.ts";
import { differs, formatSummary, plan } from "../core/plan/plan.ts";
import type { Change } from "../core/plan/plan.ts";
import { MANIFESTS, UNITS } from "../core/plan/receipt.ts";
import { hasErrors, sortFindings } from "../core/report/finding.ts";
import { formatReport } from "../core/report/frame.ts";
import { printable } from "../core/report/printable.ts";
import { shellWord } from "../core/report/shell.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { codexProblem, refusePath } from "../trust/path.ts";
import type { CommandContext } from "../run/context.ts";
import { readTree } from "../units/disk.ts";
import { inscribeAndApply } from "../apply/inscribe_and_apply.ts";
import {
  type Compiled,
  findingJson,
  loadCodex,
  type Loaded,
  refuseSource,
} from "../units/codex.ts";
import { compareOutput, type Output, writeOutput } from "../inscribe/output.ts";
import { printChanges } from "../inscribe/changes_text.ts";
import { nameClashes } from "../inscribe/name_clashes.ts";
import { readCurrent } from "../inscribe/writes.ts";
import { isInterrupted } from "../inscribe/transaction.ts";
import { printJson } from "../run/say.ts";

type RenderInvocation = Extract<Invocation, { command: "render" }>;
type DryRun = Extract<RenderInvocation, { mode: "dry-run" }>;
type ToFolder = Extract<RenderInvocation, { mode: "output" | "compare" }>;

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
  const isForUnits = !("target" in invocation) || invocation.target === "systemd";
  if (isForUnits && (invocation.mode === "output" || invocation.mode === "inscribe")) {
    refuseSource(context, loaded);
  }
  switch (invocation.mode) {
    case "dry-run":
      return dryRun(invocation, context, loaded);
    case "output":
    case "compare":
      return await toFolder(invocation, context, loaded);
    case "inscribe": {
      const problem = codexProblem(context.folders.codex, loaded.visited, context);
      if (problem !== undefined) refusePath(problem);
      const wanted = { runes: loaded.runes, codex: loaded.codexDigest, sources: loaded.sources };
      return await inscribeAndApply(context, invocation, { wanted: () => wanted });
    }
  }
}

/** Writes the tree of a target to the folder of `--output`, or shows what would change there. */
async function toFolder(
  { mode, target, allowLoss, json, exitCode }: ToFolder,
  context: CommandContext,
  loaded: Compiled,
): Promise<ExitCode> {
  const { terminal, folders: { output: root = "", codexShown } } = context;
  const { errPalette: palette } = terminal;
  const manifests = target === "systemd" || loaded.codex === undefined
    ? undefined
    // Most runs render units, and need no code for Kubernetes.
    : await (await import("../core/kubernetes/mod.ts")).manifestsOf(loaded.codex, { allowLoss });
  const more = sortFindings(manifests?.findings ?? []);
  const findings = [...loaded.findings, ...more].map(findingJson);
  terminal.err(
    formatReport(more, { sources: loaded.sources, prefix: `${codexShown}/`, palette }),
  );
  if (hasErrors(more)) {
    if (json) printJson(context, { findings });
    return EXIT.codexInvalid;
  }
  const output: Output = {
    files: manifests?.files ?? loaded.runes,
    tree: manifests === undefined ? UNITS : MANIFESTS,
    codex: loaded.codexDigest,
  };
  const changes = mode === "compare"
    ? compareOutput(context, root, output)
    : writeOutput(context, root, output);
  const { notes = [], secrets = [] } = manifests ?? {};
  if (json) {
    printJson(context, {
      ...mode === "compare"
        ? { ...changesJson(changes), findings }
        : { folder: root, files: changes.map(({ path, action }) => ({ path, action })) },
      ...manifests === undefined ? {} : { notes, secrets },
    });
  } else if (mode === "compare") printChanges(context, changes, root);
  else terminal.out(`${printable(root)}: ${formatSummary(changes)}\n`);
  if (!json) {
    const lines = [
      ...notes.map((note) => `note: ${note}`),
      ...secrets.map((secret) => `secret: ${secret}`),
      ...manifests === undefined ? [] : [`hint: ${summonHint(manifests, root)}`],
    ];
    terminal.err(lines.map((line) => `${printable(line)}\n`).join(""));
  }
  return exitCode && differs(changes) ? EXIT.differs : EXIT.ok;
}

/** Returns the command that starts a Coven, or without one the command that creates the objects. */
function summonHint({ files }: Manifests, root: string): string {
  const coven = files.find(({ path }) => path.startsWith("covens/"));
  const folder = coven === undefined ? "base" : dirname(coven.path);
  return `kubectl apply -k ${shellWord(join(root, folder))}`;
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
  if (invocation.json) {
    printJson(context, { ...changesJson(changes), findings: loaded.findings.map(findingJson) });
  } else printChanges(context, changes, folders.config);
  return invocation.exitCode && differs(changes) ? EXIT.differs : EXIT.ok;
}

function changesJson(changes: readonly Change[]) {
  return {
    changes: changes.map((change) => ({
      path: change.path,
      action: change.action,
      diff: formatDiff(change),
    })),
    summary: formatSummary(changes),
  };
}
