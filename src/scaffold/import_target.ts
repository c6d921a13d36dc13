/** The folder that an import writes to. */
import { join } from "node:path/posix";
import { type Codex, readCodex, schemaFiles, schemaLine } from "../core/codex/mod.ts";
import type { Imported } from "../core/import/mod.ts";
import { type Host, HostError } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";
import { Refusal } from "../run/refusal.ts";
import { type CodexEntry, codexProblem } from "../trust/path.ts";
import { readCodexFolder } from "../units/codex_folder.ts";
import { type NewFile, writeNewFiles } from "./new_files.ts";

/** The Codex in the output folder, if there is one. */
export interface Target {
  readonly codex?: Codex;
  readonly visited: readonly CodexEntry[];
}

/** Reads the Codex in a folder, as far as it can be read. */
export function targetAt(host: Host, folder: string | undefined): Target {
  const found = folder === undefined ? undefined : readCodexFolder(host, folder, folder);
  return found === undefined || "error" in found
    ? { visited: [] }
    : { codex: readCodex(found.folder).codex, visited: found.visited };
}

/** Writes a file for each Soulstone and Portal, or none if any of them exists. Returns their paths. */
export function writeImported(
  context: CommandContext,
  root: string,
  { soulstones, portals, settings }: Imported,
  { codex, visited }: Target,
): string[] {
  const { host } = context;
  const nothing = "; nothing was written";
  const untrusted = codexProblem(root, visited, context);
  if (untrusted !== undefined) {
    throw new Refusal(untrusted.problem + nothing, { hint: untrusted.hint });
  }
  const known = soulstones.map(({ name }) => name)
    .filter((name) => codex?.soulstones.some((own) => own.name === name));
  if (known.length > 0) {
    const names = known.map((name) => `\`${name}\``).join(", ");
    const hint = "use --output with another folder, and copy the files that you want";
    throw new Refusal(`the Codex already defines ${names}${nothing}`, { hint });
  }
  const filesIn = (folder: "soulstones" | "portals", each: Imported["portals"]) =>
    each.map(({ name, text }) => ({
      path: join(folder, `${name}.toml`),
      text: `${schemaLine(folder)}\n${text}`,
    }));
  const files = [...filesIn("soulstones", soulstones), ...filesIn("portals", portals)];
  const exists = ({ path }: Pick<NewFile, "path">) => host.lstat(join(root, path)) !== undefined;
  try {
    if (settings !== "" && !exists({ path: "lychd.toml" })) {
      files.push({ path: "lychd.toml", text: `${schemaLine("lychd")}\n${settings}` });
    }
    const existing = files.filter(exists);
    if (existing.length > 0) {
      const paths = existing.map(({ path }) => join(root, path));
      const hint = "use --output with another folder, or move the files away";
      throw new Refusal([`these files already exist${nothing}:`, ...paths], { hint });
    }
    files.push(...schemaFiles().filter((file) => !exists(file)));
    writeNewFiles(host, root, files);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    throw new Refusal(`${error.path}: ${error.message}${nothing}`);
  }
  return files.map(({ path }) => join(root, path));
}
