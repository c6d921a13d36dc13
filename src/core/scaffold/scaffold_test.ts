import assert from "node:assert/strict";
import fc from "fast-check";
import { type EngineName, ENGINES, type ReadCodex, readCodex } from "../codex/mod.ts";
import { compile } from "../compile/mod.ts";
import type { Survey } from "../doctor/mod.ts";
import { hasErrors } from "../report/mod.ts";
import { type Scaffold, scaffoldCodex, type ScaffoldInput, type SoulstoneRequest } from "./mod.ts";
import { CHARACTER } from "../../../tests/character.ts";

const EMPTY = readCodex({ folder: "", files: [] }).codex;

const ONE_GPU: Survey = {
  gpus: [{ vendor: "NVIDIA", name: "NVIDIA GeForce RTX 4090", index: 0, memoryMib: 24_564 }],
  vendor: "NVIDIA",
  devices: ["nvidia.com/gpu=all"],
  devicesDefined: true,
  listeners: [],
  listenersUnknown: undefined,
  otherAccounts: 0,
  isSelinuxEnforcing: false,
};

const NO_GPU: Survey = {
  ...ONE_GPU,
  gpus: [],
  vendor: undefined,
  devices: [],
  devicesDefined: false,
};

function request(engine: EngineName, fields: Partial<SoulstoneRequest> = {}): SoulstoneRequest {
  return {
    engine,
    name: undefined,
    image: engine === "generic" ? "localhost/ocr:2" : undefined,
    model: engine === "generic" ? undefined : "Qwen/Qwen3-8B",
    port: undefined,
    covens: ["chat"],
    slot: undefined,
    capabilities: [],
    devices: undefined,
    ...fields,
  };
}

const NO_VESSEL = { bootCoven: undefined, hasVessel: false, keyDigest: undefined };

function inputOf(requests: readonly SoulstoneRequest[], more: Partial<ScaffoldInput> = {}) {
  return {
    requests,
    survey: ONE_GPU,
    codex: EMPTY,
    files: [],
    home: "/home/lich",
    settings: NO_VESSEL,
    ...more,
  };
}

function scaffold(
  requests: readonly SoulstoneRequest[],
  more: Partial<ScaffoldInput> = {},
): Scaffold {
  const made = scaffoldCodex(inputOf(requests, more));
  assert.ok("files" in made, "problem" in made ? made.problem : "");
  return made;
}

function read({ files }: Pick<Scaffold, "files">): ReadCodex {
  const encoder = new TextEncoder();
  return readCodex({
    folder: "codex",
    files: files.filter(({ path }) => path.endsWith(".toml"))
      .map(({ path, text }) => ({ path, bytes: encoder.encode(text) })),
  });
}

function textOf({ files }: Scaffold, path: string): string {
  const file = files.find((file) => file.path === path);
  assert.ok(file, `${path} is missing`);
  return file.text;
}

Deno.test("a scaffold of every engine is a Codex without errors or warnings", async () => {
  const made = scaffold(ENGINES.map((engine) => request(engine, { name: engine })));
  const { codex, findings } = read(made);
  const compiled = await compile(codex);
  assert.deepEqual(
    // lychd cannot know how an unknown image gets its port.
    [...findings, ...compiled.findings].filter((f) => f.code !== "port-not-told"),
    [],
  );
  const units = compiled.runes.filter(({ path }) => /\/soulstone-[^/]+\.container$/.test(path));
  assert.equal(units.length, ENGINES.length);
});

