/** Tests of `lychd pull` with a simulated Podman; `tests/lab` has those with the real one. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { runCommand } from "../../src/commands/run.ts";
import { HostError } from "../../src/host/host.ts";
import { findPrograms } from "../../src/run/programs.ts";
import { foldersOfHome } from "../../src/testing/folders_of_home.ts";
import { memoryContext } from "../../src/testing/memory_context.ts";
import { memoryHost } from "../../src/testing/memory_host.ts";
import { cli, EYE, SAGE } from "./cli.ts";

const VLLM = "docker.io/vllm/vllm-openai:v0.33.0";
const OCR = "localhost/ocr:1";
const HARVESTER = "docker.io/prom/prometheus:v3.13.2";
const SCRIBE = "docker.io/grafana/grafana:13.2.3";

const OCR_ENGINE = `[ocr]
image = "${OCR}"
port = 8790
exec = ["--port", "{port}"]
groups = ["vision"]
health = { path = "/health" }
devices = []
`;

const NOT_RENDERED = "warning: nothing was rendered yet\n" +
  "hint: lychd render --dry-run shows the changes, lychd render applies them\n";
const OCR_LEFT_OUT =
  "lychd: ocr: no model is downloaded: lychd does not know how its engine downloads models\n";

/** A simulated Podman: its images, and the exit codes of `pull` and `run` other than 0. */
interface Podman {
  readonly images?: readonly string[];
  readonly codes?: Readonly<Record<string, number>>;
  /** True if it does not answer when it is asked for sizes. */
  readonly isHung?: boolean;
  /** Ctrl-C while this image or model is downloaded. */
  readonly interruptedAt?: string;
}

async function pull(
  { images = [], codes = {}, isHung = false, interruptedAt }: Podman,
  { wish = [], dryRun = false, json = false }: {
    readonly wish?: readonly string[];
    readonly dryRun?: boolean;
    readonly json?: boolean;
  } = {},
) {
  const present = new Set(images);
  const interruption = new AbortController();
  const calls: string[] = [];
  const files = { "soulstones/all.toml": EYE + SAGE + OCR_ENGINE };
  const folders = foldersOfHome("/home");
  const host = memoryHost(
    Object.fromEntries(
      Object.entries(files).map(([path, text]) => [`${folders.codex}/${path}`, text]),
    ),
    (_, args) => {
      const [command = "", ...words] = args;
      const done = (code: number, stdout = "") =>
        Promise.resolve({ code, stdout, stderr: code === 125 ? "Error: not found\n" : "" });
      if (isHung && words[0] === "inspect") throw new HostError("timeout", "podman", "no answer");
      if (command === "image") {
        return words[0] === "exists"
          ? done(present.has(words.at(-1) ?? "") ? 0 : 1)
          : done(0, "9800000000\n".repeat(words.length - 3));
      }
      const subject = command === "run"
        ? words[words.indexOf("download") + 1] ?? ""
        : words.at(-1) ?? "";
      calls.push(`${command} ${subject}`);
      if (subject === interruptedAt) interruption.abort();
      const code = subject === interruptedAt ? 1 : codes[subject] ?? 0;
      if (command === "pull" && code === 0) present.add(subject);
      return done(code);
    },
  );
  const output = { out: "", err: "" };
  const context = memoryContext(output, {
    host,
    folders,
    interruption: interruption.signal,
    programs: { ...findPrograms(() => false), podman: "/podman" },
  });
  const invocation = { command: "pull", wish, dryRun, json } as const;
  const code = await runCommand(invocation, context);
  return { code, ...output, calls };
}

const MODEL = "Qwen/Qwen3-VL-8B-Instruct";

Deno.test("pull downloads what is missing, images first, and continues after a failure", async () => {
  deepStrictEqual(await pull({ images: [HARVESTER], codes: { [SCRIBE]: 125 } }), {
    code: 6,
    out: `IMAGE OR MODEL                      STATE          SIZE    USED BY
${HARVESTER}   already there  9.8 GB  harvester
${SCRIBE}    failed                 scribe
${VLLM}  pulled         9.8 GB  eye, sage
${OCR}                     failed                 ocr
${MODEL}           complete               eye, sage
`,
    err: NOT_RENDERED + "Error: not found\n" + `downloading the model ${MODEL}\n` + OCR_LEFT_OUT +
      `lychd: ${SCRIBE} was not downloaded: podman pull ended with status 125: Error: not found\n` +
      `lychd: ${OCR} was not downloaded: no registry has it; podman build --tag ${OCR} . makes it\n` +
      "hint: the messages above show why; lychd pull tries it again\n",
    calls: [`pull ${SCRIBE}`, `pull ${VLLM}`, `run ${MODEL}`],
  });
});

