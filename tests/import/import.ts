/** The cases of imports and their results, for the tests and for their update. */
import { EMPTY_HOST } from "../../src/core/import/empty_host.ts";
import { basename, join } from "node:path/posix";
import {
  importLlamaSwap,
  importQuadlet,
  type ImportResult,
  reportText,
} from "../../src/core/import/mod.ts";
import { formatReport, PLAIN } from "../../src/core/report/mod.ts";
import { dropInFolders } from "../../src/core/rune/mod.ts";
import { DENO_HOST } from "../../src/host/deno_host.ts";
import { readConfiguration, readUnits } from "../../src/units/import_files.ts";

const ROOT = import.meta.dirname ?? ".";

/** An input, a file or a folder of units, and the file with its expected result. */
export interface ImportCase {
  readonly name: string;
  readonly input: string;
  readonly isFolder: boolean;
  readonly expected: string;
}

/** Returns every `.container`, every `.yaml`, and every folder of this folder. */
export function importCases(kind: "quadlet" | "llama-swap"): ImportCase[] {
  const folder = join(ROOT, kind);
  return [...Deno.readDirSync(folder)]
    .filter(({ name, isDirectory }) => isDirectory || /\.(?:container|yaml)$/.test(name))
    .map(({ name, isDirectory }) => {
      const base = isDirectory ? name : name.replace(/\.\w+$/, "");
      const expected = join(folder, `${base}.txt`);
      return { name: base, input: join(folder, name), isFolder: isDirectory, expected };
    }).sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Imports the files of a case. */
export async function importCase({ input, isFolder }: ImportCase): Promise<ImportResult> {
  const isSwap = basename(join(input, "..")) === "llama-swap";
  if (isSwap) {
    const path = { shown: basename(input), path: input, dropIns: [] };
    const files = await readConfiguration(DENO_HOST, [path], () => Promise.resolve(""));
    return importLlamaSwap(files, new Map(), EMPTY_HOST);
  }
  if (isFolder) {
    const paths = [...Deno.readDirSync(input)].filter(({ isFile }) => isFile).map(({ name }) =>
      name
    )
      .sort().map((shown) => ({
        shown,
        path: join(input, shown),
        dropIns: dropInFolders(shown).map((name) => join(input, name)),
      }));
    const units = readUnits(DENO_HOST, paths);
    return importQuadlet(units.map((unit) => ({ ...unit, folder: "/etc/units" })), EMPTY_HOST);
  }
  const file = { path: basename(input), bytes: Deno.readFileSync(input) };
  return importQuadlet([{ file, folder: "/etc/units", dropIns: [] }], EMPTY_HOST);
}

/** Returns an import as text: the errors, or the Soulstones, lychd.toml and the import report. */
export function textOf({ imported, findings, sources }: ImportResult): string {
  if (imported === undefined) {
    return formatReport(findings, { sources, prefix: "", palette: PLAIN });
  }
  const { soulstones, portals, settings } = imported;
  return [
    ...soulstones.map(({ text }) => text),
    ...portals.map(({ name, text }) => `# portals/${name}.toml\n${text}`),
    ...settings === "" ? [] : [settings],
    reportText(imported, { all: true, palette: PLAIN }),
  ].join("\n");
}
