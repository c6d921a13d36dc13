import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { compile } from "../compile/mod.ts";
import { formatReport, hasErrors, PLAIN } from "../report/mod.ts";
import { FILE_LIMIT_KIB } from "./limits.ts";
import { type CodexFile, readCodex } from "./read.ts";

const VALID = `[eye]
image = "docker.io/vllm/vllm-openai:v0.33.0"
port = 8780
groups = ["vision", "chat"]
capabilities = ["ocr"]
exec = ["--port", "{port}", "--x=%h $HOME"]
description = "sees"
model = "Qwen/Qwen3-8B"
devices = ["nvidia.com/gpu=all", "/dev/dri/card0"]
env = { A = "1", HF_TOKEN = "x" }
secrets = ["a,type=env,target=B"]
volumes = ["~/models:/models:ro", "named:/data"]
health = { path = "/health", retries = 2 }
vram_mib = 20000
resident = false

[eye.quadlet.Container]
Label = ["a=b"]
Ulimit = "nofile=1"

[sage]
image = "localhost/engine:1"
port = 8781
exec = "serve --port {port} 'two words'"
`;

const SETTINGS = `boot_coven = "vision"

[sepulcher]
reserve_ports = "8780-8799"

[gpu]
default_devices = ["nvidia.com/gpu=0"]
`;

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Reads, compiles and reports, which must never throw, and checks what always holds. */
async function checkAll(files: readonly CodexFile[]): Promise<void> {
  const read = readCodex({ folder: "codex", files });
  const compiled = await compile(read.codex);
  const findings = [...read.findings, ...compiled.findings];
  strictEqual(compiled.runes.length > 0 || hasErrors(findings), true);
  for (const { place } of findings) {
    const lines = read.sources.get(place.file)?.split("\n");
    if (lines === undefined) continue;
    const { line, column } = place.start;
    strictEqual(line >= 1 && line <= lines.length, true, `line ${line} of ${lines.length}`);
    strictEqual(column >= 1 && column <= (lines[line - 1]?.length ?? 0) + 1, true);
  }
  const report = formatReport(findings, { sources: read.sources, prefix: "", palette: PLAIN });
  // deno-lint-ignore no-control-regex
  strictEqual(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(report), false);
}

Deno.test("the Codex that is mutated below is valid", () => {
  const { codex, findings } = readCodex({
    folder: "codex",
    files: [
      { path: "lychd.toml", bytes: encode(SETTINGS) },
      { path: "soulstones/a.toml", bytes: encode(VALID) },
    ],
  });
  deepStrictEqual(findings.map((f) => f.code), ["secret-in-env"]);
  deepStrictEqual(codex.soulstones.map((s) => s.name), ["eye", "sage"]);
});

Deno.test("any bytes are a Codex or a report, never an exception", async () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  await fc.assert(fc.asyncProperty(bytes, bytes, async (settings, soulstones) => {
    await checkAll([
      { path: "lychd.toml", bytes: settings },
      { path: "soulstones/a.toml", bytes: soulstones },
    ]);
  }));
});

Deno.test("any text is a Codex or a report, never an exception", async () => {
  const text = fc.string({ unit: "binary", maxLength: 300 });
  await fc.assert(fc.asyncProperty(text, text, async (settings, soulstones) => {
    await checkAll([
      { path: "lychd.toml", bytes: encode(settings) },
      { path: "soulstones/a.toml", bytes: encode(soulstones) },
    ]);
  }));
});

const SNIPPETS = fc.oneof(
  fc.string({ unit: "binary", maxLength: 5 }),
  fc.constantFrom(
    ...[
      "",
      "\n",
      "\r\n",
      '"',
      "'",
      '"""',
      "[",
      "]",
      "[[",
      "]]",
      "{",
      "}",
      "=",
      ",",
      ".",
      "#",
      "\\",
    ],
    ...["1", "-1", "1.5", "inf", "nan", "true", "1979-05-27", "99999999999999999999", "[]", "{}"],
    ...["__proto__", "constructor", "toString", "quadlet", "uri = 1\n", "[eye]\n", "\\u0000"],
  ),
);

/** A text with some stretches of it replaced. */
function mutated(text: string): fc.Arbitrary<string> {
  const edit = fc.record({
    at: fc.nat(text.length),
    length: fc.nat(12),
    by: SNIPPETS,
  });
  return fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) =>
    edits.reduce((t, { at, length, by }) => t.slice(0, at) + by + t.slice(at + length), text)
  );
}

Deno.test("any slip in a valid Codex is a Codex or a report, never an exception", async () => {
  await fc.assert(
    fc.asyncProperty(mutated(SETTINGS), mutated(VALID), async (settings, soulstones) => {
      await checkAll([
        { path: "lychd.toml", bytes: encode(settings) },
        { path: "soulstones/a.toml", bytes: encode(soulstones) },
      ]);
    }),
    { numRuns: 500 },
  );
});

const VALUES = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.double(),
  fc.boolean(),
  fc.array(fc.oneof(fc.string({ maxLength: 4 }), fc.integer()), { maxLength: 3 }),
  fc.dictionary(fc.string({ maxLength: 6 }), fc.string({ maxLength: 6 }), { maxKeys: 3 }),
);

function toml(value: unknown): string {
  if (typeof value === "number") return Number.isFinite(value) ? value.toExponential() : "nan";
  if (typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${value.map(toml).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([k, v]) => `${tomlString(k)} = ${toml(v)}`);
    return `{ ${entries.join(", ")} }`;
  }
  return tomlString(String(value));
}

function tomlString(text: string): string {
  const escaped = [...text.toWellFormed()].map((c) =>
    // deno-lint-ignore no-control-regex
    /[\u0000-\u001f\u007f"\\]/.test(c)
      ? `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`
      : c
  );
  return `"${escaped.join("")}"`;
}

Deno.test("any value in any field is a Codex or a report, never an exception", async () => {
  const fields = VALID.match(/^[a-z_]+(?= = )/gm) ?? [];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...fields), VALUES, async (field, value) => {
      const text = VALID.replace(
        new RegExp(`^${field} = .*$`, "m"),
        () => `${field} = ${toml(value)}`,
      );
      await checkAll([{ path: "soulstones/a.toml", bytes: encode(text) }]);
    }),
    { numRuns: 500 },
  );
});

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
    "the file has 1025 KiB, more than the 1024 KiB a Codex file may have",
  ]);
});
