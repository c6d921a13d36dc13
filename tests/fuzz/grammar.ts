/**
 * What the fuzzer feeds: TOML after its grammar with the words of a Codex, units after theirs, and
 * both with slips.
 */
import fc from "fast-check";
import * as z from "zod";
import { lychdSchema, soulstoneSchema } from "../../src/core/codex/mod.ts";
import { QUADLET_KEYS } from "../../src/core/rune/mod.ts";

/** What `z.toJSONSchema` says of a value, as far as it is used here. */
interface Shape {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Shape[];
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: Shape | false;
  readonly minimum?: number;
  readonly maximum?: number;
}

function shapeOf(schema: z.ZodType): Shape {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Shape;
}

/** Strings that mean something in the field of this name, or nearly. */
const MEANT: Readonly<Record<string, readonly string[]>> = {
  image: [
    ...["docker.io/vllm/vllm-openai:v0.33.0", "ghcr.io/ggml-org/llama.cpp:server-cuda"],
    ...["lmsysorg/sglang:v0.6.0", "ghcr.io/theroyallab/tabbyapi:latest", "localhost/x", "X", "a b"],
  ],
  exec: ["--port {port}", "serve 'two words'", "serve 'open", "--model x", "--port 1", ";", "'' x"],
  model: ["Qwen/Qwen3-8B", "/models/x.gguf", "-x", "a;b", " x"],
  devices: ["nvidia.com/gpu=all", "nvidia.com/gpu=0", "/dev/dri/card0", "/dev/../etc", "gpu"],
  default_devices: ["nvidia.com/gpu=all", "amd.com/gpu=0", "all"],
  groups: ["vision", "chat", "a b", "-"],
  capabilities: ["ocr", "chat", "a b"],
  boot_coven: ["vision", "chat", "nobody"],
  secrets: ["token,type=env,target=A", "token", "a b", "x,type=mount,mode=0400", "x,uid=q"],
  volumes: ["~/m:/m:ro", "named:/data", "/a:/a:z,U", "a", "./a:/b", "/a:b", "/a:/a:bad", "/x:/m"],
  name: ["lychd", "soulstone-x", "lychd-scribe", "a b"],
  bind_address: ["127.0.0.1", "0.0.0.0", "::1", "::", "host"],
  reserve_ports: ["8780-8799", "1-2", "9-1", "0-70000"],
  path: ["/health", "health", "/a?b=%20", "/metrics"],
  cmd: ["curl -f http://localhost:{port}/", "true", "a\nb"],
  retention: ["30d", "1y2w", "x", "0d"],
  secret: ["token", "a,b"],
  admin_password_secret: ["grafana", "a,b"],
};
const WORDS = [
  ...[
    "%h",
    "%%",
    "$HOME",
    "$$",
    "\\",
    '"',
    "'",
    ";",
    "-",
    "{port}",
    "#",
    "[x]",
    "k=v",
    "",
    " ",
    "a b",
  ],
  ...["\n", "\t", "\u0000", "\u2028", "\ufffe", "\ud83d\ude00", "ä", "true", "1", "x".repeat(300)],
];
/** Characters of any plane; half of a pair may stand alone. */
function anyCharacters(maxLength: number): fc.Arbitrary<string> {
  const code = fc.oneof(fc.nat(0xff), fc.nat(0xffff), fc.nat(0x10ffff));
  return fc.array(code, { maxLength }).map((codes) => String.fromCodePoint(...codes));
}

const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 1, arbitrary: anyCharacters(8) },
);

