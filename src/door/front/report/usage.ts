/** The numbers of tokens of one answer. */
export interface Usage {
  /** All tokens of the prompt, also those that came from a cache. */
  readonly input: number;
  readonly cachedInput: number;
  readonly output: number;
}

/** The bytes at the beginning and at the end of a long answer in which its usage is looked for. */
const HEAD_BYTES = 2048;
const TAIL_BYTES = 8192;

/**
 * Keeps the beginning and the end of an answer while it passes, and finds the numbers of tokens in them.
 * The answer itself is neither changed nor parsed.
 *
 * @example
 * ```ts
 * import { UsageScan } from "./usage.ts";
 * const scan = new UsageScan();
 * const text = '{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}';
 * scan.take(new TextEncoder().encode(text));
 * scan.end()?.input; // 7
 * ```
 */
export class UsageScan {
  readonly #head: Uint8Array[] = [];
  #headBytes = 0;
  readonly #tail: Uint8Array[] = [];
  #tailBytes = 0;
  /** True if the tail does not begin with the answer. */
  #isCut = false;

  /** Takes the next piece, whose bytes must not change later. */
  take(piece: Uint8Array): void {
    if (this.#headBytes < HEAD_BYTES) {
      const part = piece.subarray(0, HEAD_BYTES - this.#headBytes);
      this.#head.push(part);
      this.#headBytes += part.length;
    }
    this.#tail.push(piece);
    this.#tailBytes += piece.length;
    // Many pieces are dropped at once, which is faster.
    if (this.#tailBytes >= 2 * TAIL_BYTES) this.#drop();
  }

  #drop(): void {
    let count = 0;
    for (let rest; (rest = this.#tailBytes - this.#tail[count]!.length) >= TAIL_BYTES; count++) {
      this.#tailBytes = rest;
    }
    this.#tail.splice(0, count);
    this.#isCut ||= count > 0;
  }

  /** Returns the numbers after the last piece; undefined if the answer has none. */
  end(): Usage | undefined {
    const tail = textOf(this.#tail);
    return usageOf(this.#isCut ? `${textOf(this.#head)}\n${tail}` : tail);
  }
}

const decoder = new TextDecoder();

/** Returns pieces as text. A character that two pieces share is lost, but never a number. */
function textOf(pieces: readonly Uint8Array[]): string {
  return pieces.map((piece) => decoder.decode(piece)).join("");
}

type Numbers = Readonly<Record<string, unknown>>;

/** The objects of these names. The text of a model cannot contain one, because its quotes are escaped. */
const OBJECT = String.raw`\s*:\s*(\{(?:[^{}]|\{[^{}]*\})*\})`;
const USAGE = new RegExp(`"usage"${OBJECT}`, "g");
const TIMINGS = new RegExp(`"timings"${OBJECT}`, "g");

/**
 * Returns the numbers that the APIs of OpenAI and Anthropic name. The last ones count; the streams of
 * Anthropic have those of the prompt only at the beginning. The streams of llama.cpp have `timings`, also
 * if the client asked for no usage.
 */
function usageOf(text: string): Usage | undefined {
  const usage = merged(text, USAGE);
  if (usage !== undefined) return ofUsage(usage);
  const timings = merged(text, TIMINGS);
  return timings === undefined ? undefined : ofTimings(timings);
}

/** Returns the fields of all objects of a name, of which later ones replace earlier ones. */
function merged(text: string, pattern: RegExp): Numbers | undefined {
  let fields: Numbers | undefined;
  pattern.lastIndex = 0;
  for (let found; (found = pattern.exec(text)) !== null;) {
    const object = parse(found[1] ?? "");
    if (object !== undefined) fields = { ...fields, ...object };
  }
  return fields;
}

function parse(text: string): object | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function ofUsage(usage: Numbers): Usage {
  const details = usage.prompt_tokens_details ?? usage.input_tokens_details;
  // Anthropic's number of the prompt does not contain what came from or went to the cache.
  const read = count(usage.cache_read_input_tokens);
  const written = count(usage.cache_creation_input_tokens);
  return {
    input: count(usage.prompt_tokens ?? usage.input_tokens) + read + written,
    cachedInput: isNumbers(details) ? count(details.cached_tokens) : read,
    output: count(usage.completion_tokens ?? usage.output_tokens),
  };
}

function ofTimings(timings: Numbers): Usage {
  const cachedInput = count(timings.cache_n);
  return {
    input: count(timings.prompt_n) + cachedInput,
    cachedInput,
    output: count(timings.predicted_n),
  };
}

/** No answer has more tokens: one wrong number must not spoil the sum. */
const MOST_TOKENS = 100_000_000;

function count(value: unknown): number {
  return Number.isInteger(value) && Number(value) > 0 ? Math.min(Number(value), MOST_TOKENS) : 0;
}

function isNumbers(value: unknown): value is Numbers {
  return typeof value === "object" && value !== null;
}
