/** The values in which the APIs of OpenAI, Anthropic and llama.cpp send text, if they are not empty. */
const TEXT =
  /"(?:content|reasoning_content|reasoning|text|thinking|partial_json|arguments|delta)"\s*:\s*"(?!")/g;

const decoder = new TextDecoder();

/**
 * Counts the tokens that the engines generate now, while a client looks. Each text of a stream counts as
 * one token; an answer that comes whole has their number.
 *
 * @example
 * ```ts
 * import { TokenRate } from "./token_rate.ts";
 * const rate = new TokenRate();
 * rate.begin(0);
 * rate.addPiece(new TextEncoder().encode('data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n'));
 * rate.addTokens(9);
 * rate.take(2000); // 5
 * ```
 */
export class TokenRate {
  #count = 0;
  #sinceMilliseconds: number | undefined;

  /** Begins to count. */
  begin(nowMilliseconds: number): void {
    this.#count = 0;
    this.#sinceMilliseconds = nowMilliseconds;
  }

  /** Counts nothing from now on. */
  end(): void {
    this.#sinceMilliseconds = undefined;
  }

  /** Adds the texts in a piece of a stream. One that two pieces share may be lost. */
  addPiece(piece: Uint8Array): void {
    if (this.#sinceMilliseconds === undefined) return;
    this.#count += decoder.decode(piece).match(TEXT)?.length ?? 0;
  }

  addTokens(count: number): void {
    this.#count += count;
  }

  /** Returns the tokens per second since the last call, or since the begin. */
  take(nowMilliseconds: number): number {
    const seconds = (nowMilliseconds - (this.#sinceMilliseconds ?? nowMilliseconds)) / 1000;
    const rate = seconds > 0 ? this.#count / seconds : 0;
    this.begin(nowMilliseconds);
    return rate;
  }
}
