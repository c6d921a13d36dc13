/** No value of an input is lost silently. */
import { EMPTY_HOST } from "./empty_host.ts";
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { readCodex } from "../codex/mod.ts";
import { compile } from "../compile/mod.ts";
import { QUADLET_KEYS, readQuadletUnit, SYSTEMD_KEYS } from "../rune/mod.ts";
import type { ImportResult } from "./imported.ts";
import { importLlamaSwap } from "./llama_swap/import.ts";
import { readYaml, type YamlNode } from "./llama_swap/yaml.ts";
import { importQuadlet } from "./quadlet/import.ts";

/** `deno task test:whole` tries more. */
const RUNS = Deno.args.includes("--whole") ? 500 : 60;

/** An imported Codex compiles, and every field in the report has a value. */
async function checkResult({ imported }: ImportResult): Promise<void> {
  if (imported === undefined) return;
  const { soulstones, report } = imported;
  const bytes = new TextEncoder().encode(soulstones.map(({ text }) => text).join("\n"));
  const { codex, findings } = readCodex({
    folder: "",
    files: [{ path: "soulstones/all.toml", bytes }],
  });
  const compiled = await compile(codex);
  const isLeft = (code: string) => code === "llama-swap-variable";
  const errors = [...findings, ...compiled.findings]
    .filter((f) => f.severity === "error" && !isLeft(f.code));
  deepStrictEqual(errors, []);
  strictEqual(codex.soulstones.length, soulstones.length);
  for (const { to, soulstone: name } of report) {
    if (name === undefined || !to?.startsWith(`${name}.`)) continue;
    const soulstone = codex.soulstones.find((s) => s.name === name);
    for (const field of to.slice(name.length + 1).split(", ")) {
      const [first = ""] = field.split(".");
      const value = (soulstone as unknown as Record<string, unknown>)[first];
      // An engine that runs alone has no groups.
      ok(value !== undefined || first === "groups", `${to} is not set`);
    }
  }
}

/** Valid and invalid values. */
const value = fc.oneof(
  fc.constantFrom(
    "",
    "yes",
    "true",
    "none",
    "42",
    "30s",
    "1h 5min",
    "8080:8000",
    "127.0.0.1::9000/udp",
    "%h/x",
    "%n",
    "%%",
    "$$x ${HOME} $Y",
    "/srv:/srv:ro",
    "own.volume:/data",
    "nvidia.com/gpu=all",
    "-/dev/kfd",
    "A=1 'B=two words' C",
    '"open',
    "\\q",
    '"" x',
    "a.service b.service",
    "--publish 1:2 -e X",
    ";",
    "[Service]",
    "__proto__=1",
    "type=bind,src=./x,target=/y",
    "{port} {{port}}",
  ),
  fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => text.replace(/[\r\n]/g, " ")),
);

const SECTIONS = {
  Container: Object.keys(QUADLET_KEYS.Container),
  Quadlet: ["DefaultDependencies", "Bogus"],
  Unit: [...SYSTEMD_KEYS.Unit, "X-Note", "__proto__"],
  Service: [...SYSTEMD_KEYS.Service, "constructor"],
  Install: [...SYSTEMD_KEYS.Install],
  "X-Custom": ["Any"],
  Pod: ["PodName"],
} as const;

const line = fc.constantFrom(...Object.keys(SECTIONS) as (keyof typeof SECTIONS)[]).chain(
  (section) => fc.tuple(fc.constant(section), fc.constantFrom<string>(...SECTIONS[section]), value),
);

const unit = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: line.filter(([section]) => section === "Container") },
    { weight: 2, arbitrary: line },
  ),
  { maxLength: 12 },
).map((lines) =>
  "[Container]\nImage=localhost/engine:1\n" +
  lines.map(([section, key, text]) => `[${section}]\n${key}=${text}\n`).join("")
);

Deno.test("every line of any unit that is imported is in the report, and every other unit", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(unit, { minLength: 1, maxLength: 3 }), async (units) => {
      const names = ["a", "b", "c"];
      const result = await importQuadlet(
        units.map((text, i) => ({
          file: { path: `${names[i]}.container`, bytes: new TextEncoder().encode(text) },
          folder: "/etc/units",
          dropIns: [],
        })),
        EMPTY_HOST,
      );
      await checkResult(result);
      if (result.imported === undefined) {
        ok(result.findings.length > 0);
        return;
      }
      const reported = new Set(
        result.imported.report.map(({ place }) => `${place.file}:${place.start.line}`),
      );
      // A container that is not imported is one line.
      const whole = new Set(
        result.imported.report.filter(({ outcome }) => outcome === "lost").map(({ item }) => item),
      );
      units.forEach((text, i) => {
        if (whole.has(`${names[i]}.container`)) return;
        const read = readQuadletUnit(text);
        for (const { line, key } of "lines" in read ? read.lines : []) {
          ok(reported.has(`${names[i]}.container:${line}`), `${key} in line ${line} of ${text}`);
        }
      });
    }),
    { numRuns: RUNS },
  );
});

const scalar = fc.oneof(
  fc.constantFrom<unknown>(0, 1, 60, -1, true, false, null, "", "none", "/health", "a b"),
  fc.string({ maxLength: 10 }),
);

