import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { UsageScan } from "./usage.ts";

const encoder = new TextEncoder();

/** Returns the usage of an answer that comes in pieces of this many bytes. */
function usageOf(text: string, size = 70) {
  const scan = new UsageScan();
  const bytes = encoder.encode(text);
  for (let at = 0; at < bytes.length; at += size) scan.take(bytes.slice(at, at + size));
  return scan.end();
}

/** Events that are longer than what a scan keeps. */
const CHUNKS = 'data: {"choices":[{"delta":{"content":"good morning"}}],"usage":null}\n\n'.repeat(
  500,
);

const ANSWERS = {
  "a chat": [
    '{"choices":[{}],"usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9,' +
    '"prompt_tokens_details":{"cached_tokens":4}},"prompt_logprobs":null}',
    [7, 4, 2],
  ],
  "an answer of the Responses API": [
    '{"output":[{}],"usage":{"input_tokens":30,"input_tokens_details":{"cached_tokens":16},' +
    '"output_tokens":5,"output_tokens_details":{"reasoning_tokens":3},"total_tokens":35}}',
    [30, 16, 5],
  ],
  "a message of Anthropic, whose cached tokens are extra": [
    '{"content":[{}],"usage":{"input_tokens":3,"output_tokens":8,"cache_read_input_tokens":100}}',
    [103, 100, 8],
  ],
  "embeddings, with the usage before the data": [
    `{"object":"list","usage":{"prompt_tokens":8,"total_tokens":8},"data":[${
      "0.5,".repeat(9000)
    }1]}`,
    [8, 0, 0],
  ],
  "a stream": [
    `${CHUNKS}data: {"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":500}}\n\n` +
    "data: [DONE]\n\n",
    [11, 0, 500],
  ],
  "a stream of Anthropic, with the prompt at its beginning": [
    'event: message_start\ndata: {"message":{"usage":{"input_tokens":6,' +
    '"cache_read_input_tokens":4,"output_tokens":1}}}\n\n' +
    CHUNKS + 'event: message_delta\ndata: {"delta":{},"usage":{"output_tokens":77}}\n\n',
    [10, 4, 77],
  ],
  "a short stream of Anthropic": [
    'data: {"message":{"usage":{"input_tokens":6,"output_tokens":1}}}\n\n' +
    'data: {"delta":{},"usage":{"output_tokens":2}}\n\n',
    [6, 0, 2],
  ],
  "a stream of llama.cpp without usage": [
    `${CHUNKS}data: {"choices":[{"finish_reason":"stop"}],"timings":{"cache_n":12,"prompt_n":3,` +
    '"prompt_ms":4.5,"predicted_n":9}}\n\ndata: [DONE]\n\n',
    [15, 12, 9],
  ],
} as const;

for (const [name, [text, [input, cachedInput, output]]] of Object.entries(ANSWERS)) {
  Deno.test(`the tokens of ${name} are found`, () => {
    for (const size of [1, 70, 65_536]) {
      deepStrictEqual(usageOf(text, size), { input, cachedInput, output }, `pieces of ${size}`);
    }
  });
}

Deno.test("numbers that are none, and text of a model, count nothing", () => {
  for (
    const text of [
      "",
      '{"usage":null}',
      '{"usage":{"prompt_tokens":7',
      JSON.stringify({ content: '"usage":{"prompt_tokens":7}' }),
      '{"usage":{"prompt_tokens":}}',
    ]
  ) strictEqual(usageOf(text), undefined, text);
  const odd = '{"usage":{"prompt_tokens":-7,"completion_tokens":1.5,"prompt_tokens_details":[]}}';
  deepStrictEqual(usageOf(odd), { input: 0, cachedInput: 0, output: 0 });
  deepStrictEqual(usageOf('{"usage":{"prompt_tokens":9e15}}')?.input, 100_000_000);
});
