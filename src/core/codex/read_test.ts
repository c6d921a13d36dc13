import { deepStrictEqual } from "node:assert/strict";
import { type CodexFile, FILE_LIMIT_KIB, readCodex } from "./read.ts";

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

Deno.test("the order in which files are found changes nothing", () => {
  const files = ["a", "b", "c"].map((name, i) => ({
    path: `soulstones/${name}.toml`,
    bytes: encode(`[${name}]\nimage = "localhost/x"\nport = ${i < 2 ? 8780 : 8781}\nprot = 1\n`),
  }));
  const read = (list: readonly CodexFile[]) => readCodex({ folder: "codex", files: list }).findings;
  deepStrictEqual(read(files.toReversed()), read(files));
});

Deno.test("a file of more than the limit is refused, one of exactly the limit is read", () => {
  const start = `[eye]\nimage = "localhost/x"\nport = 8780\n#`;
  const read = (size: number) => {
    const bytes = encode(start.padEnd(size, "x"));
    return readCodex({ folder: "codex", files: [{ path: "soulstones/eye.toml", bytes }] }).findings;
  };
  deepStrictEqual(read(FILE_LIMIT_KIB * 1024), []);
  deepStrictEqual(read(FILE_LIMIT_KIB * 1024 + 1).map((f) => f.message), [
    "the file has more than the 128 KiB that a Codex file may have",
  ]);
});
