/** An event of a stream; a comment has an empty name and its text as data. */
export interface ServerEvent {
  readonly name: string;
  readonly data: string;
}

/**
 * Reads server-sent events from text that comes in pieces.
 *
 * @example
 * ```ts
 * import { serverEvents } from "./server_events.ts";
 * const events = [];
 * async function* pieces() {
 *   yield "event: state\nda";
 *   yield "ta: 1\n\n";
 * }
 * for await (const event of serverEvents(pieces())) events.push(event);
 * events; // [{ name: "state", data: "1" }]
 * ```
 */
export async function* serverEvents(
  pieces: AsyncIterable<string>,
): AsyncGenerator<ServerEvent, void> {
  let rest = "";
  let name = "message";
  let data: string[] = [];
  for await (const piece of pieces) {
    const lines = (rest + piece).split(/\r?\n/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const [, field = "", value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
      if (line.startsWith(":")) yield { name: "", data: line.slice(1).trim() };
      else if (line === "") {
        if (data.length > 0) yield { name, data: data.join("\n") };
        [name, data] = ["message", []];
      } else if (field === "event") name = value;
      else if (field === "data") data.push(value);
    }
  }
}
