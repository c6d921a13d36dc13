/** The inputs of the fuzzer by their numbers: a seed and a number always make the same one. */
import fc from "fast-check";
import { configText, unitText } from "./foreign.ts";
import { type CodexFiles, codexFiles } from "./grammar.ts";
import { judgeCodex, judgeConfig, judgeUnit } from "./judge.ts";
import { largeConfig, largeSoulstones, largeUnit } from "./large.ts";

/** No input may take longer. */
export const LIMIT_MILLISECONDS = 1000;

/** What is fed: the files of a Codex, a unit, or a configuration of llama-swap. */
export type Input =
  | { readonly kind: "codex"; readonly files: CodexFiles }
  | { readonly kind: "unit" | "config"; readonly text: string };

const encoder = new TextEncoder();
const codex = (files: CodexFiles): Input => ({ kind: "codex", files });
const unit = (text: string): Input => ({ kind: "unit", text });
const config = (text: string): Input => ({ kind: "config", text });

const inputs: fc.Arbitrary<Input> = fc.oneof(
  { weight: 1000, arbitrary: codexFiles.map(codex) },
  { weight: 400, arbitrary: unitText.map(unit) },
  { weight: 200, arbitrary: configText.map(config) },
  {
    weight: 4,
    arbitrary: largeSoulstones.map((text) =>
      codex({ settings: new Uint8Array(), soulstones: encoder.encode(text) })
    ),
  },
  { weight: 4, arbitrary: largeUnit.map(unit) },
  { weight: 3, arbitrary: largeConfig.map(config) },
);

/** What a seed makes of a number. */
export function inputOf(seed: number, number: number): Input {
  const [input = unit("")] = fc.sample(inputs, {
    seed: (seed + Math.imul(number, 0x9e3779b1)) | 0,
    numRuns: 1,
  });
  return input;
}

/** An input as one text: to show it, and to tell it from others. */
export function textOf(input: Input): string {
  if (input.kind !== "codex") return `# ${input.kind}\n${input.text}`;
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const { settings, soulstones } = input.files;
  return `# lychd.toml\n${decoder.decode(settings)}\n# soulstones/a.toml\n${
    decoder.decode(soulstones)
  }`;
}

/** How often a slow input is judged again: others work on the machine too. */
const AGAIN = 3;

/** Judges an input, and says what is wrong with lychd, if anything is. */
export async function judgeInput(input: Input): Promise<{ milliseconds: number; fault?: string }> {
  let best = Infinity;
  for (let i = 0; i <= AGAIN && best > LIMIT_MILLISECONDS; i++) {
    const begun = performance.now();
    try {
      await judge(input);
    } catch (error) {
      const words = error instanceof Error ? error.stack ?? error.message : String(error);
      return { milliseconds: performance.now() - begun, fault: words };
    }
    best = Math.min(best, performance.now() - begun);
  }
  return best <= LIMIT_MILLISECONDS
    ? { milliseconds: best }
    : { milliseconds: best, fault: `it took ${Math.round(best)} ms, in ${AGAIN + 1} tries` };
}

function judge(input: Input): Promise<void> {
  switch (input.kind) {
    case "codex":
      return judgeCodex(input.files.settings, input.files.soulstones);
    case "unit":
      return judgeUnit(input.text);
    case "config":
      return judgeConfig(input.text);
  }
}
