import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { readJournalLine } from "./journal_line.ts";

function textOf(message: unknown): string | undefined {
  return readJournalLine(JSON.stringify({ MESSAGE: message, __REALTIME_TIMESTAMP: "1" }))?.text;
}

Deno.test("a message is shown without colors, and other control characters are visible", () => {
  const bytes = (text: string) => [...new TextEncoder().encode(text)];
  strictEqual(textOf(bytes("\u001b[1;32mINFO\u001b[0m é\u0007\u001b[2J")), "INFO é\\x07\\x1b[2J");
  strictEqual(textOf("a\u202eb"), "a\\u{202e}b");
  strictEqual(textOf([0xff, 0x41]), "\ufffdA");
});

Deno.test("the end of a line is not part of it", () => {
  deepStrictEqual(["ready\n", "ready\r\n", "  a\nb\n"].map(textOf), ["ready", "ready", "  a\\nb"]);
});

Deno.test("a long message is cut", () => {
  strictEqual(textOf("x".repeat(1000))?.length, 1000);
  strictEqual(textOf("x".repeat(1001)), `${"x".repeat(1000)} [...]`);
  strictEqual(textOf(null), "[a line of more than 4096 bytes]");
});

Deno.test("a line that is not an entry of the journal is left out", () => {
  const others = ["", "-- No entries --", "null", "7", "[]", '{"MESSAGE":"x"}', "{"];
  deepStrictEqual(others.map(readJournalLine), others.map(() => undefined));
});
