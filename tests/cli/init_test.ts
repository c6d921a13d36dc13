import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { join } from "node:path/posix";
import { cli, exists, EYE } from "./cli.ts";

const CODEX = "[DIR]/home/.config/lychd";
const IS_BINARY = Boolean(Deno.env.get("LYCHD_BINARY"));

Deno.test("init writes a commented, valid Codex and prints the next command", async () => {
  await using test = cli();
  const result = await test.run([
    ...["init", "--boot-coven", "chat"],
    ...["--engine", "vllm", "--model", "Qwen/Qwen3-8B", "--coven", "chat", "--coven", "help"],
    ...["--capability", "text-generation", "--device", "nvidia.com/gpu=0", "--port", "9871"],
    ...["--engine", "llamacpp", "--model", `${test.home}/models/gpt-oss-20b.gguf`],
    ...[
      "--name",
      "writer",
      "--coven",
      "write",
      "--slot",
      "main",
      "--port",
      "9872",
      "--image",
      "localhost/mine",
    ],
  ]);
  strictEqual(result.code, 0, result.stderr);
  strictEqual(
    // It is another port if 3000 or 8081 is in use on this machine.
    result.stdout.replace(/(?<=dashboards will be at http:\/\/localhost:)\d+/, "3000")
      .replace(/(?<=front door will answer at http:\/\/localhost:)\d+/, "8081")
      // It depends on the accounts of this machine.
      .replace(/the key for its clients, shown only now: [0-9a-f]{64}\n/, ""),
    `wrote ${CODEX}/lychd.toml
wrote ${CODEX}/soulstones/qwen3-8b.toml
wrote ${CODEX}/soulstones/writer.toml
wrote ${CODEX}/soulstones.schema.json
wrote ${CODEX}/portals.schema.json
wrote ${CODEX}/lychd.schema.json
qwen3-8b will answer at http://localhost:9871/v1, in chat, help
writer will answer at http://localhost:9872/v1, in write, in slot main
the front door will answer at http://localhost:8081/v1
the dashboards will be at http://localhost:3000
`,
  );
  match(result.stderr, /^next: lychd (?:doctor|render --dry-run)\n$/m);
  const check = JSON.parse((await test.run(["check", "--json"])).stdout);
  deepStrictEqual([check.valid, check.covens.length], [true, 3]);
  deepStrictEqual(
    check.soulstones.map((s: Record<string, unknown>) => [s["name"], s["engine"], s["image"]]),
    [
      ["qwen3-8b", "vllm", "docker.io/vllm/vllm-openai:v0.33.0"],
      ["writer", "llamacpp", "localhost/mine"],
    ],
  );
  match(test.read("home/.config/lychd/lychd.toml"), /^boot_coven = "chat"$/m);
  const writer = test.read("home/.config/lychd/soulstones/writer.toml");
  match(writer, /^engine = "llamacpp"$/m);
  match(writer, /^slot = "main"$/m);
  match(writer, /^model = "\/models\/gpt-oss-20b.gguf"$/m);
  match(writer, /^volumes = \["~\/models:\/models:ro(?:,z)?"\]$/m);
  match(writer, /^# exec = /m);
});

Deno.test("init chooses names and ports, and prints them as JSON", async () => {
  await using test = cli();
  const result = await test.run([
    ...["init", "--json", "--codex", "mine"],
    ...["--engine", "tabbyapi", "--engine", "tabbyapi", "--port", "auto"],
  ]);
  const made = JSON.parse(result.stdout);
  deepStrictEqual(made.files.slice(0, 3), [
    "lychd.toml",
    "soulstones/tabbyapi.toml",
    "soulstones/tabbyapi-2.toml",
  ]);
  const [first, second] = made.soulstones;
  strictEqual(first.port >= 8780 && second.port > first.port, true);
  deepStrictEqual(first, {
    name: "tabbyapi",
    engine: "tabbyapi",
    image: "ghcr.io/theroyallab/tabbyapi:latest",
    port: first.port,
    uri: `http://localhost:${first.port}/v1`,
    groups: [],
    slot: null,
    file: "soulstones/tabbyapi.toml",
  });
  match(made.next, /^lychd (?:doctor|render --dry-run) --codex mine$/);
  strictEqual((await test.run(["check", "--codex", "mine"])).code, 0);
});

Deno.test("the Codex of init includes the Watchers and their dashboards", async () => {
  await using test = cli();
  const result = await test.run(["init", "--json", "--engine", "vllm", "--model", "Qwen/Qwen3-8B"]);
  strictEqual((await test.run(["render", "--output", "tree"])).code, 0);
  const files = test.files("tree/containers/systemd/lychd");
  const shipped = [...Deno.readDirSync(join(import.meta.dirname ?? "", "../../dashboards"))]
    .map(({ name }) => name).filter((name) => name.endsWith(".json")).sort();
  strictEqual(shipped.length > 3, true);
  deepStrictEqual(
    files.filter((path) => path.startsWith("scribe/dashboards/")),
    shipped.map((name) => `scribe/dashboards/${name}`),
  );
  for (const unit of ["harvester.container", "scribe.container", "harvester/prometheus.yml"]) {
    strictEqual(files.includes(unit), true, unit);
  }
  const { port } = new URL(JSON.parse(result.stdout).dashboards);
  match(
    test.read("tree/containers/systemd/lychd/lychd.pod"),
    new RegExp(`^PublishPort=127\\.0\\.0\\.1:${port}:${port}$`, "m"),
  );
});

Deno.test("init never changes an existing Codex", async () => {
  const vllm = ["init", "--engine", "vllm", "--model", "a/b"];
  for (const path of ["lychd.toml", "soulstones/eye.toml", "soulstones/deep/er.toml"]) {
    await using test = cli().codex({ [path]: "" });
    const before = test.listing();
    await test.expect(vllm, {
      code: 1,
      stderr: `lychd: a Codex already exists at ${CODEX}: ${path}; nothing was written
hint: lychd add
`,
    });
    deepStrictEqual(test.listing(), before);
  }
  await using dangling = cli().codex({ README: "mine" });
  Deno.symlinkSync("nowhere", `${dangling.config}/lychd/lychd.toml`);
  strictEqual((await dangling.run(vllm)).code, 1);
  await using file = cli().write("home/.config/lychd", "not a folder");
  await file.expect(vllm, {
    code: 1,
    stderr: `lychd: ${CODEX} is not a folder; nothing was written\n`,
  });
});

Deno.test("init keeps files that are not part of a Codex", async () => {
  await using test = cli().codex({
    README: "mine",
    "lychd.schema.json": "mine too",
    "soulstones/.hidden.toml": "x",
  });
  const result = await test.run(["init", "--engine", "vllm", "--model", "a/b"]);
  strictEqual(result.code, 0, result.stderr);
  deepStrictEqual(test.files("home/.config/lychd"), [
    "README",
    "lychd.schema.json",
    "lychd.toml",
    "portals.schema.json",
    "soulstones.schema.json",
    "soulstones/.hidden.toml",
    "soulstones/b.toml",
  ]);
  strictEqual(test.read("home/.config/lychd/lychd.schema.json"), "mine too");
});

Deno.test("a Codex may be a symlink", async () => {
  await using test = cli().write("dots/lychd/README", "");
  Deno.mkdirSync(test.config, { recursive: true });
  Deno.symlinkSync("../../dots/lychd", `${test.config}/lychd`);
  const result = await test.run(["init", "--engine", "vllm", "--model", "a/b"]);
  strictEqual(result.code, 0, result.stderr);
  deepStrictEqual(test.files("dots/lychd").includes("soulstones/b.toml"), true);
});

const NOTHING = "nothing was written";

Deno.test("a request that makes no valid Codex is reported like check does, and writes nothing", async () => {
  await using test = cli();
  const before = test.listing();
  const two = ["--engine", "vllm", "--model", "a/b"];
  const cases: readonly (readonly [args: readonly string[], code: number, result: RegExp])[] = [
    [["init", ...two, "--coven", "x y"], 3, /^error\[group-invalid\][^]*b\.toml:11:11$/m],
    [
      ["init", ...two, "--port", "8081"],
      2,
      /^lychd: port 8081 is already used in the Codex; nothing/,
    ],
    [["init", ...two, "--image", "Not An Image"], 3, /^error\[image-invalid\]/m],
    [["init", ...two, "--device", "gpu0"], 3, /^error\[device-invalid\]/m],
    [["init", ...two, "--boot-coven", "chat"], 3, /^error\[coven-unknown\]/m],
    [["init", ...two, "--name", "a/b"], 2, /is not a valid Soulstone name; nothing was/],
    [
      ["init", ...two, "--name", "x", ...two, "--name", "x"],
      2,
      /two Soulstones have the name `x`; nothing was written/,
    ],
    [["init", "--engine", "sglang"], 2, /sglang needs a model; nothing/],
    [["init", "--engine", "generic"], 2, /a generic engine needs an image; nothing/],
    [["init", "--engine", "llamacpp", "--model", "./x.gguf"], 2, /must start with/],
    [["init", "--engine", "llamacpp", "--model", "models/x.gguf"], 2, /must start with/],
    [["init", "--engine", "vllm", "--model", "rel/../x"], 2, /must start with/],
    [["init"], 2, /^lychd: cannot prompt here; name the engine and its model\nhint: lychd init/],
    [["add"], 3, /^error\[codex-missing\][^]*hint: create one with `lychd init`/m],
  ];
  for (const [args, code, words] of cases) {
    const result = await test.run(args);
    match(result.stderr, words);
    strictEqual(result.code, code, args.join(" "));
    strictEqual(result.stdout, "");
    if (code === 3 && args[0] === "init") match(result.stderr, new RegExp(NOTHING));
  }
  deepStrictEqual(test.listing(), before);
});

Deno.test("add writes one new file and changes no other", async () => {
  await using test = cli().codex({ "soulstones/eye.toml": EYE });
  const settings = "home/.config/lychd/lychd.toml";
  await test.expect(["add", "generic", "--image", "localhost/ocr:2", "--port", "9871"], {
    stdout: `wrote ${CODEX}/soulstones/ocr.toml
wrote ${CODEX}/soulstones.schema.json
wrote ${CODEX}/portals.schema.json
wrote ${CODEX}/lychd.schema.json
ocr will answer at http://localhost:9871/v1, in no Coven
`,
    stderr: await nextOf(test),
  });
  strictEqual(exists(`${test.dir}/${settings}`), false);
  strictEqual(test.read("home/.config/lychd/soulstones/eye.toml"), EYE);
  const again = await test.run(["add", "generic", "--image", "localhost/ocr:2"]);
  match(again.stdout, /^wrote .*soulstones\/ocr-2\.toml\nocr-2 will answer/);
  const clash = await test.run(["add", "vllm", "--model", "a/b", "--port", "8780"]);
  match(
    clash.stderr,
    /^lychd: port 8780 is already used in the Codex; nothing was written\nhint: use --port/,
  );
  strictEqual(clash.code, 2);
  const taken = await test.run(["add", "vllm", "--model", "a/b", "--name", "ocr"]);
  match(taken.stderr, /`soulstones\/ocr.toml` already exists; nothing was written/);
});

/** The next command depends on whether this machine has a GPU. */
async function nextOf(test: ReturnType<typeof cli>): Promise<string> {
  const result = await test.run(["init", "--engine", "tabbyapi", "--codex", "probe"]);
  return /^next: .*\n/m.exec(result.stderr)?.[0].replace(" --codex probe", "") ?? "";
}

Deno.test("add works in a Codex that has only settings", async () => {
  await using test = cli().codex({ "lychd.toml": "[gpu]\n" });
  const result = await test.run(["add", "vllm", "--model", "a/b"]);
  strictEqual(result.code, 0, result.stderr);
  strictEqual(test.read("home/.config/lychd/lychd.toml"), "[gpu]\n");
  strictEqual((await test.run(["check"])).code, 0);
});

Deno.test("add reports the errors of an invalid Codex and writes nothing", async () => {
  await using test = cli().codex({ "soulstones/eye.toml": "[eye]\nport = 8780\n" });
  const before = test.listing();
  const result = await test.run(["add", "vllm", "--model", "a/b"]);
  match(result.stderr, /^error\[field-missing\]: Soulstone `eye` has no `image`\n/);
  strictEqual(result.code, 3);
  deepStrictEqual(test.listing(), before);
});

const DOWN = "\u001b[B";

Deno.test("on a terminal init prompts, and rejects an invalid answer immediately", async () => {
  await using test = cli();
  const result = await test.converse(["init"], [
    ["Which engine?", `${DOWN}${DOWN}\r`],
    ["Model", "~/models/gpt-oss-20b.gguf\r"],
    ["Name:", "\r"],
    ["Covens", "chat, my own\r"],
    ["`my own` is not a valid name of a group", "\u007f\u007f\u007f\u007fown\r"],
    ["Capabilities", "text-generation\r"],
    ["Port:", "\r"],
    ["Add another Soulstone?", "y\r"],
    ["Which engine?", "\r"],
    ["Model", "\r"],
    ["vllm needs a model", "Qwen/Qwen3-8B\r"],
    ["Name:", "gpt-oss-20b\r"],
    ["a Soulstone with this name already exists", `${"\u007f".repeat(11)}qwen\r`],
    ["Covens", "\r"],
    ["Capabilities", "\r"],
    ["Port:", "\r"],
    ["Add another Soulstone?", "\r"],
    ["Which Coven starts at boot?", `${DOWN}\r`],
    // Only a binary can render the front door, so only a binary offers it.
    ...IS_BINARY ? [["Run the front door", "\r"] as const] : [],
  ]);
  strictEqual(result.code, 0, result.shown);
  match(result.shown, /wrote \[DIR\]\/home\/\.config\/lychd\/soulstones\/qwen\.toml/);
  const check = JSON.parse((await test.run(["check", "--json"])).stdout);
  const [gpt, qwen] = check.soulstones;
  deepStrictEqual([gpt.name, gpt.engine, gpt.groups, gpt.capabilities], [
    "gpt-oss-20b",
    "llamacpp",
    ["chat", "myown"],
    ["text-generation"],
  ]);
  deepStrictEqual([qwen.name, qwen.engine, qwen.groups, qwen.capabilities], [
    "qwen",
    "vllm",
    ["chat"],
    [],
  ]);
  const settings = test.read("home/.config/lychd/lychd.toml");
  match(settings, /^boot_coven = "chat"$/m);
  strictEqual(/^\[vessel\]\nenabled = true$/m.test(settings), IS_BINARY);
});

Deno.test("on a terminal add prompts for everything that is not given", async () => {
  await using test = cli().codex({ "soulstones/eye.toml": EYE });
  const result = await test.converse(["add", "generic"], [
    ["Container image:", "Not One\r"],
    ["`Not One` is not a valid image name", `${"\u007f".repeat(7)}localhost/ocr\r`],
    ["Name:", "\r"],
    ["Covens", "\r"],
    ["Capabilities", "ocr\r"],
    ["Port:", "8780\r"],
    ["port 8780 is already used", `${"\u007f".repeat(4)}9871\r`],
  ], { NO_COLOR: "1" });
  strictEqual(result.code, 0, result.shown);
  // deno-lint-ignore no-control-regex
  strictEqual(/\u001b\[[0-9;]*m/.test(result.shown), false, "colors despite NO_COLOR");
  match(test.read("home/.config/lychd/soulstones/ocr.toml"), /^groups = \["vision"\]$/m);
});

Deno.test("an interrupted dialogue writes nothing", async () => {
  await using test = cli();
  const before = test.listing();
  for (const key of ["\u0003", "\u0004"]) {
    const first = await test.converse(["init"], [["Which engine?", key]]);
    const later = await test.converse(["init"], [["Which engine?", "\r"], ["Model", key]]);
    for (const { code, shown } of [first, later]) {
      match(shown, /\r\nlychd: interrupted; nothing was written\r\n$/);
      strictEqual(code, 130);
    }
  }
  deepStrictEqual(test.listing(), before);
});