Deno.test("every commented setting is valid without its #", async () => {
  const models = ["Qwen/Qwen3-8B", "/srv/models/x", undefined];
  const isPath = (model: string | undefined) => model?.startsWith("/");
  for (const engine of ENGINES) {
    for (const model of models) {
      if (model === undefined && (engine === "vllm" || engine === "sglang")) continue;
      if (isPath(model) && engine === "ollama") continue;
      const made = scaffold([request(engine, { model, name: "x", covens: ["chat"] })], {
        survey: NO_GPU,
      });
      const files = made.files.map(({ path, text }) => ({
        path,
        text: text.replace(/^# (\w+ = .*)$/gm, "$1"),
      }));
      const { codex, findings } = read({ files });
      const compiled = await compile(codex);
      assert.deepEqual(
        [...findings, ...compiled.findings].filter(({ severity }) => severity === "error"),
        [],
        engine,
      );
      assert.notEqual(files.map(({ text }) => text).join(), made.files.map((f) => f.text).join());
    }
  }
});

Deno.test("the Codex has the given values, whatever their text, or it is invalid", () => {
  // Mostly valid texts, because one invalid text makes the scaffold invalid.
  const text = (...valid: readonly string[]) =>
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...valid) },
      { weight: 1, arbitrary: fc.string({ unit: CHARACTER, maxLength: 12 }) },
      { weight: 1, arbitrary: fc.string({ maxLength: 12 }) },
    );
  const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
  const requests: fc.Arbitrary<SoulstoneRequest> = fc.record({
    engine: fc.constantFrom(...ENGINES),
    name: maybe(text("eye", "a.b")),
    image: maybe(text("localhost/x:1", "vllm/vllm-openai")),
    model: maybe(text("Qwen/Qwen3-8B", "~/m/x.gguf", "/x")),
    port: fc.constant(undefined),
    covens: fc.array(text("chat", "b"), { maxLength: 2 }),
    slot: fc.option(text("main"), { nil: undefined }),
    capabilities: fc.array(text("ocr", "a.b"), { maxLength: 2 }),
    devices: maybe(fc.array(text("/dev/dri", "nvidia.com/gpu=0"), { minLength: 1, maxLength: 2 })),
  });
  let valid = 0;
  fc.assert(
    fc.property(requests, (given) => {
      const made = scaffoldCodex(inputOf([given]));
      if ("problem" in made) return;
      const { codex, findings } = read(made);
      if (hasErrors(findings)) return;
      valid++;
      const [soulstone, ...more] = codex.soulstones;
      assert.deepEqual(more, []);
      if (given.image !== undefined) assert.equal(soulstone?.image, given.image);
      assert.equal(soulstone?.model, made.soulstones[0]?.model);
      assert.deepEqual(soulstone?.devices, given.devices);
      assert.deepEqual(soulstone?.groups, [...new Set(given.covens)].sort());
      assert.equal(soulstone?.slot, given.slot);
      assert.deepEqual(soulstone?.capabilities, [...new Set(given.capabilities)].sort());
      assert.deepEqual([soulstone?.exec, soulstone?.resident], [undefined, false]);
    }),
    { numRuns: 1000, examples: HOSTILE.map((given) => [given]) },
  );
  assert.ok(valid > 100, `only ${valid} scaffolds were valid`);
});

/** Texts that try to break out of a string or a comment, and some valid ones. */
const HOSTILE: readonly SoulstoneRequest[] = [
  request("vllm", { name: 'x"]\n[y' }),
  request("vllm", { name: "x\nresident = true" }),
  request("vllm", { model: 'a"\nresident = true\n#' }),
  request("vllm", { covens: ['"]\nresident = true\n#'] }),
  request("vllm", { capabilities: ["\u007f", "\\"] }),
  request("vllm", { image: "localhost/x\n" }),
  request("generic", { covens: ["chat", "chat", "a.b"], capabilities: ["ocr"] }),
  request("llamacpp", { model: "~/mödels ☃/x.gguf", devices: ["/dev/dri"] }),
];

Deno.test("ports are unique in the scaffold, the Codex and the host; a reserved range comes first", () => {
  const ports = (made: Scaffold) => made.soulstones.map(({ port }) => port);
  const listening = (port: number, address = "127.0.0.1") => ({ address, port, holder: undefined });
  const three = [request("vllm"), request("vllm"), request("vllm")];
  assert.deepEqual(ports(scaffold(three)), [8780, 8781, 8782]);
  const listeners = [listening(8780), listening(8781, "*"), listening(8782, "10.0.0.1")];
  assert.deepEqual(ports(scaffold(three, { survey: { ...ONE_GPU, listeners } })), [
    8782,
    8783,
    8784,
  ]);
  assert.deepEqual(
    ports(scaffold([request("vllm", { port: 8781 }), ...three])),
    [8781, 8780, 8782, 8783],
  );
  const reserving = { ...EMPTY.settings.sepulcher, reserve_ports: "9000-9001" };
  const codex = { ...EMPTY, settings: { ...EMPTY.settings, sepulcher: reserving } };
  const survey = { ...ONE_GPU, listeners: [listening(9000), listening(9001)] };
  // The pod itself listens on its whole range.
  assert.deepEqual(ports(scaffold(three, { codex, survey })), [9000, 9001, 9002]);
});

