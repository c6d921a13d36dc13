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

/** Returns the page about other programs, with the counterpart of each of their settings. */
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

The rows for llama-swap and for units are results of the import itself. The Codices of the other rows
are compiled. A dash means that the setting cannot be carried over.

## llama-swap

llama-swap is a proxy that starts an engine for each request. In lychd [the Vessel](door.md), the
front door, does that, and systemd starts and stops the engines, which have addresses of their own
too. \`lychd summon\` starts a Coven (a group of engines that may run together). The field \`groups\` of each engine lists its Covens, and
\`lychd covens\` shows which engines a Coven stops. LocalAI's \`concurrency_groups\` are the opposite,
like the field \`slot\`: engines that share one may not run together.

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

The import report on stderr lists the settings that changed or could not be carried over, with line
and column. \`--all\` lists the others too. The same report is in comments above each Soulstone (an
engine). If a group of llama-swap unloads another one, which may start beside it, the engines of both
exclude each other: so they never need the memory of both. A group in common lets them run together.

\`lychd.toml\` enables the Vessel at \`http://127.0.0.1:8081/v1\`. llama-swap listens on port 8080 of
all addresses by default: to do the same, set \`port\` and \`bind_address\` of \`[vessel]\`; other
addresses than those of this host need keys. \`default_devices\` gives the GPUs to engines that were
programs of the host and found them by themselves.

In a configuration, \`\${env.NAME}\` is a variable of llama-swap: \`--env NAME=VALUE\` gives the import its
value.

Settings of a model:

${models}

Settings outside models, with the models \`a\`, \`b\` and \`c\`:

${tops}

Settings of later versions of llama-swap are reported as not carried over.

## Quadlet units

\`lychd import quadlet *.container\` reads units as Quadlet does, with their drop-ins. Import the
\`.volume\`, \`.image\`, \`.build\`, \`.artifact\` and \`.pod\` units that the containers use together
with them: they give names, folders and ports. All engines share one pod, so URLs and commands of the
host that name a container get its new address or name. A template needs an instance:
\`vllm@qwen.container\`.

${units}

Every other key of \`[Container]\`, \`[Service]\` and \`[Unit]\` goes to \`quadlet\`. The import report lists
the keys that would break what lychd relies on.

## ramalama

lychd imports the unit that ramalama writes for a model:

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

To write a Soulstone by hand, use the options of \`ramalama serve\`:

${ramalama}

## Compose

lychd does not import Compose files. Convert the file to units with a tool such as podlet and use
\`lychd import quadlet\`, or write a Soulstone for each service by hand:

${compose}
`;
}

/** A row: the setting, its counterpart and a remark. */
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
  return importLlamaSwap([fileOf("config.yaml", text)], new Map(), EMPTY_HOST);
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
  /** The line of the setting. */
  readonly line: number;
  /** True if the row shows the whole result and not only the difference. */
  readonly isWhole?: boolean;
}

/** Returns the row of one setting: its result, and the reasons in the import report. */
function importedRow(theirs: string, { before, after, line, isWhole = false }: Imports): Row {
  if (before.imported === undefined || after.imported === undefined) {
    throw new Error(`${theirs}: ${JSON.stringify(after.findings)}`);
  }
  const known = new Set(isWhole ? [] : valuesOf(before.imported));
  const added = valuesOf(after.imported).filter((value) => !known.has(value));
  const entries = after.imported.report.filter(({ place }) => place.start.line === line);
  if (entries.length === 0) throw new Error(`${theirs}: it is not in the import report`);
  const isLost = entries.some(({ outcome }) => outcome === "lost");
  const reasons = entries.filter((entry) => entry.why !== "")
    .map((entry) => isWhole ? `\`${entry.item}\`: ${entry.why}` : entry.why);
  const why = [...new Set(reasons)];
  // The name of a Soulstone alone is not a field.
  const places = [...new Set(entries.flatMap(({ to }) => to?.match(/(?<=\.).+/)?.[0] ?? []))];
  const ours = added.length > 0
    ? code(added)
    : isLost
    ? "—"
    : places.length > 0
    ? code(places)
    : why.length > 0
    ? ""
    : "the same without it";
  return [`\`${theirs}\``, ours, why.join("; ")];
}

/** Returns every value of an import after its path. */
function valuesOf(imported: NonNullable<ImportResult["imported"]>): string[] {
  const { soulstones, settings } = imported;
  const own = soulstones.flatMap(({ name, text }) =>
    // One Soulstone alone needs no name.
    valuesIn(text).map(({ table, line }) =>
      (soulstones.length === 1 ? table.slice(name.length + 1) : table) + line
    )
  );
  const ofHost = valuesIn(settings).map(({ table, line }) => table + line)
    // Every import of llama-swap enables it.
    .filter((value) => value !== "vessel.enabled = true");
  return [...own, ...ofHost];
}

/** Returns the lines of TOML that set a value, each with the path of its table. */
function valuesIn(text: string): { table: string; line: string }[] {
  let table = "";
  return text.split("\n").flatMap((line) => {
    const header = /^\[(.*)\]$/.exec(line)?.[1];
    if (header !== undefined) table = `${header}.`;
    return header !== undefined || line === "" || line.startsWith("#") ? [] : [{ table, line }];
  });
}

function code(values: readonly string[]): string {
  return values.map((value) => `\`${value}\``).join(", ");
}

/** Returns the row of a counterpart, and compiles its Codex. */
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
  const errors = findings.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new Error(`${theirs}: ${JSON.stringify(errors)}`);
  const names = theirs.split(", ").map((name) => `\`${name}\``).join(", ");
  return [names, lines.length === 0 ? "—" : code(lines), about];
}
