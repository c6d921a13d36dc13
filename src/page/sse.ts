/** An event of a stream, or a comment, which has only a comment. */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
  readonly comment: string;
}

/**
 * Reads server-sent events. The browser's own reader cannot send a key.
 *
 * @example
 * ```ts ignore
 * for await (const { event, data } of readEvents(answer.body)) show(event, JSON.parse(data));
 * ```
 */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const blocks = text.split(/\r?\n\r?\n/);
      text = blocks.pop() ?? "";
      for (const block of blocks) yield eventOf(block);
    }
  } finally {
    // Without this, the door sends on after the reader has lost its interest.
    reader.cancel().catch(() => {});
  }
}

function eventOf(block: string): StreamEvent {
  const fields: Record<string, string[]> = { event: [], data: [], "": [] };
  for (const line of block.split(/\r?\n/)) {
    const [, name = "", value = ""] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    fields[name]?.push(value);
  }
  const of = (name: string) => fields[name]?.join("\n") ?? "";
  return { event: of("event") || "message", data: of("data"), comment: of("") };
}
