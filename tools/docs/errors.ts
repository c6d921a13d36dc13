import { CATALOGUE } from "../../src/core/report/catalogue.ts";
import type { Code } from "../../src/core/report/mod.ts";
import { ERROR_EXAMPLES, type ErrorExample, filesOf } from "./error_examples.ts";
import { judge } from "./judge.ts";

/** The page of all faults: what each means, an example that has it, and one that does not. */
export async function errorsPage(): Promise<string> {
  const codes = Object.keys(CATALOGUE) as Code[];
  const sections = await Promise.all(codes.map(section));
  return `# Errors and warnings

<!-- Made by \`deno task docs\` from src/core/report/catalogue.ts and tools/docs/error_examples.ts. -->

What \`lychd check\` can say of a Codex, by the code in its brackets. An error stops everything; a
warning stops nothing. Each example is tried by a test: the first has exactly this fault, the second
has none.

${codes.map((code) => `- [${code}](#${code})`).join("\n")}

${sections.join("\n")}`;
}

async function section(code: Code): Promise<string> {
  const { severity, means } = CATALOGUE[code];
  return `## ${code}

_${severity}_: ${means}

${await exampleText(code, ERROR_EXAMPLES[code])}
`;
}

async function exampleText(code: Code, example: ErrorExample): Promise<string> {
  if ("why" in example) return example.why;
  if ("console" in example) return `\`\`\`console\n${example.console}\n\`\`\``;
  const { report } = await judge(filesOf(example.bad));
  const [before, after] = CATALOGUE[code].severity === "error"
    ? ["Refused:", "Valid:"]
    : ["With the warning:", "Without it:"];
  return `${before}

${blocks(`bad=${code}`, filesOf(example.bad))}

\`\`\`text
${report.trimEnd()}
\`\`\`

${after}

${blocks(`good=${code}`, filesOf(example.good))}`;
}

/** The files of a Codex, each a block that names its path. */
function blocks(attribute: string, files: Readonly<Record<string, string>>): string {
  return Object.entries(files)
    .map(([path, text]) => {
      const title = path === "soulstones/eye.toml" ? "" : `\`${path}\`\n\n`;
      return `${title}\`\`\`toml ${path} ${attribute}\n${text}\n\`\`\``;
    }).join("\n\n");
}
