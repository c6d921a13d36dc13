import { EMPTY_HOST } from "../../src/core/import/empty_host.ts";
import { importLlamaSwap, importQuadlet, type ImportResult } from "../../src/core/import/mod.ts";
import {
  COMPOSE,
  type Counterpart,
  MODEL_CMD,
  MODEL_SETTINGS,
  RAMALAMA,
  TOP_SETTINGS,
  UNIT_LINES,
} from "./coming_from_examples.ts";
import { SOULSTONE } from "./field_examples.ts";
import { judge } from "./judge.ts";

/** The page for those who have something else: what each of its settings is in a Codex. */
export async function comingFromPage(): Promise<string> {
  const [models, tops, units, ramalama, compose] = await Promise.all([
    table("llama-swap", MODEL_SETTINGS.map(modelRow)),
    table("llama-swap", TOP_SETTINGS.map(topRow)),
    table("unit", UNIT_LINES.map(unitRow)),
    table("ramalama", RAMALAMA.map(counterpartRow)),
    table("Compose", COMPOSE.map(counterpartRow)),
  ]);
  return `# Coming from llama-swap, ramalama or Compose

<!-- Made by \`deno task docs\` from tools/docs/coming_from_examples.ts and the import itself. -->

The rows for llama-swap and for units are what the import itself makes of them; of the others every
Codex was compiled. A dash is what cannot be carried over.

## llama-swap

llama-swap is a proxy that starts what a request asks for. lychd has systemd start and stop engines,
and no proxy: each engine has an address of its own, and you say by \`lychd summon\` which Coven runs.
What runs together is written once, in \`groups\` of each engine, and \`lychd covens\` shows who stops
whom. LocalAI's \`concurrency_groups\` mean the contrary: who shares one of those may not run together.

\`\`\`yaml config.yaml
healthCheckTimeout: 1800
models:
  coder:
    cmd: |
      llama-server --port \${PORT}
      --model /srv/models/qwen3-coder-30b.gguf --ctx-size 32768
    ttl: 600
  chatter:
    cmd: |
      podman run --rm --gpus all -p \${PORT}:8000 -v \${env.HOME}/models:/models
      vllm/vllm-openai:v0.33.0 --model /models/Qwen3-8B
    aliases: [gpt-4o]
  embedder:
    cmd: llama-server --port \${PORT} -m /srv/models/nomic-embed.gguf --embeddings
groups:
  work:
    swap: false
    exclusive: true
    members: [coder, embedder]
\`\`\`

\`\`\`console
$ lychd import llama-swap config.yaml --output from-llama-swap
…
$ lychd check --codex from-llama-swap
…
the Codex is valid: 3 Soulstones, 1 Coven
\`\`\`

The account of what changed and what could not be carried over is on stderr, with line and column,
and stands above each Soulstone; \`--all\` tells of the rest too. \`lychd check\` then tells what
containers need that programs of the host did not: here a GPU, for all by
\`[gpu] default_devices = ["nvidia.com/gpu=all"]\` in \`lychd.toml\`.

A model:

${models}

Beside models, here \`a\`, \`b\` and \`c\`:

${tops}

A setting that llama-swap gets in a later version is told as not carried over, too.

## Quadlet units

\`lychd import quadlet *.container\` reads units as Quadlet does, with their drop-ins; \`.volume\`,
\`.image\` and \`.pod\` beside them lend what containers take.

${units}

Every other key of \`[Container]\`, \`[Service]\` and \`[Unit]\` goes to \`quadlet\`, unless it would break
what lychd relies on; the account says which.

## ramalama

ramalama writes a unit for a model, and lychd reads that:

\`\`\`console host
$ ramalama serve --name granite --generate quadlet granite
\`\`\`

\`\`\`ini granite.container
[Unit]
Description=RamaLama granite AI Model Service
After=local-fs.target

[Container]
AddDevice=-/dev/dri
AddDevice=nvidia.com/gpu=all
Exec=llama-server --port 8080 --model /mnt/models/model.file --ctx-size 8192
Image=quay.io/ramalama/cuda:0.24
Mount=type=bind,src=/srv/ramalama/granite.gguf,target=/mnt/models/model.file,ro,Z
ContainerName=granite
PublishPort=8080

[Install]
WantedBy=multi-user.target default.target
\`\`\`

\`\`\`console
$ lychd import quadlet granite.container --output from-ramalama
…
$ lychd check --codex from-ramalama
…
the Codex is valid: 1 Soulstone, 1 Coven
\`\`\`

By hand, from the options of \`ramalama serve\`:

${ramalama}

## Compose

There is no import. A tool such as podlet makes units of a Compose file, which \`lychd import quadlet\`
reads; or by hand, a Soulstone for each service:

${compose}
`;
}

/** A row: theirs, ours, and what there is to say. */
type Row = readonly [theirs: string, ours: string, about: string];

