/**
 * Checks that documents, templates and scripts are in plain English; the lint plugin checks TypeScript.
 *
 * `deno run -R tools/check_words.ts`
 */
import { dialectIn } from "./lint/plain_english.ts";

const ROOTS = [
  "README.md",
  "SECURITY.md",
  "tools/release",
  "CHANGELOG.md",
  "docs",
  "templates",
  "examples",
  "tests/lab",
  "tests/real",
  ".ci",
  ".github",
  "deno.json",
];

/** Lists the files below a path that people read as text. */
function textsBelow(path: string): string[] {
  // The licenses are texts of others.
  if (Deno.statSync(path).isFile) return /\.ts$|licenses\.txt$/.test(path) ? [] : [path];
  return [...Deno.readDirSync(path)].flatMap(({ name }) => textsBelow(`${path}/${name}`)).sort();
}

function placeOf(file: string, index: number): string {
  const before = Deno.readTextFileSync(file).slice(0, index).split("\n");
  return `${file}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

if (import.meta.main) {
  const files = ROOTS.flatMap(textsBelow);
  const found = files.flatMap((file) =>
    dialectIn(Deno.readTextFileSync(file)).map(({ index, message }) =>
      `${placeOf(file, index)}: ${message}`
    )
  );
  for (const line of found) console.error(line);
  if (found.length === 0) console.log(`${files.length} texts in plain English`);
  Deno.exitCode = found.length === 0 ? 0 : 1;
}