Deno.test("pull --dry-run downloads nothing", async () => {
  deepStrictEqual(await pull({ images: [VLLM] }, { dryRun: true, wish: ["eye"] }), {
    code: 0,
    out: `IMAGE OR MODEL                      STATE          SIZE    USED BY
${VLLM}  already there  9.8 GB  eye
${MODEL}           not checked            eye
`,
    err: NOT_RENDERED,
    calls: [],
  });
});

Deno.test("without sizes the rest is printed", async () => {
  const { code, out } = await pull({ images: [OCR], isHung: true }, { wish: ["ocr"] });
  deepStrictEqual([code, out.split("\n")[1]], [0, `${OCR}  already there        ocr`]);
});

Deno.test("a wish selects the engines that a summon would start", async () => {
  const everywhere = { images: [VLLM, OCR] };
  deepStrictEqual((await pull(everywhere, { wish: ["ocr"] })).calls, []);
  deepStrictEqual((await pull(everywhere, { wish: ["vision"] })).calls, [`run ${MODEL}`]);
});

Deno.test("after an interrupt nothing else is downloaded, and the next run continues", async () => {
  const { code, out, err, calls } = await pull(
    { images: [OCR], interruptedAt: VLLM },
    { wish: ["vision"] },
  );
  strictEqual(code, 130);
  match(out, /vllm-openai\S+ +not finished +eye\n[^]*Instruct +not finished +eye\n/);
  match(err, /lychd: interrupted; what is finished stays\nhint: lychd pull vision continues\n$/);
  deepStrictEqual(calls, [`pull ${VLLM}`]);
});

Deno.test("the container of an interrupted model is removed", async () => {
  const { code, calls } = await pull({ images: [VLLM], interruptedAt: MODEL }, { wish: ["eye"] });
  deepStrictEqual([code, calls], [130, [`run ${MODEL}`, "rm lychd-pull-1"]]);
});

const FAILED_MODELS: readonly (readonly [code: number, why: string])[] = [
  [127, "its image has no hf; the engine downloads it at its first start"],
  [1, "hf ended with status 1"],
];

for (const [exit, why] of FAILED_MODELS) {
  Deno.test(`a model that is not downloaded is a failure: ${why}`, async () => {
    const { code, err } = await pull({ images: [VLLM], codes: { [MODEL]: exit } }, {
      wish: ["eye"],
    });
    strictEqual(code, 6);
    match(err, new RegExp(`\nlychd: ${MODEL} was not downloaded: ${why}\nhint: `));
  });
}

Deno.test("pull --json prints the same as one JSON object", async () => {
  const { code, out } = await pull({ codes: { [VLLM]: 125 }, images: [OCR] }, {
    wish: ["vision"],
    json: true,
  });
  strictEqual(code, 6);
  deepStrictEqual(JSON.parse(out), {
    images: [
      {
        image: VLLM,
        used_by: ["eye"],
        state: "failed",
        size_bytes: null,
        error: "podman pull ended with status 125: Error: not found",
      },
      { image: OCR, used_by: ["ocr"], state: "present", size_bytes: 9_800_000_000 },
    ],
    models: [{
      model: MODEL,
      used_by: ["eye"],
      state: "failed",
      error: `Podman does not have the image ${VLLM}`,
    }],
    left_out: [{
      soulstone: "ocr",
      why: "lychd does not know how its engine downloads models",
    }],
    source: "codex",
    differences: ["nothing was rendered yet"],
  });
});

Deno.test("pull refuses an unknown wish, and a Codex with errors that was never rendered", async () => {
  await using test = cli().codex({ "soulstones/eye.toml": EYE });
  await test.expect(["pull", "eyes"], {
    code: 2,
    stderr: NOT_RENDERED + "lychd: there is no Coven, Soulstone or capability `eyes`\n" +
      "hint: did you mean `eye` (Soulstone)?\n",
  });
  await using broken = cli().codex({ "soulstones/eye.toml": EYE.replace("8780", "0") });
  const { code, stderr } = await broken.run(["pull"]);
  strictEqual(code, 3);
  match(stderr, /error\[port-invalid\]/);
});

Deno.test("pull refuses a Codex that another user can change: it decides what runs", async () => {
  await using test = cli().codex({ "soulstones/eye.toml": EYE });
  const place = `${test.config}/lychd/soulstones/eye.toml`;
  Deno.chmodSync(place, 0o666);
  const { code, stderr } = await test.run(["pull"]);
  strictEqual(code, 1, stderr);
  match(stderr, /eye\.toml is writable by everyone, and the Codex decides what runs as you/);
});
