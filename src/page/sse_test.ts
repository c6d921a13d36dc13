import { deepStrictEqual, ok } from "node:assert/strict";
import { readEvents } from "./sse.ts";

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

Deno.test("events are the same, wherever the bytes of the stream are cut", async () => {
  const bytes = new TextEncoder().encode('event: state\ndata: {"a": "ü"}\n\n: wait\n\nlost');
  for (let cut = 0; cut <= bytes.length; cut++) {
    deepStrictEqual(
      await Array.fromAsync(readEvents(bodyOf([bytes.slice(0, cut), bytes.slice(cut)]))),
      [{ name: "state", data: '{"a": "ü"}' }, { name: "", data: "wait" }],
      `cut at ${cut}`,
    );
  }
});

Deno.test("a reader that stops ends the stream", async () => {
  let isCancelled = false;
  const event = new TextEncoder().encode("data: 1\n\n");
  for await (const _ of readEvents(bodyOf([event, event], () => isCancelled = true))) break;
  ok(isCancelled);
});
