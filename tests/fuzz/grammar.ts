/** The two files of a Codex: TOML after its grammar, with the words of a Codex and with slips. */
import fc from "fast-check";
import * as z from "zod";
import { lychdSchema, soulstoneSchema } from "../../src/core/codex/mod.ts";
import { QUADLET_KEYS } from "../../src/core/rune/mod.ts";
import {
  anyValue,
  bytesOf,
  gap,
  inlineTable,
  lineEnd,
  listText,
  looseToml,
  text,
  withSlips,
  writtenText,
} from "./toml.ts";

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

function shapeOf(schema: z.core.$ZodType): Shape {
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
      return fc.tuple(
        fc.array(valueOf(name, shape.items ?? {}), { maxLength: 3 }),
        gap,
        fc.boolean(),
      )
        .map((parts) => listText(...parts));
    case "object":
      return fc.tuple(fieldsOf(name, shape), gap, fc.boolean())
        .map((parts) => inlineTable(...parts));
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
  name: fc.constantFrom(
    ...["eye", "sage", "ear", "bard", "smith", "fool", "'hand'", '"x y"', "X.y", " owl "],
    '"\\U00000061"',
  ),
  image: fc.constantFrom(...MEANT.image ?? []).map((image) => JSON.stringify(image)),
  port: fc.constantFrom("8780", "8781", "8782", "8783", "9090"),
  fields: fieldsOf("soulstone", soulstoneShape),
});

/** Few tables most often, sometimes as many as have a name. */
function tables(minLength: number, maxLength: number) {
  return fc.uniqueArray(soulstone, { selector: ({ name }) => name, minLength, maxLength });
}

const ends = fc.array(lineEnd, { minLength: 5, maxLength: 5 });
const soulstones = fc.tuple(
  fc.oneof({ weight: 15, arbitrary: tables(1, 4) }, { weight: 1, arbitrary: tables(5, 10) }),
  ends,
).map(([each, own]) =>
  each.map(({ name, image, port, fields }) =>
    `[${name}]${own[0]}${linesOf({ image, port, ...fields }, own)}`
  ).join("\n")
);

/** Fields on lines of their own. */
function linesOf(fields: Readonly<Record<string, string>>, own: readonly string[]): string {
  return Object.entries(fields).map((pair, i) => `${pair.join(" = ")}${own[i % own.length]}`)
    .join("");
}

const settings = fc.tuple(fieldsOf("lychd", shapeOf(lychdSchema)), ends)
  .map(([fields, own]) => linesOf(fields, own));

/** The bytes of `lychd.toml` and of a file of Soulstones. */
export interface CodexFiles {
  readonly settings: Uint8Array;
  readonly soulstones: Uint8Array;
}

/** The two files of a Codex. */
export const codexFiles: fc.Arbitrary<CodexFiles> = fc.record({
  settings: bytesOf(withSlips(fc.oneof({ weight: 4, arbitrary: settings }, looseToml))),
  soulstones: bytesOf(withSlips(fc.oneof({ weight: 9, arbitrary: soulstones }, looseToml))),
});
