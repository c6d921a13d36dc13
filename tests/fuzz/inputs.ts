/** The inputs of the fuzzer by their numbers: a seed and a number always make the same one. */
import fc from "fast-check";
import { codexFiles, unitText } from "./grammar.ts";
import { judgeCodex, judgeUnit } from "./judge.ts";

/** No input may take longer. */
export const LIMIT_MILLISECONDS = 1000;

/** Of so many inputs one is a unit, the others are Codices. */
const UNIT_EVERY = 4;

type Input = { readonly settings: Uint8Array; readonly soulstones: Uint8Array } | string;

const inputs: fc.Arbitrary<Input> = fc.oneof(
  { weight: UNIT_EVERY - 1, arbitrary: codexFiles },
  { weight: 1, arbitrary: unitText },
);

/** What a seed makes of a number. */
export function inputOf(seed: number, number: number): Input {
  const [input = ""] = fc.sample(inputs, {
    seed: (seed + Math.imul(number, 0x9e3779b1)) | 0,
    numRuns: 1,
  });
  return input;
}

/** Judges an input, and says what is wrong with lychd, if anything is. */
export async function judgeInput(
  seed: number,
  number: number,
): Promise<{ milliseconds: number; fault?: string }> {
  const input = inputOf(seed, number);
  const begun = performance.now();
  try {
    if (typeof input === "string") judgeUnit(input);
    else await judgeCodex(input.settings, input.soulstones);
  } catch (error) {
    const words = error instanceof Error ? error.stack ?? error.message : String(error);
    return { milliseconds: performance.now() - begun, fault: words };
  }
  const milliseconds = performance.now() - begun;
  return milliseconds <= LIMIT_MILLISECONDS
    ? { milliseconds }
    : { milliseconds, fault: `it took ${Math.round(milliseconds)} ms` };
}
