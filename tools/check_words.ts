/**
 * Checks that documents, templates and scripts are in plain English; the lint plugin checks TypeScript.
 *
 * `deno run -R tools/check_words.ts`
 */
import { dialectIn } from "./lint/plain_english.ts";

const ROOTS = ["README.md", "CHANGELOG.md", "docs", "templates", "examples", "tests/lab", ".ci"];

/** Lists the files below a path that people read as text. */
function textsBelow(path: string): string[] {
  if (Deno.statSync(path).isFile) return /\.ts$/.test(path) ? [] : [path];
  return [...Deno.readDirSync(path)].flatMap(({ name }) => textsBelow(`${path}/${name}`)).sort();
}

if (import.meta.main) {
  const files = ROOTS.flatMap(textsBelow);
  const found = files.flatMap((file) =>
    Deno.readTextFileSync(file).split("\n").flatMap((line, i) =>
      dialectIn(line).map(({ index, message }) => `${file}:${i + 1}:${index + 1}: ${message}`)
    )
  );
  for (const line of found) console.error(line);
  if (found.length === 0) console.log(`${files.length} texts in plain English`);
  Deno.exitCode = found.length === 0 ? 0 : 1;
}
