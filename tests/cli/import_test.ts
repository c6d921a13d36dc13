import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { cli } from "./cli.ts";

const EYE_UNIT = `[Container]
Image=docker.io/vllm/vllm-openai:v0.33.0
Exec=Qwen/Qwen3-8B --port 8000
PublishPort=127.0.0.1:8780:8000
AddDevice=nvidia.com/gpu=all
Volume=%h/models:/models:ro
UserNS=auto

[Install]
WantedBy=default.target
`;

const EYE_NOTES = `1 of 1 container became a Soulstone
not carried over (1):
  eye.container:7:1 \`UserNS=auto\`: the containers of a pod share its user namespace
changed (3):
  eye.container:3:1 \`Exec=Qwen/Qwen3-8B --port 8000\` -> eye.model: lychd sets --port 8780
  eye.container:4:1 \`PublishPort=127.0.0.1:8780:8000\` -> eye.port: it listens on 8780 in the pod instead of 8000
  eye.container:10:1 \`WantedBy=default.target\` -> boot_coven: \`boot_coven = "eye"\` in lychd.toml starts it with the host
carried over unchanged: 3 (--all lists them)
`;

const EYE_TOML = `# From eye.container.
# Not carried over:
#   eye.container:7:1 \`UserNS=auto\`: the containers of a pod share its user namespace
# Changed:
#   eye.container:3:1 \`Exec=Qwen/Qwen3-8B --port 8000\` -> eye.model: lychd sets --port 8780
#   eye.container:4:1 \`PublishPort=127.0.0.1:8780:8000\` -> eye.port: it listens on 8780 in the pod instead of 8000
[eye]
image = "docker.io/vllm/vllm-openai:v0.33.0"
model = "Qwen/Qwen3-8B"
groups = ["eye"]
port = 8780
devices = ["nvidia.com/gpu=all"]
volumes = ["~/models:/models:ro"]
`;

const SWAP = `models:
  big:
    cmd: llama-server --port \${PORT} -m /srv/models/big.gguf
    ttl: 300
    unlisted: true
`;

Deno.test("import quadlet prints a TOML file and a report of every line", async () => {
  await using test = cli();
  test.write("eye.container", EYE_UNIT);
  await test.expect(["import", "quadlet", "eye.container"], {
    stdout: EYE_TOML,
    stderr: `${EYE_NOTES}hint: add to lychd.toml: boot_coven = "eye"\n`,
  });
  deepStrictEqual(test.files(), ["eye.container"]);
  // The output is a valid file for soulstones/.
  test.codex({ "soulstones/eye.toml": EYE_TOML });
  const result = await test.run(["check"]);
  strictEqual(result.stdout, "the Codex is valid: 1 Soulstone, 1 Coven\n");
});

Deno.test("import --output writes a Codex and never overwrites one", async () => {
  await using test = cli();
  test.write("eye.container", EYE_UNIT);
  const output = ["import", "quadlet", "eye.container", "--output", "codex"];
  await test.expect(output, {
    stdout: [
      ...["soulstones/eye.toml", "lychd.toml"],
      ...["soulstones.schema.json", "portals.schema.json", "lychd.schema.json"],
    ]
      .map((path) => `[DIR]/codex/${path}\n`).join(""),
    stderr: `${EYE_NOTES}hint: lychd check --codex '[DIR]/codex'\n`.replaceAll("'", ""),
  });
  strictEqual(
    test.read("codex/soulstones/eye.toml"),
    `#:schema ../soulstones.schema.json\n${EYE_TOML}`,
  );
  strictEqual(
    test.read("codex/lychd.toml"),
    '#:schema ./lychd.schema.json\nboot_coven = "eye"\n',
  );
  const schema = await test.run(["schema", "soulstones"]);
  strictEqual(test.read("codex/soulstones.schema.json"), schema.stdout);
  const before = test.listing("codex");
  await test.expect(output, {
    code: 1,
    stderr: "lychd: the Codex already defines `eye`; nothing was written\n" +
      "hint: use --output with another folder, and copy the files that you want\n",
  });
  // A file without a Soulstone is not overwritten either.
  test.write("other/soulstones/eye.toml", "");
  await test.expect(["import", "quadlet", "eye.container", "--output", "other"], {
    code: 1,
    stderr: "lychd: these files already exist; nothing was written:\n" +
      "[DIR]/other/soulstones/eye.toml\n" +
      "hint: use --output with another folder, or move the files away\n",
  });
  deepStrictEqual(test.listing("codex"), before);
  deepStrictEqual(test.files("other"), ["soulstones/eye.toml"]);
});

