import { join } from "node:path/posix";
import type { Rune } from "../core/compile/mod.ts";
import { formatSummary, plan, RECEIPT_PATH } from "../core/plan/mod.ts";
import { printable } from "../core/report/mod.ts";
import { type Foreign, foreignPlace } from "../trust/path.ts";
import { type Host, HostError } from "../host/host.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import type { CommandContext } from "../run/context.ts";
import { fail } from "../run/fail.ts";
import { readTree } from "../units/disk.ts";
import type { Loaded } from "../units/codex.ts";
import { foreignBelow } from "../trust/folders.ts";
import { beginTransaction, isTransient, recover } from "./transaction.ts";
import { writesFor } from "./writes.ts";

/**
 * `render --output DIR`: writes the tree as it would lie below `$XDG_CONFIG_HOME`.
 *
 * DIR must be missing, empty, or made by an earlier run, also one that was cut off; and nobody else may
 * have a say in it.
 */
export function writeOutput(
  { json }: Extract<Invocation, { command: "render" }>,
  context: CommandContext,
  { runes, codexDigest: codex }: Loaded,
): ExitCode {
  const { host, folders, terminal } = context;
  const root = folders.output ?? "";
  const refuse = (problem: string, hint?: string) => fail(context, json, problem, { hint });
  try {
    if (host.stat(root) === undefined) host.makeFolder(root);
    if (host.stat(root)?.kind !== "folder") return refuse(`${root} is no folder`);
    const foreign = foreignOutput(context, root, runes);
    if (foreign !== undefined) {
      return refuse(`${printable(foreign.problem)}; nothing was changed`, foreign.hint);
    }
    recover(host, root);
    const read = readTree(host, root, runes.map((rune) => rune.path));
    if ("problem" in read) return refuse(read.problem);
    if (!read.tree.hasReceipt && !isVacant(host, root)) {
      const problem = `${root} is neither empty nor made by lychd; name another folder`;
      return refuse(problem);
    }
    const changes = plan({ runes, disk: read.tree.disk, receipt: read.tree.receipt });
    const strange = changes.find((c) => c.action === "foreign" || c.action === "drifted");
    if (strange !== undefined) {
      const why = strange.action === "foreign"
        ? "was not written by lychd"
        : "was edited since it was written";
      return refuse(`${join(root, strange.path)} ${why}; nothing was written`);
    }
    const writes = writesFor(host, root, changes, { receipt: read.tree.receipt, codex });
    beginTransaction(host, root, writes).commit();
    if (json) {
      const files = changes.map(({ path, action }) => ({ path, action }));
      terminal.out(`${JSON.stringify({ folder: root, files }, null, 2)}\n`);
    } else {
      terminal.out(`${printable(root)}: ${formatSummary(changes)}\n`);
    }
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return refuse(`${error.path}: ${error.message}; nothing was changed`);
  }
}

/** Why a folder, or one below it, is not written to: also one that somebody made in the meantime. */
function foreignOutput(
  context: CommandContext,
  root: string,
  runes: readonly Rune[],
): Foreign | undefined {
  const status = context.host.lstat(root);
  const own = status && foreignPlace(root, "--output", context, status);
  return own ?? foreignBelow(context, root, [RECEIPT_PATH, ...runes.map(({ path }) => path)]);
}

/** Whether a folder holds no file but what a transaction that was cut off left. */
function isVacant(host: Host, folder: string): boolean {
  const status = host.lstat(folder);
  if (status === undefined) return true;
  return host.list(folder).every((name) => {
    const path = join(folder, name);
    return host.lstat(path)?.kind === "folder" ? isVacant(host, path) : isTransient(name);
  });
}
