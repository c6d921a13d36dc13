import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { type Cli, cli, EYE, SAGE, type Said } from "./cli.ts";

const EYE_OF_VISION = `${EYE}capabilities = ["ocr", "text"]\nvram_mib = 14000\n`;
const SAGE_OF_THINK = `${SAGE}capabilities = ["text"]\nvram_mib = 22000\n`;
const MEMORY = `[memory]
image = "ghcr.io/ggml-org/llama.cpp:server"
port = 8700
model = "x"
resident = true
devices = []
`;
const LONE = EYE.replace("[eye]", "[lone]").replace("8780", "8790")
  .replace('groups = ["vision"]', 'capabilities = ["judge"]');

const HOUSE = {
  "soulstones/all.toml": EYE_OF_VISION + SAGE_OF_THINK + MEMORY,
  "soulstones/lone.toml": LONE,
};

/** What these tests do without: most machines that run them have neither Podman nor a session. */
const RENDER = ["render", "--no-verify", "--no-reload"];

const NOT_RENDERED = "warning: nothing was rendered yet\n" +
  "hint: lychd render --dry-run shows it, lychd render puts it in place\n";
const SILENT = "lychd: the user's systemd does not answer (…): planned as if nothing ran\n";

/** Without what this machine's systemd has to say. */
function plain({ code, stdout, stderr }: Said): Said {
  return { code, stdout, stderr: stderr.replace(/(does not answer)(?: \(.*\)|: .*)/, "$1 (…)") };
}

async function run(test: Cli, ...args: string[]): Promise<Said> {
  return plain(await test.run(args));
}

Deno.test("plan tells who starts, who stays, and who was not taken, and why", async () => {
  await using test = cli().codex(HOUSE);
  deepStrictEqual(await run(test, "plan", "text"), {
    code: 0,
    stdout: `Coven vision: the best of 2 that offer \`text\`
  start  eye
  start  memory
not taken:
  Coven think: takes 22000 MiB of GPU memory, not 14000 MiB
`,
    stderr: NOT_RENDERED + SILENT,
  });
});

Deno.test("plan --json has the same for programs", async () => {
  await using test = cli().codex(HOUSE);
  const said = await run(test, "plan", "judge", "--json");
  strictEqual(said.code, 0);
  deepStrictEqual(JSON.parse(said.stdout), {
    wish: { kind: "capabilities", names: ["judge"] },
    choice: { kind: "soulstone", name: "lone", unit: "soulstone-lone.service" },
    why: "nothing else offers `judge`",
    wanted: ["lone"],
    keep: [],
    stop: [],
    start: ["lone"],
    losers: [],
    systemd_answers: false,
    differences: ["nothing was rendered yet"],
  });
});

const REFUSED: readonly (readonly [wish: readonly string[], stderr: string])[] = [
  [
    ["vison"],
    "lychd: there is no Coven, Soulstone or capability `vison`\n" +
    "hint: did you mean `vision` (Coven)?\n",
  ],
  [
    ["ocr", "judge"],
    "lychd: no Coven offers `judge` and `ocr` together (`judge`: lone; `ocr`: eye)\n" +
    "hint: give them a group in common, or wish for one after the other\n",
  ],
  [
    ["\u001b[2J"],
    "lychd: there is no Coven, Soulstone or capability `\\x1b[2J`\n" +
    "hint: lychd list shows what there is\n",
  ],
];

for (const [wish, stderr] of REFUSED) {
  Deno.test(`plan ${JSON.stringify(wish)} is refused as wrong usage`, async () => {
    await using test = cli().codex(HOUSE);
    const said = await run(test, "plan", ...wish);
    deepStrictEqual(said, { code: 2, stdout: "", stderr: NOT_RENDERED + SILENT + stderr });
    const json = await run(test, "plan", "--json", "--", ...wish);
    strictEqual(typeof JSON.parse(json.stdout).error, "string");
  });
}

Deno.test("a name that is several things is asked back", async () => {
  await using test = cli().codex({
    "soulstones/eye.toml": EYE.replace('["vision"]', '["eye"]'),
  });
  const said = await run(test, "plan", "eye");
  strictEqual(said.code, 2);
  match(
    said.stderr,
    /`eye` is a Coven and a Soulstone\nhint: say which: coven:eye, or soulstone:eye\n/,
  );
  strictEqual((await run(test, "plan", "coven:eye")).code, 0);
});

