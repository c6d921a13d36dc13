/** Tests the examples of README.md and docs/: every block of TOML, every command, every link. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { dirname, join } from "node:path/posix";
import { split } from "shlex";
import config from "../../deno.json" with { type: "json" };
import { parseCommandLine } from "../../src/cli/tree.ts";
import { judge } from "../../tools/docs/judge.ts";
import { KNOWN } from "../../src/core/import/llama_swap/config.ts";
import { TOP_SETTINGS } from "../../tools/docs/coming_from_examples.ts";
import { SETTINGS_EXAMPLES, SOULSTONE_EXAMPLES } from "../../tools/docs/field_examples.ts";
import { makePages } from "../../tools/docs/pages.ts";
import { fieldsOf } from "../../tools/docs/reference.ts";
import { type Cli, cli, exists } from "../cli/cli.ts";
import { type Block, blocksOf, commandsOf, isSaid, linksOf } from "./markdown.ts";

const ROOT = join(import.meta.dirname ?? ".", "../..");

/** Languages of blocks that are not tested. */
const SHOWN = ["", "text", "ini", "json", "diff", "ts"];

/** Languages of blocks that define a file of another program. */
const FOREIGN = ["yaml", "ini"];

const DOCUMENTS = ["README.md", "SECURITY.md", ...markdownBelow("docs")];

function markdownBelow(folder: string): string[] {
  return [...Deno.readDirSync(join(ROOT, folder))].sort((a, b) => a.name < b.name ? -1 : 1)
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      return entry.isDirectory ? markdownBelow(path) : path.endsWith(".md") ? [path] : [];
    });
}

for (const document of DOCUMENTS) {
  const text = Deno.readTextFileSync(join(ROOT, document));
  const blocks = blocksOf(text);

  Deno.test(`${document}: every block has a known kind, and every link a target`, () => {
    for (const { line, language, words } of blocks) {
      const at = `${document}:${line}`;
      if (language === "toml") ok(words[0] !== undefined, `${at}: toml, but which file?`);
      else if (FOREIGN.includes(language) && words.length > 0) continue;
      else if (language !== "console") ok(SHOWN.includes(language), `${at}: ${language}?`);
    }
    for (const link of linksOf(text)) {
      ok(exists(join(ROOT, dirname(document), link)), `${document} links to ${link}`);
    }
    strictEqual(text.split("```").length % 2, 1, "a block is not closed");
  });

  const elsewhere = blocks.filter((b) => b.language === "console" && !isTriedHere(b));
  if (elsewhere.length > 0) {
    Deno.test(`${document}: commands for other hosts are valid shell, and lychd accepts them`, async () => {
      for (const { text, line: at } of elsewhere) {
        for (const { line } of commandsOf(text)) {
          const { code, stderr } = await shellReads(line);
          strictEqual(code, 0, `${document}:${at}: $ ${line}\n${stderr}`);
          if (!line.startsWith("lychd ")) continue;
          const parsed = parseCommandLine(split(line).slice(1), config.version);
          strictEqual(parsed.kind, "run", `${document}:${at}: $ ${line}`);
        }
      }
    });
  }

  for (const [word, files] of examplesOf(blocks)) {
    Deno.test(`${document}: ${word}`, async () => {
      const { findings } = await judge(files);
      const codes = findings.map(({ code }) => code);
      deepStrictEqual(codes, word.startsWith("bad=") ? [word.slice(4)] : []);
    });
  }

  const tried = blocks.filter((block) => isPart(block));
  if (tried.length > 0) {
    Deno.test(`${document}: its blocks, in order`, async (t) => {
      await using test = cli();
      const env = { PATH: `${test.onPath()}:${Deno.env.get("PATH")}`, NO_COLOR: "1" };
      for (const block of tried) {
        await t.step({
          name: `${document}:${block.line} ${block.language} ${block.words.join(" ")}`.trim(),
          ignore: block.language === "console" && !isTriedHere(block),
          fn: () => tryBlock(test, block, env),
        });
      }
    });
  }
}

/** Returns true if this test runs the commands of a block. */
function isTriedHere({ words }: Block): boolean {
  return !["host", "lab", "repository"].some((word) => words.includes(word));
}

