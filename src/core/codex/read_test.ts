import { deepStrictEqual } from "node:assert/strict";
import { FILE_LIMIT_KIB, GROUP_LIMIT, SOULSTONE_LIMIT, VALUE_LIMIT } from "./limits.ts";
import { type CodexFile, readCodex } from "./read.ts";

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

/** What is wrong with a Codex of this one file, and where. */
function findingsOf(text: string): string[] {
  const files = [{ path: "soulstones/a.toml", bytes: encode(text) }];
  return readCodex({ folder: "codex", files }).findings.filter((f) => f.severity === "error")
    .map(({ message, place: { start } }) => `${start.line}:${start.column} ${message}`);
}

function soulstones(count: number, more: (i: number) => string = () => ""): string {
  return Array.from(
    { length: count },
    (_, i) => `[s${i}]\nimage = "localhost/x"\nport = ${2000 + i}\n${more(i)}`,
  ).join("");
}

Deno.test("a Codex of more Soulstones than the limit is refused where the first one too many is", () => {
  deepStrictEqual(findingsOf(soulstones(SOULSTONE_LIMIT)), []);
  deepStrictEqual(findingsOf(soulstones(SOULSTONE_LIMIT + 1)), [
    `${SOULSTONE_LIMIT * 3 + 1}:2 a Codex has at most ${SOULSTONE_LIMIT} Soulstones`,
  ]);
});

Deno.test("a Codex of more groups than the limit is refused at the Soulstone that has them", () => {
  const grouped = (groups: number) => soulstones(groups, (i) => `groups = ["g${i}"]\n`);
  deepStrictEqual(findingsOf(grouped(GROUP_LIMIT)), []);
  deepStrictEqual(findingsOf(grouped(GROUP_LIMIT + 1)), [
    `${GROUP_LIMIT * 4 + 4}:10 a Codex has at most ${GROUP_LIMIT} groups`,
  ]);
});

Deno.test("a Codex of more values than the limit is refused before it is parsed, over all files", () => {
  const comment = "# =,.[{\n";
  const text = `${comment}a = [${"0,".repeat(VALUE_LIMIT)}]`;
  const refusal = `a Codex has at most ${VALUE_LIMIT} keys and values`;
  deepStrictEqual(findingsOf(text), [`2:${5 + 2 * (VALUE_LIMIT - 1)} ${refusal}`]);
  const half = encode(`x = [${"0,".repeat(VALUE_LIMIT / 2)}]`);
  const files = ["a", "b", "c"].map((name) => ({ path: `soulstones/${name}.toml`, bytes: half }));
  deepStrictEqual(
    readCodex({ folder: "codex", files }).findings.map((f) => `${f.place.file} ${f.message}`),
    [`soulstones/b.toml ${refusal}`],
  );
});