Deno.test("a Codex that changed since the last render is warned of, by name", async () => {
  await using test = cli().codex(HOUSE);
  strictEqual((await test.run(RENDER)).code, 0);
  strictEqual((await run(test, "plan", "ocr")).stderr, SILENT);
  test.codex({
    "soulstones/all.toml": EYE_OF_VISION.replace("14000", "15000") + MEMORY +
      EYE.replaceAll("eye", "owl").replace("8780", "8795"),
  });
  test.write("home/.config/containers/systemd/lychd/soulstone-lone.container", "[Container]\n");
  const warning = "warning: the Codex is not what was rendered: owl is not rendered, " +
    "sage is no longer in the Codex, Coven think is no longer in the Codex, " +
    "lone was edited by hand, prometheus.yml changed, the pod changed, 4 more\n" +
    "hint: lychd render --dry-run shows it, lychd render puts it in place\n";
  for (const command of ["plan ocr", "list", "covens"]) {
    const said = await run(test, ...command.split(" "));
    strictEqual(said.stderr.slice(0, warning.length), warning, command);
  }
});

Deno.test("an invalid Codex is reported, and nothing is planned", async () => {
  await using test = cli().codex({ "soulstones/eye.toml": "[eye]\n" });
  for (const args of [["plan", "eye"], ["list"], ["covens"]]) {
    const said = await run(test, ...args);
    strictEqual(said.code, 3);
    strictEqual(said.stdout, "");
    match(said.stderr, /^error\[field-missing\]/);
  }
});

Deno.test("list has every Soulstone and capability, within 80 columns", async () => {
  await using test = cli().codex(HOUSE);
  const said = await run(test, "list");
  deepStrictEqual(said, {
    code: 0,
    stdout: `SOULSTONE  ENGINE    STATE    URI
eye        vllm      unknown  http://localhost:8780/v1
  in vision; offers ocr, text
lone       vllm      unknown  http://localhost:8790/v1
  in no Coven; offers judge
memory     llamacpp  unknown  http://localhost:8700/v1
  resident; offers nothing
sage       vllm      unknown  http://localhost:8781/v1
  in think; offers text

CAPABILITY
judge: lone
ocr: eye
text: eye, sage
`,
    stderr: NOT_RENDERED + "lychd: the user's systemd does not answer (…)\n",
  });
});

Deno.test("covens shows who runs with whom, who stops whom, and what may not be meant", async () => {
  await using test = cli().codex(HOUSE);
  const said = await run(test, "covens");
  deepStrictEqual(said, {
    code: 0,
    stdout: `think: 22000 MiB of GPU memory declared
  memory sage
  leaves nothing but residents running of vision
vision: 14000 MiB of GPU memory declared
  eye memory
  leaves nothing but residents running of think

a start of the left stops those with an x
           1  2  3  4
1  eye     .  x  .  x
2  lone    x  .  .  x
3  memory  .  .  .  .
4  sage    x  x  .  .
`,
    stderr: NOT_RENDERED +
      "warning: lone is in no Coven: it runs beside memory and nothing else\n" +
      "warning: memory offers no capability: it is found by its name alone\n" +
      "warning: think has no Soulstone but residents in common with vision: they always stop each other\n",
  });
  const json = JSON.parse((await run(test, "covens", "--json")).stdout);
  deepStrictEqual(json.stops, {
    eye: ["lone", "sage"],
    lone: ["eye", "sage"],
    memory: [],
    sage: ["eye", "lone"],
  });
  deepStrictEqual(json.warnings.map((w: { code: string }) => w.code), [
    "no-coven",
    "no-capability",
    "rivals",
  ]);
});

Deno.test("who stops whom is told in words where a square would be too wide", async () => {
  const many = Array.from(
    { length: 30 },
    (_, i) =>
      EYE.replace("[eye]", `[engine-${i}]`).replace("8780", String(8800 + i))
        .replace("vision", `group-${i % 3}`),
  );
  await using test = cli().codex({ "soulstones/many.toml": many.join("\n") });
  const { stdout } = await run(test, "covens");
  match(stdout, /\nengine-0 stops engine-1, engine-10, engine-11, /);
  for (const line of stdout.split("\n")) strictEqual(line.length <= 80, true, line);
});

Deno.test("status, logs and a plan look; they write nothing", async () => {
  await using test = cli().codex(HOUSE);
  const before = test.listing("home");
  for (const args of [["status"], ["logs", "eye"], ["plan", "eye"], ["list"], ["covens"]]) {
    await test.run(args);
  }
  deepStrictEqual(test.listing("home"), before);
});

