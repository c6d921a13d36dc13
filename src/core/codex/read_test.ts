import { deepStrictEqual } from "node:assert/strict";
import {
  FILE_LIMIT_KIB,
  GROUP_LIMIT,
  MEMBERSHIP_LIMIT,
  SOULSTONE_LIMIT,
  VALUE_LIMIT,
} from "./limits.ts";
import { type CodexFile, readCodex } from "./read.ts";

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

Deno.test("the order of the files does not matter", () => {
  const files = ["a", "b", "c"].map((name, i) => ({
    path: `soulstones/${name}.toml`,
    bytes: encode(`[${name}]\nimage = "localhost/x"\nport = ${i < 2 ? 8780 : 8781}\nprot = 1\n`),
  }));
  const read = (list: readonly CodexFile[]) => readCodex({ folder: "codex", files: list }).findings;
  deepStrictEqual(read(files.toReversed()), read(files));
});

Deno.test("a file beyond the size limit is refused, a file of exactly the limit is read", () => {
  const start = `[eye]\nimage = "localhost/x"\nport = 8780\n#`;
  const read = (size: number) => {
    const bytes = encode(start.padEnd(size, "x"));
    return readCodex({ folder: "codex", files: [{ path: "soulstones/eye.toml", bytes }] }).findings;
  };
  deepStrictEqual(read(FILE_LIMIT_KIB * 1024), []);
  deepStrictEqual(read(FILE_LIMIT_KIB * 1024 + 1).map((f) => f.message), [
    "the file is larger than the limit of 128 KiB",
  ]);
});

/** Returns the errors of a Codex with this one file. */
function errorsOf(text: string): string[] {
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

Deno.test("a Codex with too many Soulstones is refused at the first one beyond the limit", () => {
  deepStrictEqual(errorsOf(soulstones(SOULSTONE_LIMIT)), []);
  deepStrictEqual(errorsOf(soulstones(SOULSTONE_LIMIT + 1)), [
    `${SOULSTONE_LIMIT * 3 + 1}:2 the Codex exceeds the limit of ${SOULSTONE_LIMIT} Soulstones`,
  ]);
});

Deno.test("a Codex with too many groups is refused at the Soulstone with the first one beyond the limit", () => {
  const grouped = (groups: number) => soulstones(groups, (i) => `groups = ["g${i}"]\n`);
  deepStrictEqual(errorsOf(grouped(GROUP_LIMIT)), []);
  deepStrictEqual(errorsOf(grouped(GROUP_LIMIT + 1)), [
    `${GROUP_LIMIT * 4 + 4}:10 the Codex exceeds the limit of ${GROUP_LIMIT} groups`,
  ]);
});

Deno.test("a Codex with too many names in groups is refused at the Soulstone that exceeds the limit", () => {
  const groups = JSON.stringify(Array.from({ length: 128 }, (_, i) => `g${i}`));
  const full = MEMBERSHIP_LIMIT / 128;
  const grouped = (count: number) => soulstones(count, () => `groups = ${groups}\n`);
  deepStrictEqual(errorsOf(grouped(full)), []);
  deepStrictEqual(errorsOf(grouped(full + 1)), [
    `${full * 4 + 4}:10 the Codex exceeds the limit of ${MEMBERSHIP_LIMIT} names in \`groups\``,
  ]);
});

Deno.test("a Codex with too many values in all its files is refused before it is parsed", () => {
  const comment = "# =,.[{\n";
  const text = `${comment}a = [${"0,".repeat(VALUE_LIMIT)}]`;
  const refusal = `the Codex exceeds the limit of ${VALUE_LIMIT} keys and values`;
  deepStrictEqual(errorsOf(text), [`2:${5 + 2 * (VALUE_LIMIT - 1)} ${refusal}`]);
  const half = encode(`x = [${"0,".repeat(VALUE_LIMIT / 2)}]`);
  const files = ["a", "b", "c"].map((name) => ({ path: `soulstones/${name}.toml`, bytes: half }));
  deepStrictEqual(
    readCodex({ folder: "codex", files }).findings.map((f) => `${f.place.file} ${f.message}`),
    [`soulstones/b.toml ${refusal}`],
  );
});