Deno.test("import --output chooses ports that the Codex does not use", async () => {
  await using test = cli();
  test.write("eye.container", EYE_UNIT);
  test.write("codex/soulstones/old.toml", '[old]\nimage = "localhost/old"\nport = 8780\n');
  const settings = "[harvester]\nport = 8781\n[gpu_exporter]\nenabled = true\nport = 8782\n" +
    '[sepulcher]\nreserve_ports = "8783-8785"\n';
  test.write("codex/lychd.toml", settings);
  const result = await test.run(["import", "quadlet", "eye.container", "--output", "codex"]);
  strictEqual(result.code, 0);
  match(test.read("codex/soulstones/eye.toml"), /^port = 8786$/m);
  match(result.stderr, /port 8780 is used by Soulstone `old`/);
  match(result.stderr, /hint: add to lychd\.toml: boot_coven = "eye"\n/);
  match(result.stderr, /hint: the new Soulstones share no group with the existing ones/);
  strictEqual(test.read("codex/lychd.toml"), settings);
  const checked = await test.run(["check", "--codex", "codex"]);
  strictEqual(checked.code, 0);
});

Deno.test("import warns that new slots may run beside those of the Codex", async () => {
  await using test = cli();
  const unit = "[Container]\nImage=localhost/x\n";
  test.write("a.container", unit);
  test.write("b.container", `[Unit]\nConflicts=a.service\n${unit}`);
  test.write("c.container", unit);
  const old = '[old]\nimage = "localhost/old"\nport = 8780\nslot = "chat"\n';
  test.write("codex/soulstones/old.toml", old);
  const units = ["a.container", "b.container", "c.container"];
  const result = await test.run(["import", "quadlet", ...units, "--output", "codex"]);
  match(test.read("codex/soulstones/b.toml"), /^slot = "a"$/m);
  match(result.stderr, /hint: the new Soulstones may run beside the existing ones of other slots/);
  strictEqual((await test.run(["check", "--codex", "codex"])).code, 0);
});

Deno.test("import reads the drop-ins of a unit; the most specific file of a name wins", async () => {
  await using test = cli();
  test.write("units/my-eye.container", "[Container]\nImage=localhost/eye:1\n");
  test.write("units/my-eye.container.d/20.conf", "[Container]\nExec=second\n");
  test.write("units/my-.container.d/20.conf", "[Container]\nExec=never\n");
  test.write("units/my-.container.d/30.conf", "[Container]\nExec=third\n");
  test.write("units/container.d/10.conf", "[Container]\nLabel=a=b\n");
  test.write("units/container.d/notes.txt", "not a drop-in\n");
  const result = await test.run(["import", "quadlet", "units/my-eye.container", "--all"]);
  match(result.stdout, /^exec = \["third"\]$/m);
  match(result.stdout, /^Label = "a=b"$/m);
  match(result.stderr, /units\/my-eye\.container\.d\/20\.conf:2:1 `Exec=second`: it has no effect/);
  strictEqual(result.stderr.includes("never"), false);
});

Deno.test("import llama-swap accepts an image for a program, and prints JSON", async () => {
  await using test = cli();
  test.write("config.yaml", SWAP);
  const result = await test.run([
    "import",
    "llama-swap",
    "config.yaml",
    "--json",
    "--image",
    "llama-server=localhost/llama.cpp:1",
  ]);
  strictEqual(result.code, 0);
  const { soulstones, notes, written, lychd_toml } = JSON.parse(result.stdout);
  strictEqual(lychd_toml, "[vessel]\nenabled = true\n");
  strictEqual(soulstones[0].name, "big");
  match(soulstones[0].toml, /^image = "localhost\/llama\.cpp:1"$/m);
  deepStrictEqual(written, []);
  deepStrictEqual(notes.find((note: { outcome: string }) => note.outcome === "lost"), {
    outcome: "lost",
    file: "config.yaml",
    line: 5,
    column: 5,
    item: "big.unlisted: true",
    soulstone: "big",
    why: "the list of models has every Soulstone",
  });
});

