import { strictEqual } from "node:assert/strict";
import { TokenRate } from "./token_rate.ts";

/** Streams of each API, with the number of their texts. */
const STREAMS: readonly (readonly [api: string, count: number, text: string])[] = [
  [
    "chats",
    2,
    'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n' +
    'data: {"choices":[{"delta":{"reasoning_content":"so"}}]}\n\n' +
    'data: {"choices":[{"delta":{"content": "a \\"text\\":\\"b"}}]}\n\ndata: [DONE]\n\n',
  ],
  [
    "calls of functions",
    1,
    'data: {"choices":[{"delta":{"tool_calls":[{"function":' +
    '{"arguments":"{"}}]}}]}\n\n',
  ],
  ["completions", 1, 'data: {"choices":[{"text":"a","finish_reason":null}]}\n\n'],
  [
    "messages",
    1,
    'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,' +
    '"delta":{"type":"text_delta","text":"Hello"}}\n\nevent: ping\ndata: {"type":"ping"}\n\n',
  ],
  [
    "responses",
    1,
    "event: response.output_text.delta\n" +
    'data: {"type":"response.output_text.delta","delta":"In"}\n\n',
  ],
  ["llama.cpp", 1, 'data: {"content":"a","stop":false}\n\n'],
];

for (const [api, count, text] of STREAMS) {
  Deno.test(`each text of a stream of ${api} counts as one token`, () => {
    const rate = new TokenRate();
    const piece = new TextEncoder().encode(text);
    rate.addPiece(piece);
    rate.begin(0);
    rate.addPiece(piece);
    strictEqual(rate.take(1000), count);
    strictEqual(rate.take(2000), 0);
    rate.end();
    rate.addPiece(piece);
    rate.begin(3000);
    strictEqual(rate.take(4000), 0);
  });
}
