import { type ServerEvent, serverEvents } from "../client/server_events.ts";

/**
 * Reads server-sent events from the body of an answer, because the browser's own reader cannot send a key.
 * A reader that stops ends the answer.
 *
 * @example
 * ```ts ignore
 * for await (const { name, data } of readEvents(answer.body)) show(name, JSON.parse(data));
 * ```
 */
export function readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent, void> {
  return serverEvents(textOf(body));
}

/** Not every browser can iterate a stream. */
async function* textOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
