import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { type Cli, cli, EYE, type Output, SAGE } from "./cli.ts";

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

/** Most machines that run these tests have neither Podman nor a session of systemd. */
const RENDER = ["render", "--no-verify", "--no-reload"];

const NOT_RENDERED = "warning: nothing was rendered yet\n" +
  "hint: lychd render --dry-run shows the changes, lychd render applies them\n";
const NO_SYSTEMD = "lychd: the user's systemd does not answer (…): planned as if no engine runs\n";

/** Removes what differs between machines: the error text of systemctl, and images that Podman lacks. */
function withoutReason({ code, stdout, stderr }: Output): Output {
  const shown = stderr.replace(/(does not answer)(?: \(.*\)|: .*)/, "$1 (…)")
    .replace(/warning: Podman does not have .*\n(?:hint: lychd pull .*\n)?/g, "");
  return { code, stdout, stderr: shown };
}

async function run(test: Cli, ...args: string[]): Promise<Output> {
  return withoutReason(await test.run(args));
}

Deno.test("plan shows which engines start and stay, and why other choices lost", async () => {
  await using test = cli().codex(HOUSE);
  deepStrictEqual(await run(test, "plan", "text"), {
    code: 0,
    stdout: `Coven vision: the best of 2 that offer \`text\`
  start  eye
  start  memory
other choices:
  Coven think: takes 22000 MiB of GPU memory, not 14000 MiB
`,
    stderr: NOT_RENDERED + NO_SYSTEMD,
  });
});