Deno.test("a given port that is in use gets a note; the port of a Watcher is changed", () => {
  const listeners = [3000, 8780, 9090, 9091].map((port) => ({
    address: "0.0.0.0",
    port,
    holder: undefined,
  }));
  const made = scaffold([request("vllm", { port: 8780 })], { survey: { ...ONE_GPU, listeners } });
  assert.deepEqual(made.notes, [
    "port 8780 of qwen3-8b is already in use on this host",
  ]);
  const { settings } = read(made).codex;
  assert.deepEqual([settings.harvester.port, settings.scribe.port], [9092, 3001]);
  assert.deepEqual(settings.vessel.port, 8081);
});

Deno.test("a port that only root may publish gets a note", () => {
  const made = scaffold([request("vllm", { port: 80 }), request("sglang", { port: 1024 })]);
  assert.deepEqual(made.notes, [
    "on most hosts only root can publish port 80 of qwen3-8b; run `lychd doctor`",
  ]);
});

Deno.test("devices are those of the host, and missing ones get a note", () => {
  const devicesOf = (survey: Survey) => {
    const made = scaffold([request("vllm")], { survey });
    return [read(made).codex.settings.gpu.default_devices, made.notes];
  };
  assert.deepEqual(devicesOf(ONE_GPU), [["nvidia.com/gpu=all"], []]);
  assert.deepEqual(devicesOf({ ...ONE_GPU, devicesDefined: false }), [["nvidia.com/gpu=all"], [
    "Podman cannot resolve nvidia.com/gpu=all yet; run `lychd doctor` for the fix",
  ]]);
  assert.deepEqual(devicesOf(NO_GPU), [undefined, [
    "the image of qwen3-8b needs an NVIDIA GPU, and none was found; choose another with --image",
    "no GPU was found for the engines; run `lychd doctor` for details",
  ]]);
  const unknown = { ...ONE_GPU, listeners: undefined, listenersUnknown: "ss: not there" };
  assert.deepEqual(devicesOf(unknown)[1], [
    "could not list the ports in use: ss: not there",
  ]);
  assert.match(
    textOf(scaffold([request("vllm")]), "lychd.toml"),
    /^# 0: NVIDIA GeForce RTX 4090, 24564 MiB$/m,
  );
});

Deno.test("the image of llama.cpp fits the GPUs of the host", () => {
  const tag = (vendor: Survey["vendor"]) =>
    scaffold([request("llamacpp")], { survey: { ...ONE_GPU, vendor } }).soulstones[0]?.image
      .split(":")[1];
  assert.deepEqual(
    [tag("NVIDIA"), tag("AMD"), tag("Intel"), tag(undefined)],
    ["server-cuda", "server-rocm", "server-intel", "server"],
  );
});

Deno.test("the engine is set if the image does not show it", () => {
  const engineOf = (image: string | undefined) =>
    read(scaffold([request("vllm", { image })])).codex.soulstones[0]?.engine;
  assert.equal(engineOf(undefined), undefined);
  assert.equal(engineOf("localhost/mine:1"), "vllm");
});

const MODELS: readonly (readonly [
  engine: EngineName,
  given: string,
  model: string | undefined,
  volume?: string,
])[] = [
  ["vllm", "Qwen/Qwen3-8B", "Qwen/Qwen3-8B"],
  ["vllm", "/home/lich/models/Qwen3-8B/", "/models/Qwen3-8B", "~/models:/models:ro"],
  ["llamacpp", "~/models/a/x.gguf", "/models/x.gguf", "~/models/a:/models:ro"],
  ["llamacpp", "/srv/models/x.gguf", "/models/x.gguf", "/srv/models:/models:ro"],
  ["llamacpp", "/home/lichen/x.gguf", "/models/x.gguf", "/home/lichen:/models:ro"],
  ["tabbyapi", "/srv/exl3/m", "/app/models/m", "/srv/exl3:/app/models:ro"],
  ["ollama", "hf.co/bartowski/Qwen3-8B-GGUF:Q4_K_M", "hf.co/bartowski/Qwen3-8B-GGUF:Q4_K_M"],
  ["ollama", "/srv/models/x.gguf", undefined],
  // Neither the home folder nor the root is mounted.
  ["llamacpp", "~/x.gguf", "/models/x.gguf", "~/x.gguf:/models/x.gguf:ro"],
  ["llamacpp", "/x.gguf", "/models/x.gguf", "/x.gguf:/models/x.gguf:ro"],
  ["llamacpp", "./x.gguf", undefined],
  ["llamacpp", "../x.gguf", undefined],
  ["llamacpp", "~root/x.gguf", undefined],
  ["llamacpp", "/", undefined],
  ["llamacpp", "~/", undefined],
  ["llamacpp", "/home/lich", undefined],
];

