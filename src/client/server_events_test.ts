import { deepStrictEqual } from "node:assert/strict";
import { type ServerEvent, serverEvents } from "./server_events.ts";

const TEXT = ": waits\n\nevent: state\r\ndata: 1\r\n\r\ndata:a: b\ndata: c\n\nevent: lost\n\n" +
  "id: 7\ndata: last\n\ndata: cut";

async function* piecesOf(text: string, size: number): AsyncGenerator<string> {
  for (let i = 0; i < text.length; i += size) yield await text.slice(i, i + size);
}

Deno.test("events are the same in whatever pieces their text comes", async () => {
  const expected = [
    { name: "", data: "waits" },
    { name: "state", data: "1" },
    { name: "message", data: "a: b\nc" },
    { name: "message", data: "last" },
  ];
  for (const size of [1, 2, 7, TEXT.length]) {
    const events: ServerEvent[] = [];
    for await (const event of serverEvents(piecesOf(TEXT, size))) events.push(event);
    deepStrictEqual(events, expected, `pieces of ${size}`);
  }
});
