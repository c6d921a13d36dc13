/** The golden cases and their outcomes, for the tests and the update. */
import { dirname, join } from "node:path/posix";
import { type CodexFile, readCodex } from "../../src/core/codex/mod.ts";
import { compile } from "../../src/core/compile/mod.ts";
import { type Finding, formatReport, hasErrors, PLAIN } from "../../src/core/report/mod.ts";

const GOLDEN = import.meta.dirname ?? ".";
const ROOT = join(GOLDEN, "../..");
const EXAMPLES = join(ROOT, "examples");

/** A Codex, and the folder of its expected outcome. */
export interface GoldenCase {
  readonly name: string;
  readonly codex: string;
  readonly expected: string;
}

/** The outcome of a Codex: the texts of `runes/PATH` and `report.txt`, by name. */
export type Outcome = ReadonlyMap<string, string>;

/** Returns a case for every folder here and for every example. */
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

/** Returns the files of a Codex folder, sorted, as the commands select them. */
export function codexFiles(folder: string): CodexFile[] {
  return filesBelow(folder)
    .filter((path) =>
      path === "lychd.toml" || /^soulstones\/(?:[^.][^/]*\/)*[^.\/][^/]*\.toml$/s.test(path) ||
      /^portals\/[^.\/][^/]*\.(?:toml|pem)$/s.test(path)
    )
    .map((path) => ({ path, bytes: Deno.readFileSync(join(folder, path)) }));
}

/** Compiles `files` in this order. */
export async function outcomeOf(
  files: readonly CodexFile[],
): Promise<Outcome> {
  const read = readCodex({ folder: "codex", files });
  const compiled = await compile(read.codex);
  const findings: Finding[] = [...read.findings, ...compiled.findings];
  const runes = hasErrors(findings) ? [] : compiled.runes;
  const outcome = new Map(runes.map((rune) => [`runes/${rune.path}`, shorten(rune.text)]));
  const report = formatReport(findings, { sources: read.sources, prefix: "", palette: PLAIN });
  if (report !== "") outcome.set("report.txt", report);
  return outcome;
}

/** Files that lychd copies unchanged, by text. A case names the file instead of repeating it. */
const VERBATIM: ReadonlyMap<string, string> = new Map(
  ["dashboards", "templates"].flatMap((folder) =>
    filesBelow(join(ROOT, folder)).filter((name) => /\.(?:json|yml|sh)$/.test(name))
      .map((name) => [Deno.readTextFileSync(join(ROOT, folder, name)), `${folder}/${name}`])
  ),
);

/** Returns a text, or the name of the file that it is a copy of. */
export function shorten(text: string): string {
  const source = VERBATIM.get(text);
  return source === undefined ? text : `the same as ${source}\n`;
}

/** Writes the expected Runes of a case to `folder`, as lychd would. */
export function writeTree(golden: GoldenCase, folder: string): void {
  const sources = new Map([...VERBATIM].map(([text, name]) => [`the same as ${name}\n`, text]));
  for (const [path, text] of expectedOutcome(golden)) {
    if (!path.startsWith("runes/")) continue;
    const place = join(folder, path.slice("runes/".length));
    Deno.mkdirSync(dirname(place), { recursive: true });
    Deno.writeTextFileSync(place, sources.get(text) ?? text);
  }
}

/** Reads the expected outcome of a case. */
export function expectedOutcome({ expected }: GoldenCase): Outcome {
  return new Map(
    filesBelow(expected).filter((path) => path === "report.txt" || path.startsWith("runes/"))
      .map((path) => [path, Deno.readTextFileSync(join(expected, path))]),
  );
}

/** Replaces the expected outcome of a case. */
export function writeOutcome({ expected }: GoldenCase, outcome: Outcome): void {
  for (const path of ["runes", "report.txt"]) {
    if (exists(join(expected, path))) Deno.removeSync(join(expected, path), { recursive: true });
  }
  for (const [path, text] of outcome) {
    Deno.mkdirSync(dirname(join(expected, path)), { recursive: true });
    Deno.writeTextFileSync(join(expected, path), text);
  }
}

/** Removes the expected outcomes of examples that no longer exist. */
export function removeOrphans(cases: readonly GoldenCase[]): void {
  const known = new Set(cases.map((c) => c.name));
  for (const name of folders(GOLDEN)) {
    if (!known.has(name)) Deno.removeSync(join(GOLDEN, name), { recursive: true });
  }
}

function folders(path: string): string[] {
  return [...Deno.readDirSync(path)].filter((e) => e.isDirectory).map((e) => e.name).sort();
}

/** Returns the paths of all files below a folder, sorted. */
export function filesBelow(root: string, path = ""): string[] {
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
