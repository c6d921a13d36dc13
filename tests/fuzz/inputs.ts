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

/** How often a slow input is judged again: others work on the machine too. */
const AGAIN = 3;

/** Judges an input, and says what is wrong with lychd, if anything is. */
export async function judgeInput(
  seed: number,
  number: number,
): Promise<{ milliseconds: number; fault?: string }> {
  const input = inputOf(seed, number);
  let best = Infinity;
  for (let i = 0; i <= AGAIN && best > LIMIT_MILLISECONDS; i++) {
    const begun = performance.now();
    try {
      if (typeof input === "string") judgeUnit(input);
      else await judgeCodex(input.settings, input.soulstones);
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
