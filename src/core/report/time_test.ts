/** The time to find secrets grows linearly with the length of a text. */
import { ok } from "node:assert/strict";
import { maskSecrets, maskWords } from "./secrets.ts";

/** A long text is compared with this many short ones of the same total length. */
const PARTS = 100;
const LENGTH = 100_000;

/** The maximum ratio of a long text to short ones; quadratic time gives 20 to 100. */
const MOST_TIMES = 10;

/** The best try counts, because other programs take time too. */
const TRIES = 5;

/** Texts to repeat: the beginnings of what the patterns look for. */
const REPEATED = [
  ...["a=", "key=", "key: ", "-key ", 'key":', "--api-key ", "://a:", "://a:b@", "bearer ", "hf_"],
  ...["-", " ", "\n", '"', "'", '"""', "'''", "[", '["a", ', 'key = "', "key = [", "key x"],
];

for (const [name, mask] of Object.entries({ maskWords, maskSecrets })) {
  Deno.test(`${name} hides secrets in a long text in time`, () => {
    const millisecondsOf = (text: string, times: number) => {
      const start = performance.now();
      for (let i = 0; i < times; i++) mask(text);
      return performance.now() - start;
    };
    for (const part of REPEATED) {
      const text = (length: number) => `x${part.repeat(length / part.length)}y`;
      let [whole, parts, tries] = [Infinity, Infinity, 0];
      do {
        whole = Math.min(whole, millisecondsOf(text(LENGTH), 1));
        parts = Math.min(parts, millisecondsOf(text(LENGTH / PARTS), PARTS));
      } while (whole > MOST_TIMES * parts && ++tries < TRIES);
      ok(whole <= MOST_TIMES * parts, `${whole} ms, in parts ${parts} ms: ${JSON.stringify(part)}`);
    }
  });
}