Deno.test("a model on the host is mounted where the engine expects it", () => {
  for (const [engine, given, model, volume] of MODELS) {
    const made = scaffoldCodex(inputOf([request(engine, { model: given, name: "x" })]));
    if (model === undefined) {
      assert.ok("problem" in made, given);
      continue;
    }
    assert.ok("soulstones" in made, given);
    const [soulstone] = made.soulstones;
    assert.deepEqual([soulstone?.model, soulstone?.volumes], [
      model,
      volume === undefined ? [] : [volume],
    ]);
  }
  const labelled = scaffold([request("vllm", { model: "/srv/m/x" })], {
    survey: { ...ONE_GPU, isSelinuxEnforcing: true },
  });
  assert.deepEqual(labelled.soulstones[0]?.volumes, ["/srv/m:/models:ro,z"]);
});

Deno.test("a name is unique in the Codex and among its files", () => {
  const names = (made: Scaffold) => made.soulstones.map(({ name }) => name);
  const twice = [request("vllm"), request("sglang")];
  assert.deepEqual(names(scaffold(twice)), ["qwen3-8b", "qwen3-8b-2"]);
  assert.deepEqual(
    names(scaffold(twice, { files: ["soulstones/qwen3-8b.toml"] })),
    ["qwen3-8b-2", "qwen3-8b-3"],
  );
  // A given name is not used for another Soulstone.
  assert.deepEqual(
    names(scaffold([request("vllm"), request("vllm", { name: "qwen3-8b" })])),
    ["qwen3-8b-2", "qwen3-8b"],
  );
  const taken = scaffoldCodex(
    inputOf([request("vllm", { name: "eye" })], { files: ["soulstones/eye.toml"] }),
  );
  assert.deepEqual(taken, {
    problem: "`soulstones/eye.toml` already exists",
    hint: "choose another --name, or add the table to that file",
  });
  for (const name of ["../x", "a/b", "", ".x", "a\nb"]) {
    assert.ok("problem" in scaffoldCodex(inputOf([request("vllm", { name })])), name);
  }
});

Deno.test("the schemas are written unless they exist", () => {
  const paths = (files: string[]) =>
    scaffold([request("vllm")], { files }).files.map((f) => f.path);
  assert.deepEqual(paths([]), [
    "lychd.toml",
    "soulstones/qwen3-8b.toml",
    "soulstones.schema.json",
    "portals.schema.json",
    "lychd.schema.json",
  ]);
  assert.deepEqual(paths(["lychd.schema.json"]), [
    "lychd.toml",
    "soulstones/qwen3-8b.toml",
    "soulstones.schema.json",
    "portals.schema.json",
  ]);
});

Deno.test("a new Codex has a front door if it is wanted, with a key where others have an account", () => {
  const of = (settings: Partial<NonNullable<ScaffoldInput["settings"]>>) =>
    scaffold([request("vllm")], { settings: { ...NO_VESSEL, ...settings } });
  const none = read(of({})).codex.settings.vessel;
  assert.equal(none.enabled, false);
  const made = of({ hasVessel: true });
  assert.deepEqual([made.vesselPort, read(made).codex.settings.vessel.enabled], [8081, true]);
  const keyDigest = `sha256:${"0".repeat(64)}`;
  const { codex, findings } = read(of({ hasVessel: true, keyDigest }));
  assert.deepEqual([codex.settings.vessel.keys, findings], [{ default: keyDigest }, []]);
});
