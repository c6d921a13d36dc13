/**
 * Writes the examples of docstrings as modules with one test file, which runs all of them in one isolate;
 * `deno test --doc` starts one for each. An example keeps its line numbers. It fails if it throws, or if
 * a value differs from the comment after it.
 *
 * `deno run -R -W=dist tools/examples.ts src/core`
 */
import { dirname, join } from "node:path/posix";
import { pathToFileURL } from "node:url";

const OUT = "dist/examples";

/** An example, as a module of its own. */
export interface Example {
  /** The line of its first statement. */
  readonly line: number;
  readonly code: string;
}

/** Returns the examples in the docstrings of the file at `url`. Throws if one has no end. */
export function examplesOf(text: string, url: string): Example[] {
  const lines = text.split("\n").map((line) => line.replace(/^ *\* ?/, ""));
  return lines.flatMap((opening, before) => {
    if (opening !== "```ts") return [];
    const end = lines.indexOf("```", before);
    if (end < 0) throw new Error(`${url}:${before + 1}: this example has no end`);
    const written = lines.slice(before + 1, end).join("\n");
    const code = written
      .replace(/(?<= from ")\.[^"]+(?=";$)/gm, (specifier) => new URL(specifier, url).href)
      // A comment after an expression is its value, unless it is shortened.
      .replace(/^(?!const )(\S.*);([ \n])\/\/ ([^…\n]+)$/gm, "deepStrictEqual($1,$2$3);");
    const padding = "\n".repeat(before + 1);
    return {
      line: before + 2,
      code: `import { deepStrictEqual } from "node:assert/strict";${padding}${code}\n`,
    };
  });
}

function filesBelow(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesBelow(join(folder, name)) : join(folder, name)
  ).filter((file) => /\.ts$/.test(file)).sort();
}

if (import.meta.main) {
  const tests: string[] = [];
  await Deno.remove(OUT, { recursive: true }).catch(() => {});
  for (const file of Deno.args.flatMap(filesBelow)) {
    Deno.mkdirSync(join(OUT, dirname(file)), { recursive: true });
    for (
      const { line, code } of examplesOf(Deno.readTextFileSync(file), pathToFileURL(file).href)
    ) {
      const module = `${file.slice(0, -".ts".length)}_${line}.ts`;
      Deno.writeTextFileSync(join(OUT, module), code);
      tests.push(
        `Deno.test("example ${file}:${line}", async () => void await import("./${module}"));\n`,
      );
    }
  }
  Deno.writeTextFileSync(join(OUT, "examples_test.ts"), tests.join(""));
}