Deno.test("import llama-swap takes the Vessel, keys and variables to lychd.toml, and never prints a key", async () => {
  await using test = cli();
  const key = "sk-0123456789abcdefghijklmnop";
  test.write(
    "config.yaml",
    "apiKeys: [${env.KEY}, short]\nsendLoadingState: true\nmodels:\n" +
      "  Qwen/Qwen3:8B: {cmd: '${env.DIR}/llama-server -m ${env.DIR}/q.gguf', ttl: 90}\n",
  );
  const args = [
    "import",
    "llama-swap",
    "config.yaml",
    "--env",
    `KEY=${key}`,
    "--env",
    "DIR=/srv",
    "--image",
    "llama-server=ghcr.io/ggml-org/llama.cpp:server-cuda",
  ];
  const result = await test.run([...args, "--output", "codex"]);
  strictEqual(result.code, 0, result.stderr);
  const settings = test.read("codex/lychd.toml");
  strictEqual(settings.includes(createHash("sha256").update(key).digest("hex")), true);
  // The host of this test has no GPU.
  strictEqual(settings.includes("default_devices"), false);
  match(settings, /^\[vessel\]\nenabled = true\nloading_message = true$/m);
  const soulstone = test.read("codex/soulstones/Qwen-Qwen3-8B.toml");
  match(soulstone, /^aliases = \["Qwen\/Qwen3:8B"\]$/m);
  match(soulstone, /^model = "\/srv\/q\.gguf"$/m);
  match(soulstone, /^idle_minutes = 2$/m);
  match(result.stderr, /`ttl: 90`|2 minutes instead of 90 seconds/);
  match(result.stderr, /`apiKeys\[1\]` -> vessel\.keys\.key-2: .* so short/);
  strictEqual((await test.run(["check", "--codex", "codex"])).code, 0);
  const all = await test.run([...args, "--all", "--json"]);
  for (const text of [result.stderr, soulstone, settings, all.stdout, all.stderr]) {
    strictEqual(text.includes(key) || text.includes('short"'), false, text);
  }
});

