/** What the golden tests and their update share: the cases, and what the compiler makes of them. */
import { dirname, join } from "node:path/posix";
import { type CodexFile, readCodex } from "../../src/core/codex/mod.ts";
import { compile } from "../../src/core/compile/mod.ts";
import { type Finding, formatReport, hasErrors, PLAIN } from "../../src/core/report/mod.ts";

const GOLDEN = import.meta.dirname ?? ".";
const EXAMPLES = join(GOLDEN, "../../examples");

/** A Codex, and the folder that holds what it must become. */
export interface GoldenCase {
  readonly name: string;
  readonly codex: string;
  readonly expected: string;
}

/** What a Codex becomes: `runes/PATH` and `report.txt` by name. */
export type Outcome = ReadonlyMap<string, string>;

/** Every folder here, and every example. */
export function goldenCases(): GoldenCase[] {
  const own = folders(GOLDEN).filter((name) => !name.startsWith("example-")).map((name) => ({
    name,
    codex: join(GOLDEN, name, "codex"),
    expected: join(GOLDEN, name),
  }));
  const examples = folders(EXAMPLES).map((name) => ({
    name: `example-${name}`,
    codex: join(EXAMPLES, name),
    expected: join(GOLDEN, `example-${name}`),
  }));
  return [...own, ...examples];
}

/** The files of a Codex folder, sorted, as the commands choose them. */
export function codexFiles(folder: string): CodexFile[] {
  return filesBelow(folder)
    .filter((path) =>
      path === "lychd.toml" || /^soulstones\/(?:[^.][^/]*\/)*[^.\/][^/]*\.toml$/s.test(path)
    )
    .map((path) => ({ path, bytes: Deno.readFileSync(join(folder, path)) }));
}

/** Compiles `files`, given in this order. */
export async function outcomeOf(
  files: readonly CodexFile[],
): Promise<Outcome> {
  const read = readCodex({ folder: "codex", files });
  const compiled = await compile(read.codex);
  const findings: Finding[] = [...read.findings, ...compiled.findings];
  const runes = hasErrors(findings) ? [] : compiled.runes;
  const outcome = new Map(runes.map((rune) => [`runes/${rune.path}`, rune.text]));
  const report = formatReport(findings, { sources: read.sources, prefix: "", palette: PLAIN });
  if (report !== "") outcome.set("report.txt", report);
  return outcome;
}

/** What the folder of a case says that its Codex must become. */
export function expectedOutcome({ expected }: GoldenCase): Outcome {
  return new Map(
    filesBelow(expected).filter((path) => path === "report.txt" || path.startsWith("runes/"))
      .map((path) => [path, Deno.readTextFileSync(join(expected, path))]),
  );
}

/** Replaces what the folder of a case says by `outcome`. */
export function writeOutcome({ expected }: GoldenCase, outcome: Outcome): void {
  for (const path of ["runes", "report.txt"]) {
    if (exists(join(expected, path))) Deno.removeSync(join(expected, path), { recursive: true });
  }
  for (const [path, text] of outcome) {
    Deno.mkdirSync(dirname(join(expected, path)), { recursive: true });
    Deno.writeTextFileSync(join(expected, path), text);
  }
}

/** Removes the expectations of examples that are gone. */
export function removeOrphans(cases: readonly GoldenCase[]): void {
  const known = new Set(cases.map((c) => c.name));
  for (const name of folders(GOLDEN)) {
    if (!known.has(name)) Deno.removeSync(join(GOLDEN, name), { recursive: true });
  }
}

function folders(path: string): string[] {
  return [...Deno.readDirSync(path)].filter((e) => e.isDirectory).map((e) => e.name).sort();
}

function filesBelow(root: string, path = ""): string[] {
  if (!exists(join(root, path))) return [];
  return [...Deno.readDirSync(join(root, path))].flatMap((entry) => {
    const below = path === "" ? entry.name : `${path}/${entry.name}`;
    return entry.isDirectory ? filesBelow(root, below) : [below];
  }).sort();
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
