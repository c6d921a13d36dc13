/** Checks the rules for every input. */
import { ok, strictEqual } from "node:assert/strict";
import { readCodex } from "../../src/core/codex/mod.ts";
import { compile, findingsOf } from "../../src/core/compile/mod.ts";
import {
  type ImportContext,
  importLlamaSwap,
  importQuadlet,
  type ImportResult,
} from "../../src/core/import/mod.ts";
import { LEFT_TO_OPERATOR } from "../../src/core/import/resolve.ts";
import { manifestsOf } from "../../src/core/kubernetes/mod.ts";
import {
  type Finding,
  formatReport,
  hasErrors,
  isSecretName,
  PLAIN,
} from "../../src/core/report/mod.ts";
import { readQuadletUnit, type ReadUnit, readUnit } from "../../src/core/rune/mod.ts";
import { manySoulstones } from "../bench/many_soulstones.ts";
import { filesOf } from "./corpus.ts";
import { judgeAnswer } from "./answer.ts";
import { judgeFacts } from "./facts.ts";
import { judgeForm } from "./form_body.ts";
import type { Input } from "./inputs.ts";
import { judgeJsonBody } from "./json_body.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A plain Codex, to measure the speed of this machine. */
const PLAIN_CODEX = encoder.encode(Object.values(manySoulstones(12, 4)).join("\n"));

/** The time limit of an input, in times of the plain Codex. It grows with the size of the input. */
const TIME_LIMIT = 30;

/** The number of measurements; the best one counts, because other programs use time too. */
const TRIES = 4;

let plainMilliseconds: number | undefined;

/** The result of an input. */
export interface Verdict {
  /** Its time as a part of the limit. */
  readonly share: number;
  /** The codes of its findings. */
  readonly codes: readonly string[];
  /** The bug of lychd, if the input shows one. */
  readonly problem?: string;
}

/** Runs lychd on an input and checks its findings and time. */
export async function judgeInput(input: Input): Promise<Verdict> {
  const size = Math.max(1, (input.settings.length + input.text.length) / PLAIN_CODEX.length);
  let share = Infinity;
  let codes: readonly string[] = [];
  try {
    for (let i = 0; i < TRIES && share > 1; i++) {
      // Measured again, because the machine may have become slower.
      if (i > 0 || plainMilliseconds === undefined) plainMilliseconds = await measurePlain();
      const taken = await millisecondsOf(async () => void (codes = await judge(input)));
      share = Math.min(share, taken / (plainMilliseconds * TIME_LIMIT * size));
    }
  } catch (error) {
    return {
      share,
      codes,
      problem: error instanceof Error ? error.stack ?? error.message : String(error),
    };
  }
  if (share <= 1) return { share, codes };
  const times = (share * TIME_LIMIT).toFixed(0);
  return { share, codes, problem: `it took ${times} times as long as a plain Codex of its size` };
}

async function measurePlain(): Promise<number> {
  let best = Infinity;
  for (let i = 0; i < 5; i++) {
    best = Math.min(best, await millisecondsOf(() => judgeCodex(new Uint8Array(), PLAIN_CODEX)));
  }
  return best;
}