Deno.test("plan --json prints the same plan as JSON", async () => {
  await using test = cli().codex(HOUSE);
  const result = await run(test, "plan", "judge", "--json");
  strictEqual(result.code, 0);
  deepStrictEqual(JSON.parse(result.stdout), {
    wish: { kind: "capabilities", names: ["judge"] },
    choice: { kind: "soulstone", name: "lone", unit: "soulstone-lone.service" },
    why: "nothing else offers `judge`",
    wanted: ["lone"],
    keep: [],
    stop: [],
    start: ["lone"],
    losers: [],
    // On a machine with Podman, its image is missing.
    cannot_start: null,
    front_door: null,
    missing_images: JSON.parse(result.stdout).missing_images,
    systemd_answers: false,
    source: "codex",
    differences: ["nothing was rendered yet"],
    restart_needed: [],
    stop_needed: [],
    unpublished: [],
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
    "hint: put them into one group, give them different slots, or summon one after the other\n",
  ],
  [
    ["\u001b[2J"],
    "lychd: there is no Coven, Soulstone or capability `\\x1b[2J`\n" +
    "hint: lychd list shows all names\n",
  ],
];

for (const [wish, stderr] of REFUSED) {
  Deno.test(`plan ${JSON.stringify(wish)} is refused as wrong usage`, async () => {
    await using test = cli().codex(HOUSE);
    const result = await run(test, "plan", ...wish);
    deepStrictEqual(result, { code: 2, stdout: "", stderr: NOT_RENDERED + NO_SYSTEMD + stderr });
    const json = await run(test, "plan", "--json", "--", ...wish);
    strictEqual(typeof JSON.parse(json.stdout).error, "string");
  });
}

Deno.test("an ambiguous name is refused with its alternatives", async () => {
  await using test = cli().codex({
    "soulstones/eye.toml": EYE.replace('["vision"]', '["eye"]'),
  });
  const result = await run(test, "plan", "eye");
  strictEqual(result.code, 2);
  match(
    result.stderr,
    /`eye` is a Coven and a Soulstone\nhint: use coven:eye or soulstone:eye\n/,
  );
  strictEqual((await run(test, "plan", "coven:eye")).code, 0);
});

Deno.test("changes of the Codex since the last render cause a warning that names them", async () => {
  await using test = cli().codex(HOUSE);
  strictEqual((await test.run(RENDER)).code, 0);
  strictEqual((await run(test, "plan", "ocr")).stderr, NO_SYSTEMD);
  test.codex({
    "soulstones/all.toml": EYE_OF_VISION.replace("14000", "15000") + MEMORY +
      EYE.replaceAll("eye", "owl").replace("8780", "8795"),
  });
  test.write("home/.config/containers/systemd/lychd/soulstone-lone.container", "[Container]\n");
  const warning = "warning: the Codex differs from the last render: owl is not rendered, " +
    "sage is no longer in the Codex, Coven think is no longer in the Codex, " +
    "lone was edited by hand, prometheus.yml changed, the pod changed, 4 more\n" +
    "hint: lychd render --dry-run shows the changes, lychd render applies them\n";
  for (const command of ["plan ocr", "list", "covens"]) {
    const result = await run(test, ...command.split(" "));
    strictEqual(result.stderr.slice(0, warning.length), warning, command);
  }
});

Deno.test("with an invalid Codex, plan, list and covens use the last render and say so", async () => {
  await using test = cli().codex(HOUSE);
  strictEqual((await test.run(RENDER)).code, 0);
  const commands = [["plan", "ocr"], ["list"], ["covens"]];
  const before = await Promise.all(commands.map((args) => run(test, ...args)));
  test.codex({ "soulstones/lone.toml": "[lone]\n" });
  const warning =
    "warning: the Codex has errors; the units of the last render are used\nhint: lychd check\n";
  for (const [i, args] of commands.entries()) {
    const { code, stdout, stderr } = await run(test, ...args);
    deepStrictEqual([code, stdout], [0, before[i]?.stdout], args.join(" "));
    strictEqual(stderr, warning + before[i]?.stderr, args.join(" "));
    const json = JSON.parse((await run(test, ...args, "--json")).stdout);
    strictEqual(json.source, "last-render");
  }
});

Deno.test("an invalid Codex is reported, and nothing is planned", async () => {
  await using test = cli().codex({ "soulstones/eye.toml": "[eye]\n" });
  for (const args of [["plan", "eye"], ["list"], ["covens"]]) {
    const result = await run(test, ...args);
    strictEqual(result.code, 3);
    strictEqual(result.stdout, "");
    match(result.stderr, /^error\[field-missing\]/);
  }
});

Deno.test("list prints every Soulstone and capability, within 80 columns", async () => {
  await using test = cli().codex(HOUSE);
  const result = await run(test, "list");
  deepStrictEqual(result, {
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

Deno.test("covens shows which engines run together or stop each other, and likely mistakes", async () => {
  await using test = cli().codex(HOUSE);
  const result = await run(test, "covens");
  deepStrictEqual(result, {
    code: 0,
    stdout: `think: 22000 MiB of GPU memory declared
  memory sage
  think and vision exclude each other (only residents are shared)
vision: 14000 MiB of GPU memory declared
  eye memory
  vision and think exclude each other (only residents are shared)

starting the engine of a row stops the engines marked x
           1  2  3  4
1  eye     .  x  .  x
2  lone    x  .  .  x
3  memory  .  .  .  .
4  sage    x  x  .  .
`,
    stderr: NOT_RENDERED +
      "warning: lone is in no Coven: it runs only with memory\n" +
      "warning: memory offers no capability: it can be summoned only by name\n",
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
  ]);
});

/** Returns a Soulstone with additional `lines`, that offers the capability `x`. */
function tiny(name: string, port: number, ...lines: readonly string[]): string {
  const fields = [`image = "localhost/${name}"`, `port = ${port}`, 'exec = ["{port}"]'];
  return [`[${name}]`, ...fields, 'capabilities = ["x"]', ...lines, "", ""].join("\n");
}

Deno.test("covens shows 20 engines of 3 slots on one screen, one column for each slot", async () => {
  const slots = { chat: 11, embed: 6, speech: 3 };
  const all = Object.entries(slots).flatMap(([slot, count]) =>
    Array.from({ length: count }, (_, i) => ({ name: `${slot}-${i}`, slot }))
  );
  const text = all.map(({ name, slot }, i) => tiny(name, 8700 + i, `slot = "${slot}"`));
  await using test = cli().codex({ "soulstones/all.toml": text.join("") });
  const { stdout, stderr } = await run(test, "covens");
  strictEqual(
    stdout.split("\n").slice(0, 8).join("\n"),
    `there is no Coven: no Soulstone names a group

one engine of each slot may run, in any combination
chat     embed    speech
chat-0   embed-0  speech-0
chat-1   embed-1  speech-1
chat-10  embed-2  speech-2
chat-2   embed-3`,
  );
  strictEqual(stdout.split("\n").length <= 24, true, stdout);
  strictEqual(stderr, NOT_RENDERED);
});

Deno.test("covens shows Covens with slots, engines without a slot, and residents", async () => {
  const text = [
    tiny("coder", 8700, 'groups = ["code"]', 'slot = "chat"'),
    tiny("filler", 8701, 'groups = ["code"]', 'slot = "complete"'),
    tiny("lone", 8702, 'groups = ["lonely"]'),
    tiny("memory", 8703, "resident = true"),
    tiny("papers", 8704, 'slot = "embed"'),
  ];
  await using test = cli().codex({ "soulstones/all.toml": text.join("") });
  strictEqual(
    (await run(test, "covens")).stdout,
    `code: no GPU memory declared
  coder filler memory
  code and lonely exclude each other (only residents are shared)
  stops nothing in slot embed
lonely: no GPU memory declared
  lone memory
  lonely and code exclude each other (only residents are shared)

one engine of each slot may run, in any combination
chat   complete  embed
coder  filler    papers
resident beside all of them: memory
an engine without a slot excludes those in slots, except in a common Coven

lone stops coder, filler, papers
memory stops none
`,
  );
  const json = JSON.parse((await run(test, "covens", "--json")).stdout);
  deepStrictEqual(json.slots, { chat: ["coder"], complete: ["filler"], embed: ["papers"] });
  deepStrictEqual(json.covens[0].other_slots, ["embed"]);
  deepStrictEqual(json.stops.lone, ["coder", "filler", "papers"]);
  const list = JSON.parse((await run(test, "list", "--json")).stdout);
  deepStrictEqual(list.soulstones.map((s: { slot: string | null }) => s.slot), [
    ...["chat", "complete", null, null, "embed"],
  ]);
  match((await run(test, "list")).stdout, /\n {2}in code; slot chat; offers x; no metrics\n/);
  match((await run(test, "list")).stdout, /\n {2}slot embed; offers x; no metrics\n/);
});

Deno.test("covens shows no square of a single engine", async () => {
  await using test = cli().codex({ "soulstones/eye.toml": EYE });
  const { stdout } = await run(test, "covens");
  match(stdout, /\n {2}undeclared: eye\n\neye stops none\n$/);
});

Deno.test("explain shows that a conflict comes from a slot or from groups", async () => {
  const text = [
    tiny("a", 8700, 'groups = ["one"]', 'slot = "chat"'),
    tiny("b", 8701, 'slot = "chat"'),
    tiny("c", 8702, 'groups = ["two"]'),
  ];
  await using test = cli().codex({ "soulstones/all.toml": text.join("") });
  const { stdout } = await run(test, "explain", "a", "--json");
  const { lines } = JSON.parse(stdout) as { lines: { text: string; line: number }[] };
  deepStrictEqual(
    lines.filter(({ text }) => text.startsWith("Conflicts=")).map((l) => [l.text, l.line]),
    [
      ["Conflicts=soulstone-b.service", 7],
      ["Conflicts=soulstone-c.service", 6],
      ["Conflicts=lychd-coven-two.target", 6],
    ],
  );
});

Deno.test("covens prints lists where a matrix would be wider than 80 columns", async () => {
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

Deno.test("commands that show something write nothing", async () => {
  await using test = cli().codex(HOUSE);
  // Podman makes a folder for its storage.
  const before = test.listing("home/.config");
  for (const args of [["status"], ["logs", "eye"], ["plan", "eye"], ["list"], ["covens"]]) {
    await test.run(args);
  }
  deepStrictEqual(test.listing("home/.config"), before);
});

Deno.test("status, logs and summon refuse with a hint if nothing was rendered", async () => {
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

Deno.test("status, logs and summon refuse with a hint if there is no Codex", async () => {
  await using test = cli();
  const stderr = "lychd: there is no Codex at [DIR]/home/.config/lychd yet\nhint: lychd init\n";
  for (const args of [["status"], ["logs", "eye"], ["summon", "eye"]]) {
    await test.expect(args, { code: 1, stderr });
  }
});

Deno.test("commands that need systemd refuse with a hint if it does not answer", async () => {
  await using test = cli().codex(HOUSE);
  strictEqual((await test.run(RENDER)).code, 0);
  for (const args of [["status"], ["summon", "eye"], ["banish"], ["banish", "eye"]]) {
    const result = await run(test, ...args);
    // A machine without systemd has no systemctl either.
    if (result.stderr === "lychd: there is no systemctl\n") continue;
    deepStrictEqual(result, {
      code: 6,
      stdout: "",
      stderr: "lychd: the user's systemd does not answer (…)\n" +
        "hint: sudo loginctl enable-linger $USER, and log in again (not with su or sudo)\n",
    });
  }
});

Deno.test("banish refuses a capability", async () => {
  await using test = cli().codex(HOUSE);
  strictEqual((await test.run(RENDER)).code, 0);
  const result = await run(test, "banish", "ocr");
  if (result.stderr === "lychd: there is no systemctl\n") return;
  deepStrictEqual(result, {
    code: 2,
    stdout: "",
    stderr: "lychd: `ocr` is a capability, not a Coven or a Soulstone\n" +
      "hint: lychd list shows which Soulstones offer it\n",
  });
});

Deno.test("logs and banish accept a Soulstone with the name of a capability", async () => {
  await using test = cli().codex({ "soulstones/eye.toml": `${EYE}capabilities = ["eye"]\n` });
  strictEqual((await test.run(RENDER)).code, 0);
  for (const command of ["logs", "banish"]) {
    const { stderr } = await test.run([command, "eye"]);
    strictEqual(/hint: use .*:eye/.test(stderr), false, stderr);
    match(
      (await test.run([command, "capability:eye"])).stderr,
      /`eye` is a capability, not a Coven/,
    );
  }
  match((await test.run(["plan", "eye"])).stderr, /`eye` is a Soulstone and a capability/);
});

Deno.test("a Soulstone may have the name of a service or of an option, and no command mistakes it", async () => {
  const names = ["pod", "harvester", "vessel", "hold", "all"];
  const text = names.map((name, i) => tiny(name, 8700 + i)).join("");
  const codex = { "lychd.toml": "[harvester]\nenabled = true\n", "soulstones/all.toml": text };
  await using test = cli().codex(codex);
  strictEqual((await test.run(RENDER)).code, 0);
  for (const name of ["pod", "harvester"]) {
    await test.expect(["logs", name], {
      code: 2,
      stderr: `lychd: \`${name}\` is a Soulstone and a service\n` +
        `hint: use soulstone:${name} or service:${name}\n`,
    });
    for (const kind of ["soulstone", "service"]) {
      strictEqual(
        (await test.run(["logs", `${kind}:${name}`])).stderr.includes("hint: use"),
        false,
      );
    }
  }
  const { code, stderr } = await test.run(["explain", "harvester"]);
  strictEqual(code, 2);
  match(stderr, /hint: use soulstone:harvester or service:harvester\n/);
  match((await test.run(["explain", "service:harvester"])).stdout, /^Watcher=harvester$/m);
  for (const name of names) {
    match((await run(test, "plan", name)).stdout, new RegExp(`^ +start +${name}\\n`, "m"));
    const { stdout } = await test.run(["explain", `soulstone:${name}`]);
    match(stdout, new RegExp(`^Soulstone=${name}$`, "m"));
  }
});

Deno.test("plan only counts the warnings of the Codex", async () => {
  await using test = cli().codex({
    "soulstones/eye.toml": `${EYE}capabilities = ["ocr"]\nenv = { API_KEY = "x" }\n`,
  });
  strictEqual((await test.run(RENDER)).code, 0);
  const result = await run(test, "plan", "ocr");
  strictEqual(result.code, 0);
  strictEqual(result.stderr, "warning: the Codex has 1 warning\nhint: lychd check\n" + NO_SYSTEMD);
  match((await test.run(["check"])).stderr, /^warning\[secret-in-env\]/);
});

Deno.test("logs refuses a capability and an unknown name", async () => {
  await using test = cli().codex(HOUSE);
  strictEqual((await test.run(RENDER)).code, 0);
  await test.expect(["logs", "ocr"], {
    code: 2,
    stderr: "lychd: `ocr` is a capability, not a Coven or a Soulstone\n" +
      "hint: lychd list shows which Soulstones offer it\n",
  });
  await test.expect(["logs", "eys"], {
    code: 2,
    stderr: "lychd: there is no Coven, Soulstone or service `eys`\n" +
      "hint: did you mean `eye` (Soulstone)?\n",
  });
});

Deno.test("list marks engines without metrics", async () => {
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