async function table(title: string, rows: readonly Promise<Row>[]): Promise<string> {
  const lines = (await Promise.all(rows)).map((row) => `| ${row.map(cell).join(" | ")} |`);
  return [`| ${title} | Codex | |`, "| --- | --- | --- |", ...lines].join("\n");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

async function modelRow(setting: string): Promise<Row> {
  const isCommand = setting.startsWith("cmd:");
  const base = `models:\n  eye:\n    cmd: ${MODEL_CMD}\n`;
  const [before, after] = await Promise.all([
    importSwap(base),
    importSwap(isCommand ? `models:\n  eye:\n    ${setting}\n` : `${base}    ${setting}\n`),
  ]);
  return importedRow(setting, { before, after, line: isCommand ? 3 : 4, isWhole: isCommand });
}

async function topRow(setting: string): Promise<Row> {
  const cmd = (name: string) => `  ${name}: {cmd: 'llama-server --port \${PORT} -m /m/${name}'}\n`;
  const base = `models:\n${["a", "b", "c"].map(cmd).join("")}`;
  const [before, after] = await Promise.all([importSwap(base), importSwap(base + setting)]);
  return importedRow(setting, { before, after, line: 5 });
}

function importSwap(text: string): Promise<ImportResult> {
  return importLlamaSwap(fileOf("config.yaml", text), new Map(), EMPTY_HOST);
}

async function unitRow([section, line]: readonly [string, string]): Promise<Row> {
  const isImage = line.startsWith("Image=");
  const base = isImage ? "" : "[Container]\nImage=docker.io/vllm/vllm-openai:v0.33.0\n";
  const nothing = "[Container]\nImage=docker.io/vllm/vllm-openai:v0.33.0\n";
  const [before, after] = await Promise.all([
    importUnit(nothing),
    importUnit(`${base}[${section}]\n${line}\n`),
  ]);
  const title = section === "Container" ? line : `[${section}] ${line}`;
  return importedRow(title, { before, after, line: isImage ? 2 : 4, isWhole: isImage });
}

function importUnit(text: string): Promise<ImportResult> {
  const file = fileOf("eye.container", text);
  return importQuadlet([{ file, folder: "/etc/units", dropIns: [] }], EMPTY_HOST);
}

function fileOf(path: string, text: string) {
  return { path, bytes: new TextEncoder().encode(text) };
}

interface Imports {
  readonly before: ImportResult;
  readonly after: ImportResult;
  /** Where the setting stands. */
  readonly line: number;
  /** Whether all that comes of it is shown, and not only what is new. */
  readonly isWhole?: boolean;
}

/** What the import makes of one setting, and what its account says. */
function importedRow(theirs: string, { before, after, line, isWhole = false }: Imports): Row {
  if (before.imported === undefined || after.imported === undefined) {
    throw new Error(`${theirs}: ${JSON.stringify(after.findings)}`);
  }
  const known = new Set(isWhole ? [] : valuesOf(before.imported));
  const news = valuesOf(after.imported).filter((value) => !known.has(value));
  const notes = after.imported.report.filter(({ place }) => place.start.line === line);
  if (notes.length === 0) throw new Error(`${theirs}: the account says nothing of it`);
  const isLost = notes.some(({ outcome }) => outcome === "lost");
  const told = notes.filter((note) => note.why !== "")
    .map((note) => isWhole ? `\`${note.item}\`: ${note.why}` : note.why);
  const why = [...new Set(told)];
  // The name of a Soulstone alone is no field.
  const places = [...new Set(notes.flatMap(({ to }) => to?.match(/(?<=\.).+/)?.[0] ?? []))];
  const ours = news.length > 0
    ? code(news)
    : isLost
    ? "—"
    : places.length > 0
    ? code(places)
    : why.length > 0
    ? ""
    : "the same without it";
  return [`\`${theirs}\``, ours, why.join("; ")];
}

/** Every value of an import, behind its path. */
function valuesOf(imported: NonNullable<ImportResult["imported"]>): string[] {
  const { soulstones, bootCoven } = imported;
  const own = soulstones.flatMap(({ name, text }) => {
    let table = "";
    return text.split("\n").flatMap((line) => {
      const header = /^\[(.*)\]$/.exec(line)?.[1];
      if (header !== undefined) {
        table = `${header}.`;
        return [];
      }
      if (line === "" || line.startsWith("#")) return [];
      // One Soulstone alone needs no name.
      const path = soulstones.length === 1 ? table.slice(name.length + 1) : table;
      return [`${path}${line}`];
    });
  });
  return bootCoven === undefined ? own : [...own, `boot_coven = "${bootCoven}"`];
}

function code(values: readonly string[]): string {
  return values.map((value) => `\`${value}\``).join(", ");
}

/** What is the same in a Codex, which is compiled to see that it is right. */
async function counterpartRow({ theirs, fields = {}, about = "" }: Counterpart): Promise<Row> {
  const isSetting = (path: string) => path.startsWith("sepulcher.");
  const lines = Object.entries(fields).map(([path, value]) => `${path} = ${value}`);
  const soulstone: Record<string, string> = { ...SOULSTONE, devices: '["nvidia.com/gpu=all"]' };
  for (const [path, value] of Object.entries(fields)) {
    if (!isSetting(path)) soulstone[path] = value;
  }
  const { findings } = await judge({
    "lychd.toml": lines.filter(isSetting).join("\n"),
    "soulstones/eye.toml": "[eye]\n" +
      Object.entries(soulstone).map(([path, value]) => `${path} = ${value}\n`).join(""),
  });
  const faults = findings.filter(({ severity }) => severity === "error");
  if (faults.length > 0) throw new Error(`${theirs}: ${JSON.stringify(faults)}`);
  const names = theirs.split(", ").map((name) => `\`${name}\``).join(", ");
  return [names, lines.length === 0 ? "—" : code(lines), about];
}