const command = fc.constantFrom(
  "llama-server --port ${PORT} -m /srv/models/x.gguf",
  "llama-server --port 9999 -m x.gguf ${env.X}",
  "llama-server --port 70000 --port",
  "docker run -p 99999:1 -p 80:80 image --port 80",
  "vllm serve m --port ${PORT}",
  "docker run --rm -p ${PORT}:8080 -v /m:/m --gpus all ghcr.io/ggml-org/llama.cpp:server -m /m/x.gguf",
  "podman run --userns keep-id --bogus 1 -it localhost/engine serve --port 8000",
  "env CUDA_VISIBLE_DEVICES=1 nice -n 5 llama-server --port ${PORT} -hf a/b",
  "sudo env A=${env.X} docker run localhost/engine",
  "unknown-server ${PORT}",
  "docker compose up",
);

const MODEL_KEYS = [
  "aliases",
  "capabilities",
  "checkEndpoint",
  "cmdStop",
  "concurrencyLimit",
  "description",
  "env",
  "filters",
  "metadata",
  "name",
  "proxy",
  "sendLoadingState",
  "timeouts",
  "ttl",
  "unknown",
  "unlisted",
  "unloadTimeout",
  "useModelName",
];

const node = fc.oneof(
  { weight: 4, arbitrary: scalar },
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(fc.constantFrom("in", "tools", "x", "y"), scalar, { maxKeys: 3 }),
);

/** Valid values of settings that llama-swap does not read as any scalar. */
const VALID: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  aliases: fc.array(fc.constantFrom("gpt-4o", "x/y:1", "a", "", "no alias", "${MODEL_ID}"), {
    maxLength: 3,
  }),
  concurrencyLimit: fc.constantFrom(0, 4, "99999"),
  env: fc.array(fc.constantFrom("A=1", "B=${env.X}", "none"), { maxLength: 2 }),
  filters: fc.record({
    stripParams: fc.constantFrom("", "a, b", "model"),
    setParams: fc.dictionary(fc.constantFrom("a", "b", "model", "__proto__"), node),
    setParamsByID: fc.dictionary(
      fc.constantFrom("a", "${MODEL_ID}", "b:high", "odd name"),
      fc.constantFrom<unknown>({}, { a: 1, b: [null] }),
    ),
    unknown: node,
  }, { requiredKeys: [] }),
  sendLoadingState: fc.boolean(),
  ttl: fc.constantFrom(-1, 0, 60, 90, 999_999_999),
  unloadTimeout: fc.constantFrom(0, 30, 9999),
};

/** Returns settings of a model: most of them valid, or any. */
const modelSettings = fc.subarray(MODEL_KEYS, { maxLength: 6 }).chain((keys) =>
  fc.record(Object.fromEntries(keys.map((key) => {
    const valid = VALID[key];
    return [
      key,
      valid === undefined ? node : fc.oneof({ weight: 20, arbitrary: valid }, node),
    ];
  })))
);

const config = fc.record({
  models: fc.dictionary(
    fc.constantFrom("a", "b", "C/d", "e:1"),
    fc.tuple(command, modelSettings)
      .map(([cmd, settings]) => ({ cmd, ...settings })),
    { minKeys: 1 },
  ),
  groups: fc.constantFrom<unknown>(undefined, {}, {
    g: { swap: false, exclusive: false, members: ["a"], colour: 1 },
  }),
  hooks: fc.constantFrom<unknown>(undefined, { on_startup: { preload: ["a"], profile: "x" } }, {
    on_shutdown: { x: 1 },
  }),
  macros: fc.constantFrom<unknown>(undefined, { m: 1 }, { m: { a: 1 } }, { m: [1] }),
  apiKeys: fc.constantFrom<unknown>(undefined, ["sk-1"]),
  globalTTL: fc.constantFrom<unknown>(undefined, 0, 300),
  startPort: fc.constantFrom<unknown>(undefined, 80, 65_535, 100_000),
  healthCheckTimeout: fc.constantFrom<unknown>(undefined, 20, 999_999),
  unloadTimeout: fc.constantFrom<unknown>(undefined, 0, 99_999),
  tomorrow: node,
}).map((all) => JSON.stringify(all, null, 1));

/** Returns the lines of the keys above each value, the nearest last. */
function leavesOf(root: YamlNode, above: readonly number[] = []): (readonly number[])[] {
  switch (root.kind) {
    case "map":
      return root.entries.flatMap(({ node: below, place }) =>
        leavesOf(below, [...above, place.start.line])
      );
    case "list":
      return root.items.flatMap((item) => leavesOf(item, [...above, item.place.start.line]));
    case "scalar":
      return [above];
  }
}

Deno.test("every setting of any configuration of llama-swap is in the report", async () => {
  let imports = 0;
  await fc.assert(
    fc.asyncProperty(config, async (text) => {
      const file = { path: "config.yaml", bytes: new TextEncoder().encode(text) };
      const result = await importLlamaSwap([file], new Map(), EMPTY_HOST);
      await checkResult(result);
      if (result.imported === undefined) {
        ok(result.findings.length > 0);
        return;
      }
      imports++;
      const read = readYaml("config.yaml", text);
      if ("error" in read) throw new Error(read.error.message);
      const models = read.root.kind === "map"
        ? read.root.entries.find(({ key }) => key === "models")?.node
        : undefined;
      // An entry about the name of a model is not about its settings, unless the whole model is lost.
      const names = new Set(
        models?.kind === "map" ? models.entries.map(({ place }) => place.start.line) : [],
      );
      const reported = new Set(
        result.imported.report
          .filter(({ place, outcome }) => outcome === "lost" || !names.has(place.start.line))
          .map(({ place }) => place.start.line),
      );
      for (const lines of leavesOf(read.root)) {
        ok(lines.some((number) => reported.has(number)), `line ${lines.at(-1)} of\n${text}`);
      }
    }),
    { numRuns: RUNS },
  );
  ok(imports > 0, `none of ${RUNS} was imported`);
});
