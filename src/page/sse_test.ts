import { deepStrictEqual, ok } from "node:assert/strict";
import { readEvents, type StreamEvent } from "./sse.ts";

function bodyOf(pieces: readonly Uint8Array[], onCancel = () => {}): ReadableStream<Uint8Array> {
  const rest = [...pieces];
  return new ReadableStream({
    pull(controller) {
      const piece = rest.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
    cancel: onCancel,
  });
}

const TEXT =
  'event: state\ndata: {"a": "ü: 1"}\n\n: wait\n\ndata: one\r\ndata: two\r\n\r\ndata:\n\nlost';

const EVENTS: readonly StreamEvent[] = [
  { event: "state", data: '{"a": "ü: 1"}', comment: "" },
  { event: "message", data: "", comment: "wait" },
  { event: "message", data: "one\ntwo", comment: "" },
  { event: "message", data: "", comment: "" },
];

Deno.test("events are the same, wherever the stream is cut", async () => {
  const bytes = new TextEncoder().encode(TEXT);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const read = await Array.fromAsync(readEvents(bodyOf([bytes.slice(0, cut), bytes.slice(cut)])));
    deepStrictEqual(read, EVENTS, `cut at ${cut}`);
  }
});

Deno.test("a reader that stops ends the stream", async () => {
  let isCancelled = false;
  const event = new TextEncoder().encode("data: 1\n\n");
  for await (const _ of readEvents(bodyOf([event, event], () => isCancelled = true))) break;
  await Promise.resolve();
  ok(isCancelled);
});