Deno.test("import llama-swap joins several files, those of a folder, and stdin", async () => {
  await using test = cli();
  const model = (name: string, port: number) =>
    `models:\n  ${name}: {cmd: "\${srv} -m /m/${name}.gguf"}\nstartPort: ${port}\n`;
  test.write("0.yaml", "macros: {srv: 'llama-server --port ${PORT}'}\n")
    .write("folder/1.yaml", model("a", 9100)).write("folder/x.txt", "not a configuration");
  test.process();
  const { code, stdout, stderr } = await test.shell(
    "printf '%s' \"$STDIN\" | $LYCHD import llama-swap 0.yaml folder -",
    { STDIN: model("b", 9100) },
  );
  strictEqual(code, 0, stderr);
  match(stdout, /^# From model `a` of folder\/1\.yaml\.$/m);
  match(stdout, /^# From model `b` of stdin\.$/m);
  const refused = await test.shell("echo 'macros: {srv: x}' | $LYCHD import llama-swap 0.yaml -");
  match(refused.stderr, /`macros\.srv` has another value in 0\.yaml:1:10\n --> stdin:1:10$/m);
  strictEqual(refused.code, 1);
});

Deno.test("unreadable input is reported like an error of a Codex", async () => {
  await using test = cli();
  test.write("config.yaml", "models:\n  a: {cmd: 'server ${nope}'}\n");
  test.write("a.container", "[Container]\nImage=x\nbroken\n");
  await test.expect(["import", "llama-swap", "config.yaml"], {
    code: 1,
    stderr: `error[llama-swap-invalid]: model \`a\` uses the unknown macro \`nope\`
 --> config.yaml:2:13
  |
2 |   a: {cmd: 'server \${nope}'}
  |             ^^^^^^^^^^^^^^
hint: fix it for llama-swap first; see its config.example.yaml

1 error
`,
  });
  await test.expect(["import", "quadlet", "a.container", "nothing.container"], {
    code: 1,
    stderr: `error[unit-broken]: the line is not a [Section], a comment or Key=value
 --> a.container:3:1
  |
3 | broken
  | ^^^^^^
hint: end each line that continues with a backslash; start comments with \`#\` or \`;\`

error[file-unreadable]: cannot read the file: it does not exist
 --> nothing.container:1:1
hint: check owner and mode with: ls -lL FILE

2 errors
`,
  });
  const result = await test.run(["import", "quadlet", "a.container", "--json"]);
  strictEqual(JSON.parse(result.stdout).findings[0].code, "unit-broken");
});

Deno.test("a folder, a pipe and a file that is too large are not accepted as input", async () => {
  await using test = cli();
  test.write("folder.container/x", "");
  test.write("large.container", `[Container]\nImage=x\n#${"x".repeat(1024 * 1024)}\n`);
  const result = await test.shell(
    "mkfifo pipe.container; $LYCHD import quadlet folder.container large.container pipe.container",
  );
  strictEqual(result.code, 1);
  deepStrictEqual(result.stderr.match(/^error\[.*$/gm), [
    "error[file-unreadable]: cannot read the file: it is not a file",
    "error[file-too-large]: the file is larger than the limit of 128 KiB",
    "error[file-unreadable]: cannot read the file: it is not a file",
  ]);
});

Deno.test("a unit and a Codex may be symlinks", async () => {
  await using test = cli();
  test.write("elsewhere/eye.container", EYE_UNIT);
  test.write("real/soulstones/old.toml", '[old]\nimage = "localhost/old"\nport = 8780\n');
  const result = await test.shell(
    "ln -s elsewhere/eye.container eye.container; ln -s real codex; " +
      "$LYCHD import quadlet eye.container --output codex",
  );
  strictEqual(result.code, 0, result.stderr);
  match(test.read("real/soulstones/eye.toml"), /^port = 8781$/m);
});

Deno.test("the help of each import names every option and the exit codes", async () => {
  await using test = cli();
  for (const from of ["quadlet", "llama-swap"]) {
    const { stdout, code } = await test.run(["import", from, "--help"]);
    strictEqual(code, 0);
    match(stdout, /--output <dir>/);
    match(stdout, /never overwrites one/);
    match(stdout, /\nExit codes:\n {2}0 {2}ok\n/);
    for (const line of stdout.split("\n")) strictEqual(line.length <= 80, true, line);
  }
});

Deno.test("wrong usage of import exits with 2 and a hint", async () => {
  await using test = cli();
  for (
    const [args, stderr] of [
      [["quadlet"], "error: missing required argument 'file'\n"],
      [
        ["quadlet", "a", "--output="],
        "error: option '--output <dir>' argument '' is invalid. " +
        "It must be the name of a folder.\n",
      ],
      [
        ["llama-swap", "a", "--image", "x"],
        "error: option '--image <program=image>' argument " +
        "'x' is invalid. It must be PROGRAM=IMAGE.\n",
      ],
      [
        ["llama-swap", "a", "--env", "A"],
        "error: option '--env <name=value>' argument 'A' is invalid. It must be NAME=VALUE.\n",
      ],
      [["quadlet", "a", "--image", "x=y"], "error: unknown option '--image'\n"],
    ] as const
  ) {
    const hint = `hint: lychd import ${args[0]} --help\n`;
    await test.expect(["import", ...args], { code: 2, stderr: stderr + hint });
  }
});

Deno.test("an import refuses too many drop-ins, and too large ones", async () => {
  const beyond = (limit: string) =>
    new RegExp(
      `^error\\[import-too-large\\]: the import exceeds the limit of ${limit}, drop-ins included\n` +
        " --> eye.container:1:1\n",
    );
  const cases = [
    ["512 files", 512, "conf", ""],
    ["512 files", 513, "txt", ""],
    ["4096 KiB", 40, "conf", `# ${"x".repeat(120_000)}\n`],
  ] as const;
  for (const [limit, count, extension, text] of cases) {
    await using test = cli().write("eye.container", EYE_UNIT);
    for (let i = 0; i < count; i++) test.write(`eye.container.d/${i}.${extension}`, text);
    const { code, stderr } = await test.run(["import", "quadlet", "eye.container"]);
    match(stderr, beyond(limit));
    match(stderr, /^1 error$/m);
    strictEqual(code, 1);
  }
  await using test = cli().write("eye.container", EYE_UNIT);
  for (let i = 0; i < 511; i++) test.write(`eye.container.d/${i}.conf`, "");
  strictEqual((await test.run(["import", "quadlet", "eye.container"])).code, 0);
});
