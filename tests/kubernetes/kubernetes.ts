/** The golden cases of Kubernetes and their outcomes, for the tests and the update. */
import { basename, dirname, join } from "node:path/posix";
import { type Codex, readCodex } from "../../src/core/codex/mod.ts";
import { manifestsOf } from "../../src/core/kubernetes/mod.ts";
import { formatReport, hasErrors, PLAIN } from "../../src/core/report/mod.ts";
import { codexFiles, filesBelow, goldenCases, type Outcome, shorten } from "../golden/golden.ts";

const HERE = import.meta.dirname ?? ".";

/** Returns the names of the cases. One that ends in `-allowed` is rendered with `--allow-loss`. */
export function kubernetesCases(): string[] {
  return [...Deno.readDirSync(HERE)].filter((entry) => entry.isDirectory)
    .map((entry) => entry.name).sort();
}

/** Returns the folders of their Codices. */
export function kubernetesFolders(): string[] {
  return kubernetesCases().map((name) => join(HERE, name, "codex"));
}

/** Returns every valid Codex of the golden cases, those of systemd included. */
export function validCodices(): { readonly name: string; readonly codex: Codex }[] {
  return [
    ...goldenCases().map(({ name, codex }) => ({ name, folder: codex })),
    ...kubernetesFolders().map((folder) => ({ name: basename(dirname(folder)), folder })),
  ].flatMap(({ name, folder }) => {
    const { codex, findings } = readCodex({ folder: "codex", files: codexFiles(folder) });
    return hasErrors(findings) ? [] : [{ name, codex }];
  });
}

/** Compiles a Codex. The outcome has `tree/PATH`, `notes.txt` and `report.txt`. */
export async function kubernetesOutcome(
  folder: string,
  { allowLoss }: { readonly allowLoss: boolean },
): Promise<Outcome> {
  const read = readCodex({ folder: "codex", files: codexFiles(folder) });
  if (hasErrors(read.findings)) throw new Error(`${folder} is not valid`);
  const { files, findings, notes, secrets } = await manifestsOf(read.codex, { allowLoss });
  const report = formatReport(findings, { sources: read.sources, prefix: "", palette: PLAIN });
  return new Map([
    ...files.map(({ path, text }) => [`tree/${path}`, shorten(text)] as const),
    ...files.length === 0 ? [] : [["notes.txt", lines([...notes, ...secrets])] as const],
    ...report === "" ? [] : [["report.txt", report] as const],
  ]);
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}

/** Compiles the Codex of a case. */
export function outcomeOfCase(name: string): Promise<Outcome> {
  const allowLoss = name.endsWith("-allowed");
  return kubernetesOutcome(join(HERE, name, "codex"), { allowLoss });
}

/** Reads the expected outcome of a case. */
export function expectedOutcome(name: string): Outcome {
  const folder = join(HERE, name);
  return new Map(
    filesBelow(folder).filter((path) => !path.startsWith("codex/"))
      .map((path) => [path, Deno.readTextFileSync(join(folder, path))]),
  );
}

/** Replaces the expected outcome of a case. */
export function writeOutcome(name: string, outcome: Outcome): void {
  const folder = join(HERE, name);
  for (const path of expectedOutcome(name).keys()) Deno.removeSync(join(folder, path));
  for (const [path, text] of outcome) {
    Deno.mkdirSync(dirname(join(folder, path)), { recursive: true });
    Deno.writeTextFileSync(join(folder, path), text);
  }
}
