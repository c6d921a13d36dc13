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

const ROOT = import.meta.dirname ?? ".";

/** An input, and the file with its expected result. */
export interface ImportCase {
  readonly name: string;
  readonly input: string;
  readonly expected: string;
}

/** Returns every `.container` or every `.yaml` of this folder. */
export function importCases(kind: "quadlet" | "llama-swap"): ImportCase[] {
  const folder = join(ROOT, kind);
  return [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => /\.(?:container|yaml)$/.test(name)).sort()
    .map((name) => ({
      name: name.replace(/\.\w+$/, ""),
      input: join(folder, name),
      expected: join(folder, name.replace(/\.\w+$/, ".txt")),
    }));
}

/** Imports the file of a case alone. */
export function importCase({ input }: ImportCase): Promise<ImportResult> {
  const file = { path: basename(input), bytes: Deno.readFileSync(input) };
  return input.endsWith(".yaml")
    ? importLlamaSwap(file, new Map(), EMPTY_HOST)
    : importQuadlet([{ file, folder: "/etc/units", dropIns: [] }], EMPTY_HOST);
}

/** Returns an import as text: the errors, or the Soulstones, `boot_coven` and the import report. */
export function textOf({ imported, findings, sources }: ImportResult): string {
  if (imported === undefined) {
    return formatReport(findings, { sources, prefix: "", palette: PLAIN });
  }
  const { soulstones, bootCoven } = imported;
  return [
    ...soulstones.map(({ text }) => text),
    ...bootCoven === undefined ? [] : [`boot_coven = "${bootCoven}"\n`],
    reportText(imported, { all: true, palette: PLAIN }),
  ].join("\n");
}