Deno.test("status, logs and a summon of nothing say what helps", async () => {
  await using test = cli().codex(HOUSE);
  const stderr = "lychd: nothing was rendered yet\nhint: lychd render\n";
  await test.expect(["status"], { code: 1, stderr });
  await test.expect(["logs", "eye"], { code: 1, stderr });
  await test.expect(["summon", "eye"], { code: 1, stderr });
  const { code, stdout } = await test.run(["summon", "eye", "--json"]);
  strictEqual(code, 1);
  deepStrictEqual(JSON.parse(stdout), {
    event: "refused",
    message: "nothing was rendered yet",
    hint: "lychd render",
  });
});

Deno.test("without a session of the user nothing is done, and it is said what helps", async () => {
  await using test = cli().codex(HOUSE);
  strictEqual((await test.run(RENDER)).code, 0);
  for (const args of [["status"], ["summon", "eye"], ["banish"], ["banish", "eye"]]) {
    const said = await run(test, ...args);
    // A machine without systemd has not even a systemctl.
    if (said.stderr === "lychd: there is no systemctl\n") continue;
    deepStrictEqual(said, {
      code: 6,
      stdout: "",
      stderr: "lychd: the user's systemd does not answer (…)\n" +
        "hint: sudo loginctl enable-linger $USER, and log in anew (not by su or sudo)\n",
    });
  }
});

Deno.test("banish takes a Soulstone or a Coven", async () => {
  await using test = cli().codex(HOUSE);
  strictEqual((await test.run(RENDER)).code, 0);
  const said = await run(test, "banish", "ocr");
  if (said.stderr === "lychd: there is no systemctl\n") return;
  deepStrictEqual(said, {
    code: 2,
    stdout: "",
    stderr: "lychd: `ocr` is a capability, and neither a Coven nor a Soulstone\n" +
      "hint: lychd list shows who offers it\n",
  });
});

Deno.test("a Soulstone that is called as what it can do needs no other name for logs and banish", async () => {
  await using test = cli().codex({ "soulstones/eye.toml": `${EYE}capabilities = ["eye"]\n` });
  strictEqual((await test.run(RENDER)).code, 0);
  for (const command of ["logs", "banish"]) {
    const { stderr } = await test.run([command, "eye"]);
    strictEqual(stderr.includes("say which"), false, stderr);
    match(
      (await test.run([command, "capability:eye"])).stderr,
      /`eye` is a capability, and neither/,
    );
  }
  match((await test.run(["plan", "eye"])).stderr, /`eye` is a Soulstone and a capability/);
});

Deno.test("what looks counts the warnings of the Codex, and does not bury its answer", async () => {
  await using test = cli().codex({
    "soulstones/eye.toml": `${EYE}capabilities = ["ocr"]\nenv = { API_KEY = "x" }\n`,
  });
  strictEqual((await test.run(RENDER)).code, 0);
  const said = await run(test, "plan", "ocr");
  strictEqual(said.code, 0);
  strictEqual(said.stderr, "warning: the Codex has 1 warning\nhint: lychd check\n" + SILENT);
  match((await test.run(["check"])).stderr, /^warning\[secret-in-env\]/);
});

Deno.test("logs takes a Soulstone or a Coven, and no capability", async () => {
  await using test = cli().codex(HOUSE);
  strictEqual((await test.run(RENDER)).code, 0);
  await test.expect(["logs", "ocr"], {
    code: 2,
    stderr: "lychd: `ocr` is a capability, and neither a Coven nor a Soulstone\n" +
      "hint: lychd list shows who offers it\n",
  });
  await test.expect(["logs", "eys"], {
    code: 2,
    stderr: "lychd: there is no Coven or Soulstone `eys`\n" +
      "hint: did you mean `eye` (Soulstone)?\n",
  });
});

Deno.test("list tells which engines give no metrics", async () => {
  await using test = cli().codex({
    "soulstones/all.toml": EYE + EYE.replace("[eye]", "[shy]").replace("8780", "8781") +
      "metrics = { enabled = false }\n",
  });
  const { stdout } = await test.run(["list"]);
  match(stdout, /^eye .*\n {2}in vision; offers nothing$/m);
  match(stdout, /^shy .*\n {2}in vision; offers nothing; no metrics$/m);
  const json = JSON.parse((await test.run(["list", "--json"])).stdout);
  deepStrictEqual(
    json.soulstones.map((s: { metrics_path: string | null }) => s.metrics_path),
    ["/metrics", null],
  );
});