/** A string in each way that TOML has for it. */
const writtenText = (value: fc.Arbitrary<string>) =>
  fc.tuple(value, fc.nat(5)).map(([words, form]) => {
    const plain = !/['\r\p{Cc}]/u.test(words) && words.isWellFormed();
    if (form === 0 && plain) return `'${words}'`;
    if (form === 1 && plain) return `\'\'\'${words}\'\'\'`;
    if (form === 2 && !/["\\\p{Cc}]/u.test(words) && words.isWellFormed()) return `"""${words}"""`;
    return JSON.stringify(words.toWellFormed()).replaceAll("\x7f", "\\u007f");
  });

/** What is no string, as TOML has it. */
const oddScalar = fc.constantFrom(
  ...["true", "false", "0x1F", "0b11", "0o17", "1_000", "+1", "-0", "1e3", "1.5", "inf", "nan"],
  ...["99999999999999999999", "9007199254740993", "1979-05-27", "07:32:00", "1979-05-27 07:32:00Z"],
);
const { anyValue } = fc.letrec<{ anyValue: string }>((tie) => ({
  anyValue: fc.oneof(
    { depthSize: "small" },
    writtenText(text),
    oddScalar,
    fc.array(tie("anyValue"), { maxLength: 3 }).map((list) => `[${list.join(", ")}]`),
    fc.dictionary(writtenText(text), tie("anyValue"), { maxKeys: 2 }).map(inlineTable),
  ),
}));

function inlineTable(table: Readonly<Record<string, string>>): string {
  return `{ ${Object.entries(table).map((pair) => pair.join(" = ")).join(", ")} }`;
}

/** A value of the field `name`, in TOML: of the right shape, most often. */
function valueOf(name: string, shape: Shape): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 24, arbitrary: rightValueOf(name, shape) },
    { weight: 1, arbitrary: anyValue },
  );
}

function rightValueOf(name: string, shape: Shape): fc.Arbitrary<string> {
  if (shape.anyOf !== undefined) {
    return fc.oneof(...shape.anyOf.map((each) => rightValueOf(name, each)));
  }
  if (shape.enum !== undefined) return fc.constantFrom(...shape.enum).map((x) => `"${x}"`);
  switch (shape.type) {
    case "boolean":
      return fc.constantFrom("true", "false");
    case "integer":
    case "number": {
      const { minimum = 0, maximum = 100 } = shape;
      const edges = [minimum - 1, minimum, minimum + 1, maximum, maximum + 1];
      const ports = name.includes("port") ? [8780, 8781, 8782, 9090, 3000, 8081] : [];
      return fc.constantFrom(...edges, ...ports, ...ports, ...ports).map(String);
    }
    case "array":
      return fc.array(valueOf(name, shape.items ?? {}), { maxLength: 3 })
        .map((list) => list.length > 1 ? `[\n  ${list.join(",\n  ")},\n]` : `[${list.join("")}]`);
    case "object":
      return fieldsOf(name, shape).map(inlineTable);
    case "string": {
      const meant = MEANT[name];
      return writtenText(
        meant === undefined
          ? text
          : fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...meant) }, text),
      );
    }
    default:
      return anyValue;
  }
}

/** Some of the fields that a table may have, and now and then one that it may not. */
function fieldsOf(name: string, shape: Shape): fc.Arbitrary<Record<string, string>> {
  const { properties = {}, additionalProperties } = shape;
  const known = Object.entries(properties).map(([key, each]) => [key, valueOf(key, each)] as const);
  const free = additionalProperties
    ? fc.dictionary(
      keysBelow(name),
      valueOf(name === "quadlet" ? "section" : name, additionalProperties),
      { maxKeys: 3 },
    )
    : fc.oneof(
      { weight: 15, arbitrary: fc.constant({}) },
      fc.record({ prot: anyValue }),
      fc.record({ uri: anyValue }),
    );
  return fc.tuple(fc.record(Object.fromEntries(known), { requiredKeys: [] }), thinned, free)
    .map(([fields, kept, more]) => ({
      ...Object.fromEntries(Object.entries(fields).filter((_, i) => kept[i % kept.length])),
      ...more,
    }));
}

/** Most tables have few of their fields. */
const thinned = fc.array(fc.nat(3).map((n) => n === 0), { minLength: 23, maxLength: 23 });

function keysBelow(name: string): fc.Arbitrary<string> {
  switch (name) {
    case "quadlet":
      return fc.constantFrom("Container", "Service", "Unit", "Pod", "Install", "Contaner");
    case "section":
      return fc.constantFrom(
        ...Object.keys(QUADLET_KEYS.Container),
        ...["After", "Restart", "ExecStartPre", "Nonsense", '"a b"', "__proto__"],
      );
    default:
      return fc.constantFrom("A", "HF_TOKEN", '"a b"', "PORT", '""', "job_name", "static_configs");
  }
}

const soulstoneShape = shapeOf(soulstoneSchema);
const soulstone = fc.record({
  name: fc.constantFrom("eye", "sage", "ear", "bard", '"x y"', "X.y"),
  image: fc.constantFrom(...MEANT.image ?? []).map((image) => JSON.stringify(image)),
  port: fc.constantFrom("8780", "8781", "8782", "8783", "9090"),
  fields: fieldsOf("soulstone", soulstoneShape),
});
const soulstones = fc.uniqueArray(soulstone, {
  selector: ({ name }) => name,
  minLength: 1,
  maxLength: 4,
}).map((tables) =>
  tables.map(({ name, image, port, fields }) => tableText(name, { image, port, ...fields })).join(
    "\n",
  )
);

/** A table with its fields on lines of their own. */
function tableText(name: string, fields: Readonly<Record<string, string>>): string {
  return `[${name}]\n${linesOf(fields)}`;
}

function linesOf(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields).map((pair) => `${pair.join(" = ")}\n`).join("");
}

const settings = fieldsOf("lychd", shapeOf(lychdSchema)).map(linesOf);

const looseKey = fc.array(
  fc.oneof(fc.constantFrom("a", "b-c", "__proto__", "constructor", "0"), writtenText(text)),
  { minLength: 1, maxLength: 3 },
).map((parts) => parts.join("."));
/** TOML of any content. */
const looseToml = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.tuple(looseKey, anyValue).map((pair) => `${pair.join(" = ")}\n`) },
    { weight: 2, arbitrary: looseKey.map((key) => `[${key}]\n`) },
    { weight: 1, arbitrary: looseKey.map((key) => `[[${key}]]\n`) },
    { weight: 1, arbitrary: fc.constantFrom("# ä\n", "\n", "\r\n", "\t\n") },
  ),
  { maxLength: 8 },
).map((lines) => lines.join(""));

const SLIPS = [
  ...["", "\n", "\r\n", '"', "'", '"""', "'''", "[", "]", "[[", "]]", "{", "}", "=", ",", ".", "#"],
  ...["\\", "\\u0000", "\\x", "\u0000", "\ufeff", "\u0085", "\ud800", "[Container]\n", "uri = 1\n"],
  ...["[".repeat(100), "a.".repeat(100), "x".repeat(2000)],
];

/** The text, or the same with some of it left out or replaced. */
function withSlips(whole: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const slip = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(12), slipText());
  const slips = fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    fc.array(slip, { minLength: 1, maxLength: 3 }),
  );
  return fc.tuple(whole, slips).map(([start, each]) =>
    each.reduce((current, [where, length, by]) => {
      const at = Math.floor(where * current.length);
      return current.slice(0, at) + by + current.slice(at + length);
    }, start)
  );
}

function slipText(): fc.Arbitrary<string> {
  return fc.oneof(fc.constantFrom(...SLIPS), anyCharacters(4));
}

/** Bytes: most often those of a text, sometimes with one that is no UTF-8. */
function bytesOf(whole: fc.Arbitrary<string>): fc.Arbitrary<Uint8Array> {
  const encoded = whole.map((characters) => new TextEncoder().encode(characters));
  return fc.oneof(
    { weight: 39, arbitrary: encoded },
    {
      weight: 1,
      arbitrary: fc.tuple(encoded, fc.nat(), fc.nat(255)).map(([bytes, at, byte]) => {
        if (bytes.length > 0) bytes[at % bytes.length] = byte;
        return bytes;
      }),
    },
  );
}

/** The two files of a Codex. */
export const codexFiles: fc.Arbitrary<{ settings: Uint8Array; soulstones: Uint8Array }> = fc.record(
  {
    settings: bytesOf(withSlips(fc.oneof({ weight: 4, arbitrary: settings }, looseToml))),
    soulstones: bytesOf(withSlips(fc.oneof({ weight: 9, arbitrary: soulstones }, looseToml))),
  },
);

const unitKey = fc.constantFrom(...Object.keys(QUADLET_KEYS.Container), "X-Y", "", " ", "=");
const unitLine = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(unitKey, text).map((pair) => pair.join("=")) },
  {
    weight: 2,
    arbitrary: fc.constantFrom("[Unit]", "[Container]", "[Service]", "[]", "[a]b", "[["),
  },
  { weight: 1, arbitrary: text.map((words) => `# ${words}`) },
  { weight: 1, arbitrary: text.map((words) => `; ${words}\\`) },
  { weight: 2, arbitrary: fc.tuple(unitKey, text).map(([name, words]) => `${name} = ${words} \\`) },
);

/** The text of a unit file. */
export const unitText: fc.Arbitrary<string> = withSlips(
  fc.array(unitLine, { maxLength: 16 }).map((lines) => lines.join("\n")),
);