/** Parses a line with bash without running it. */
async function shellReads(line: string): Promise<{ code: number; stderr: string }> {
  const { code, stderr } = await new Deno.Command("bash", { args: ["-n", "-c", line] }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

/** Groups the blocks with `bad=` and `good=` into Codices. */
function examplesOf(blocks: readonly Block[]): Map<string, Record<string, string>> {
  const examples = new Map<string, Record<string, string>>();
  for (const { language, words: [path = "", word], text } of blocks) {
    if (language !== "toml" || word === undefined) continue;
    examples.set(word, { ...examples.get(word), [path]: text });
  }
  return examples;
}

/** Returns true if a block is part of the story of its document. */
function isPart({ language, words }: Block): boolean {
  return language === "console" && !words.includes("repository") ||
    language === "toml" && words.length === 1 ||
    FOREIGN.includes(language) && words.length > 0;
}

async function tryBlock(test: Cli, block: Block, env: Record<string, string>): Promise<void> {
  if (block.language === "toml") {
    test.codex({ [block.words[0] ?? ""]: block.text });
    const said = await test.run(["check", "--json"]);
    const found: { code: string; severity: string }[] = JSON.parse(said.stdout).findings;
    // A document may show settings alone, and fix a warning further below.
    const faults = found.filter((f) => f.severity === "error" && f.code !== "codex-empty");
    deepStrictEqual(faults.map(({ code }) => code), [], said.stderr);
    return;
  }
  if (FOREIGN.includes(block.language)) {
    test.write(block.words[0] ?? "", block.text);
    return;
  }
  const commands = commandsOf(block.text);
  ok(commands.length > 0, "it contains no `$ `");
  let failed = 0;
  for (const { line, says } of commands) {
    if (line === "echo $?") {
      deepStrictEqual(says, [String(failed)]);
      failed = 0;
      continue;
    }
    strictEqual(failed, 0, "a command fails without a `$ echo $?` after it");
    const { code, text } = await test.together(line, env);
    const said = text.replace(/\n$/, "").split("\n");
    ok(says.length === 0 || isSaid(says.map(anyPort), said.map(anyPort)), `$ ${line}\n${text}`);
    failed = code;
  }
  strictEqual(failed, 0, "the last command fails without a `$ echo $?` after it");
}

/** The free port depends on the host. */
function anyPort(line: string): string {
  return line.replace(/\b(?<=localhost:)\d+/g, "PORT");
}

Deno.test(".ci/run runs the commands that need the repository", () => {
  const ci = Deno.readTextFileSync(join(ROOT, ".ci/run"));
  const lines = DOCUMENTS.flatMap((document) =>
    blocksOf(Deno.readTextFileSync(join(ROOT, document)))
      .filter(({ words }) => words.includes("repository"))
      .flatMap(({ text }) => commandsOf(text).map(({ line }) => line))
  );
  ok(lines.length > 0);
  for (const line of lines) {
    const task = /^npx -y deno@[\d.]+ task (\S+)$/.exec(line)?.[1] ?? "";
    ok(Object.hasOwn(config.tasks, task), `${line}: there is no such task`);
    ok(ci.includes(`"${"$"}{DENO[@]}" task ${task}\n`), `${line} is not in .ci/run`);
  }
});

Deno.test("the generated documents are up to date: deno task docs", async () => {
  for (const [path, text] of await makePages()) {
    strictEqual(Deno.readTextFileSync(join(ROOT, path)), text, path);
  }
});

Deno.test("docs/coming-from.md lists every setting of llama-swap outside of models", () => {
  const shown = TOP_SETTINGS.map((setting) => /^\w+/.exec(setting)?.[0] ?? "");
  deepStrictEqual([...KNOWN].filter((key) => !shown.includes(key)), []);
});

Deno.test("every field has one example, and every example has a field", () => {
  const paths = (kind: "soulstones" | "lychd") => fieldsOf(kind).map(({ path }) => path);
  deepStrictEqual(Object.keys(SOULSTONE_EXAMPLES), paths("soulstones"));
  deepStrictEqual(Object.keys(SETTINGS_EXAMPLES), paths("lychd"));
});

Deno.test({
  name: "the manual page is valid roff and describes every command",
  ignore: !exists("/usr/bin/mandoc") && Deno.env.get("LYCHD_TOOLS") !== "require",
  fn: async () => {
    const page = join(ROOT, "docs/lychd.1");
    const lint = await new Deno.Command("mandoc", { args: ["-T", "lint", page] }).output();
    // A date would change the page every day.
    const faults = new TextDecoder().decode(lint.stdout).split("\n")
      .filter((line) => line !== "" && !/missing date|: STYLE: /.test(line));
    deepStrictEqual(faults, []);
    const shown = await new Deno.Command("mandoc", { args: ["-T", "utf8", page] }).output();
    // deno-lint-ignore no-control-regex
    const text = new TextDecoder().decode(shown.stdout).replaceAll(/.\u0008/g, "");
    for (const name of ["init", "render", "summon", "import llama-swap", "completions"]) {
      ok(new RegExp(`^ {3}${name}`, "m").test(text), `${name} is missing`);
    }
    // Lists of the help are sections here. A paragraph would lose the columns.
    ok(!/^ +(?:Commands|Options|Arguments): /m.test(text));
  },
});