async function millisecondsOf(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

/** Runs the code of lychd for an input. Returns the codes of all findings. */
async function judge({ kind, settings, text }: Input): Promise<string[]> {
  switch (kind) {
    case "answer":
      await judgeAnswer(text, JSON.parse(decoder.decode(settings)));
      return [];
    case "json":
      judgeJsonBody(text, JSON.parse(decoder.decode(settings)));
      return [];
    case "form":
      await judgeForm(text, JSON.parse(decoder.decode(settings)));
      return [];
    case "facts":
      return judgeFacts(decoder.decode(text));
    case "codex":
      return await judgeCodex(settings, text);
    case "unit":
      return await judgeUnit(decoder.decode(text));
    case "config":
      return await judgeConfig(decoder.decode(text));
  }
}

/**
 * Does what `lychd check` and a render for Kubernetes do with a Codex. The result is Runes or errors.
 * Every finding has a place that exists, and the report has no control characters and no secret of `env`.
 */
async function judgeCodex(settings: Uint8Array, text: Uint8Array): Promise<string[]> {
  const read = readCodex({ folder: "codex", files: filesOf(settings, text) });
  const isBroken = hasErrors(read.findings);
  const compiled = isBroken
    ? { runes: [], findings: findingsOf(read.codex) }
    : await compile(read.codex);
  const findings = [...read.findings, ...compiled.findings];
  ok(compiled.runes.length > 0 || hasErrors(findings), "neither Runes nor an error");
  const secrets = read.codex.soulstones.flatMap(({ env }) => Object.entries(env))
    .filter(([name, value]) => isSecretName(name) && value.includes("SECRET"))
    .map(([, value]) => value);
  const codes = judgeFindings(findings, read.sources, secrets);
  if (hasErrors(findings)) return codes;
  const allowLoss = read.codex.soulstones.length % 2 === 0;
  const manifests = await manifestsOf(read.codex, { allowLoss });
  ok(manifests.files.length > 0 || hasErrors(manifests.findings), "neither objects nor an error");
  return [...codes, ...judgeFindings(manifests.findings, read.sources, secrets)];
}

function judgeFindings(
  findings: readonly Finding[],
  sources: ReadonlyMap<string, string>,
  secrets: readonly string[] = [],
): string[] {
  const lines = new Map([...sources].map(([file, text]) => [file, text.split("\n")]));
  for (const { place, code, message } of findings) {
    ok(code !== "rune-mismatch", message);
    const own = lines.get(place.file);
    ok(own !== undefined, `${code}: there is no file ${place.file}`);
    const { line, column } = place.start;
    ok(line >= 1 && line <= own.length, `${code}: line ${line} of ${own.length}`);
    const length = own[line - 1]?.length ?? 0;
    ok(column >= 1 && column <= length + 1, `${code}: column ${column} of ${length}`);
  }
  const report = formatReport(findings, { sources, prefix: "", palette: PLAIN });
  // deno-lint-ignore no-control-regex
  strictEqual(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.exec(report), null);
  const source = [...sources.values()].join("\n");
  for (const secret of secrets) {
    // An input may contain the same text a second time, in a place that is not secret.
    if (source.split(secret).length === 2) ok(!report.includes(secret), `it shows ${secret}`);
  }
  return findings.map(({ code }) => code);
}

/** Reads a unit as systemd and as Quadlet do, and imports it. */
async function judgeUnit(text: string): Promise<string[]> {
  judgeLines(text, readUnit(text));
  judgeLines(text, readQuadletUnit(text));
  const file = { path: "a.container", bytes: encoder.encode(text) };
  return judgeImport(await importQuadlet([{ file, folder: "/units", dropIns: [] }], CONTEXT));
}

/** Checks that every reported line exists in the file. */
function judgeLines(text: string, read: ReadUnit): void {
  const count = text.split("\n").length;
  const numbers = "badLine" in read ? [read.badLine] : read.lines.map(({ line }) => line);
  numbers.forEach((number, i) => {
    ok(number >= 1 && number <= count, `line ${number} of ${count}`);
    ok(i === 0 || number > (numbers[i - 1] ?? 0), `line ${number} twice`);
  });
}

/** Imports a configuration of llama-swap. */
async function judgeConfig(text: string): Promise<string[]> {
  const file = { path: "config.yaml", bytes: encoder.encode(text) };
  return judgeImport(await importLlamaSwap([file], new Map(), CONTEXT));
}

const CONTEXT: ImportContext = {
  home: "/home/lich",
  runtime: "/run/user/1000",
  config: "/home/lich/.config",
  user: 1000,
  takenPorts: new Map(),
  takenGroups: new Set(),
  vendor: "NVIDIA",
  variables: new Map(),
};

/** Checks that an import results in a valid Codex or an error. */
function judgeImport({ imported, findings, sources }: ImportResult): string[] {
  const codes = judgeFindings(findings, sources);
  if (imported === undefined) {
    ok(hasErrors(findings), "neither an import nor an error");
    return codes;
  }
  const files = imported.soulstones.map(({ name, text }) => ({
    path: `soulstones/${name}.toml`,
    bytes: encoder.encode(text),
  }));
  const [problem] = readCodex({ folder: "", files }).findings.filter((f) =>
    f.severity === "error" && f.code !== LEFT_TO_OPERATOR
  );
  ok(problem === undefined, `the imported Codex is invalid: ${problem?.message}`);
  return codes;
}
