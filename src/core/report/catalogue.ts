/**
 * Every fault that lychd finds in a Codex, with a stable code: one place for all the words.
 *
 * A message states the rule and the present value; `means` explains the fault to somebody who
 * meets it for the first time. User text is always given through {@linkcode quoted}.
 */
import { didYouMean, suggestion } from "./nearest.ts";
import { printable, quoted } from "./printable.ts";

interface Text {
  readonly message: string;
  readonly hint?: string | undefined;
}

interface Entry<P> {
  readonly severity: "error" | "warning";
  readonly means: string;
  readonly text: (parameters: P) => Text;
}

function error<P>(means: string, text: (parameters: P) => Text): Entry<P> {
  return { severity: "error", means, text };
}

function warning<P>(means: string, text: (parameters: P) => Text): Entry<P> {
  return { severity: "warning", means, text };
}

type Nothing = Record<never, never>;

const NAME_RULE = "letters, digits, `-`, `_` and `.`, first a letter or digit, at most 64";

export const CATALOGUE = {
  // Files.
  "codex-missing": error(
    "The Codex folder does not exist or cannot be read as a folder.",
    (p: { folder: string; reason: string }) => ({
      message: `there is no Codex at ${quoted(p.folder)}: ${p.reason}`,
      hint: "`lychd init` writes a first one; --codex DIR names another folder",
    }),
  ),
  "codex-empty": error(
    "No file below soulstones/ defines a Soulstone, so there is nothing to run.",
    (p: { folder: string }) => ({
      message: `no Soulstone is defined below ${quoted(`${p.folder}/soulstones`)}`,
      hint: "`lychd add` writes a first one",
    }),
  ),
  "file-unreadable": error(
    "A Codex file exists but cannot be read: permissions, a link to nowhere, or a name, also of a " +
      "folder, that is not UTF-8 text.",
    (p: { reason: string; help?: string | undefined }) => ({
      message: `the file cannot be read: ${p.reason}`,
      hint: p.help ?? "check its owner and mode with: ls -lL FILE",
    }),
  ),
  "file-not-utf8": error(
    "TOML is UTF-8 text; the file holds bytes that are not.",
    (_: Nothing) => ({
      message: "the file is not UTF-8 text",
      hint: "convert it with: iconv -f latin1 -t utf-8 FILE",
    }),
  ),
  "file-too-large": error(
    "A Codex file is small text that a person writes; a very large one is a mistake.",
    (p: { limitKib: number }) => ({
      message: `the file has more than the ${p.limitKib} KiB that a Codex file may have`,
      hint: "is it really a Codex file? Long lists can be split over several files",
    }),
  ),
  "codex-too-large": error(
    "A Codex says what one host runs, in text that a person reads. Every Soulstone's unit names all " +
      "that it excludes, so a very large Codex would need much time and memory.",
    (p: { limit: string }) => ({
      message: `a Codex has at most ${p.limit}`,
      hint: "keep in it what this host runs; nothing else of it was judged",
    }),
  ),
  "toml-broken": error(
    "The file is not valid TOML; nothing of it was read.",
    (p: { problem: string }) => ({
      message: `broken TOML: ${printable(p.problem)}`,
      hint: "text stands in quotes, lists in [ ], one `key = value` on a line; see https://toml.io",
    }),
  ),

  // Shape.
  "soulstone-not-a-table": error(
    "A file below soulstones/ holds one table per Soulstone; a bare key belongs to none.",
    (p: { key: string }) => ({
      message: `${quoted(p.key)} is no table, and so no Soulstone`,
      hint: "every Soulstone is a table of its own: a line [NAME], then its fields",
    }),
  ),
  "field-unknown": error(
    "lychd refuses fields that it does not know, since a slip would else be lost in silence.",
    (p: { field: string; owner: string; known: readonly string[] }) => ({
      message: `unknown field ${quoted(p.field)} in ${p.owner}`,
      hint: suggestion(p.field, p.known, "fields"),
    }),
  ),
  "uri-set": error(
    "The uri of a Soulstone is always http://localhost:PORT/v1 and is computed from its port.",
    (p: { port: number | undefined }) => ({
      message: "`uri` cannot be set: it is computed from the port",
      hint: p.port === undefined
        ? "remove the line and set `port`"
        : `remove the line; the uri is http://localhost:${p.port}/v1`,
    }),
  ),
  "field-missing": error(
    "A field that has no default is not there.",
    (p: { field: string; owner: string; example: string | undefined }) => ({
      message: `${p.owner} has no \`${p.field}\``,
      hint: p.example === undefined ? undefined : `add a line such as: ${p.example}`,
    }),
  ),
  "type-wrong": error(
    "The value has another type than the field takes.",
    (p: { field: string; expected: string; actual: string }) => ({
      message: `${quoted(p.field)} takes ${p.expected}, not ${p.actual}`,
      hint: typeHint(p.field, p.expected),
    }),
  ),
  "value-invalid": error(
    "The value has the right type but is outside of what the field may hold.",
    (p: { field: string; rule: string }) => ({
      message: `${quoted(p.field)} must ${p.rule}`,
      hint: "change the value, or leave the line out for the default",
    }),
  ),

  // Names and values.
  "name-invalid": error(
    "The name of a Soulstone becomes part of a systemd unit's and a container's name.",
    (p: { value: string }) => ({
      message: `${quoted(p.value)} cannot be the name of a Soulstone`,
      hint: `a name has ${NAME_RULE}`,
    }),
  ),
  "group-invalid": error(
    "The name of a group becomes the name of its Coven's systemd target.",
    (p: { value: string }) => ({
      message: `${quoted(p.value)} cannot be the name of a group`,
      hint: `a group has ${NAME_RULE}`,
    }),
  ),
  "capability-invalid": error(
    "A capability is a tag that is written on the command line and into labels.",
    (p: { value: string }) => ({
      message: `${quoted(p.value)} cannot be a capability`,
      hint: `a capability has ${NAME_RULE}`,
    }),
  ),
  "port-invalid": error(
    "A TCP port is a whole number from 1 to 65535.",
    (p: { value: string }) => ({
      message: `${quoted(p.value)} is no port`,
      hint: "a port is a whole number from 1 to 65535; from 1024 on it needs no privilege",
    }),
  ),
  "engine-unknown": error(
    "The engine decides how port, model, health and metrics are set; lychd knows a fixed list.",
    (p: { value: string; known: readonly string[] }) => ({
      message: `unknown engine ${quoted(p.value)}`,
      hint: suggestion(p.value, p.known, "engines"),
    }),
  ),
  "image-invalid": error(
    "An image is named as in `podman pull`: [REGISTRY/]NAME[:TAG][@sha256:DIGEST].",
    (p: { value: string }) => ({
      message: `${quoted(p.value)} is no image name`,
      hint: "an example: docker.io/vllm/vllm-openai:v0.33.0",
    }),
  ),
  "device-invalid": error(
    "A device is a CDI name or a path below /dev. A leading `-` (“if it exists”) is tested as a " +
      "path by Podman, which therefore always leaves a CDI device out.",
    (p: { value: string }) => ({
      message: `${quoted(p.value)} is no device`,
      hint: p.value.startsWith("-")
        ? "without the `-`: Podman would always leave it out, and the engine would run on the CPU"
        : "a CDI name such as nvidia.com/gpu=0, or a path such as /dev/dri/renderD128",
    }),
  ),
  "volume-invalid": error(
    "A volume is SOURCE:TARGET[:OPTIONS]; Podman has no way to write a `:` inside a path.",
    (p: { value: string; problem: string }) => ({
      message: `${quoted(p.value)} is no volume: ${p.problem}`,
      hint: "examples: /srv/models:/models:ro, ~/models:/models:ro, my-cache:/root/.cache",
    }),
  ),
  "secret-invalid": error(
    "A secret is named as Podman's --secret takes it: NAME[,type=env,target=VARIABLE].",
    (p: { value: string; problem: string }) => ({
      message: `${quoted(p.value)} is no secret: ${p.problem}`,
      hint: "an example: hf-token,type=env,target=HF_TOKEN",
    }),
  ),
  "variable-invalid": error(
    "The name of an environment variable has letters, digits and `_`, first no digit.",
    (p: { value: string }) => ({
      message: `${quoted(p.value)} cannot be the name of an environment variable`,
      hint: "letters, digits and `_`, first no digit",
    }),
  ),
  "address-invalid": error(
    "Ports are published on one address of the host.",
    (p: { value: string }) => ({
      message: `${quoted(p.value)} is no IP address`,
      hint: "127.0.0.1 (the default) is reachable from this host only",
    }),
  ),
  "model-invalid": error(
    "A model is one word of the engine's command: a repository id, or a path in the container.",
    (p: { value: string }) => ({
      message: `${quoted(p.value)} is no model`,
      hint: "a repository id such as Qwen/Qwen3-8B, or a path such as /models/x.gguf",
    }),
  ),
  "pod-name-invalid": error(
    "The pod and its containers share one space of names in Podman.",
    (p: { value: string }) => ({
      message: `${quoted(p.value)} cannot be the name of the pod`,
      hint: `a name has ${NAME_RULE}, and is not that of a container of lychd`,
    }),
  ),
  "port-range-invalid": error(
    "`reserve_ports` publishes a range of ports ahead, written FIRST-LAST.",
    (p: { value: string }) => ({
      message: `${quoted(p.value)} is no range of ports`,
      hint: 'an example: "8780-8799", the first the smaller, at most 1000 ports',
    }),
  ),
  "health-path-invalid": error(
    "A health path is asked by HTTP on the Soulstone's own port.",
    (p: { value: string }) => ({
      message: `${quoted(p.value)} is no health path`,
      hint: "a path such as /health: first a slash, no spaces or quotes",
    }),
  ),
  "metrics-path-invalid": error(
    "A metrics path is asked by HTTP on the Soulstone's own port.",
    (p: { value: string }) => ({
      message: `${quoted(p.value)} is no metrics path`,
      hint: "a path such as /metrics: first a slash, no query, no spaces or quotes",
    }),
  ),
  "secret-name-invalid": error(
    "A secret is named here by the name that `podman secret create` gave it, and nothing else.",
    (p: { value: string }) => ({
      message: `${quoted(p.value)} is no name of a secret`,
      hint:
        "letters, digits, `_`, `.` and `-`, first a letter or digit; podman secret ls shows them",
    }),
  ),
  "duration-invalid": error(
    "A duration is written as Prometheus reads it: years, weeks, days and hours, in this order.",
    (p: { value: string }) => ({
      message: `${quoted(p.value)} is no duration`,
      hint: "examples: 12h, 15d, 1y6w",
    }),
  ),

  // Rules over several fields or files.
  "name-taken": error(
    "Two Soulstones have the same name, so their units would be one file.",
    (p: { name: string }) => ({
      message: `there is another Soulstone ${quoted(p.name)}`,
      hint: "give one of them another name, in all files below soulstones/",
    }),
  ),
  "port-taken": error(
    "The Port Singularity: every engine and watcher has a port of its own, even if they never " +
      "run together, since all live in one network namespace and sockets need time to cool down.",
    (p: { port: number; owner: string; free: number }) => ({
      message: `port ${p.port} is taken by ${p.owner}`,
      hint: `engines and watchers never share a port, also across Covens; ${p.free} is free`,
    }),
  ),
  "port-exposed": error(
    "A range of reserved ports is published as a whole, so no port in it can stay inside.",
    (p: { port: number; range: string }) => ({
      message: `port ${p.port} is not to be exposed, but lies in reserve_ports ${p.range}`,
      hint: "take a port outside of the range, or leave out `port_expose = false`",
    }),
  ),
  "coven-unknown": error(
    "A Coven is a group that at least one Soulstone names.",
    (p: { name: string; known: readonly string[] }) => ({
      message: `no Soulstone is in a group ${quoted(p.name)}`,
      hint: p.known.length === 0
        ? "no Soulstone has `groups` yet"
        : suggestion(p.name, p.known, "groups"),
    }),
  ),
  "volume-target-taken": error(
    "Podman refuses a container with two mounts at one path.",
    (p: { target: string }) => ({
      message: `there is another volume at ${quoted(p.target)}`,
      hint: "one path in the container has one source",
    }),
  ),
  "watcher-without-harvester": error(
    "The Scribe shows, and the GPU exporter feeds, what the Harvester holds.",
    (_: Nothing) => ({
      message: "it is enabled, but the Harvester is not",
      hint: "leave the line out, or enable the Harvester: [harvester] enabled = true",
    }),
  ),
  "scribe-closed": error(
    "Without a viewer who needs no login, and without a password for `admin`, Grafana is for nobody.",
    (_: Nothing) => ({
      message: "nobody could look at the Scribe: it has no `admin_password_secret` either",
      hint: "podman secret create scribe-admin -   and then   " +
        'admin_password_secret = "scribe-admin"',
    }),
  ),
  "scrape-config-invalid": error(
    "An entry of `extra_scrape_configs` goes into prometheus.yml; with a broken one Prometheus does " +
      "not start.",
    (p: { problem: string }) => ({
      message: `this is no scrape configuration: ${p.problem}`,
      hint: 'such as: { job_name = "node", static_configs = [{ targets = ["10.0.0.2:9100"] }] }',
    }),
  ),
  "metrics-nothing": error(
    "For an engine that exports no metrics, or none that lychd knows, it cannot guess where to ask.",
    (p: { engine: string }) => ({
      message: `\`metrics\` has no \`path\`, and ${p.engine} has no metrics that lychd knows of`,
      hint: 'for example: metrics = { path = "/metrics" }; or leave it out',
    }),
  ),
  "health-both": error(
    "Health is asked either by HTTP (`path`) or by a command (`cmd`).",
    (_: Nothing) => ({ message: "`health` has both `path` and `cmd`", hint: "keep one of them" }),
  ),
  "health-nothing": error(
    "For an engine that lychd does not know it cannot guess what to ask.",
    (_: Nothing) => ({
      message: "`health` has neither `path` nor `cmd`",
      hint: 'for example: health = { path = "/health" }',
    }),
  ),
  "exec-unbalanced": error(
    "`exec` as one string is split into words like a shell does; a quote was left open.",
    (_: Nothing) => ({
      message: "`exec` has a quote that is not closed",
      hint: "write it as a list of words, which needs no quoting",
    }),
  ),
  "exec-word-empty": error(
    "Quadlet drops an empty word of Exec= and every word after it.",
    (_: Nothing) => ({
      message: "`exec` has an empty word, which Quadlet cannot carry",
      hint: 'run it by a shell: exec = ["sh", "-c", "program \'\' …"]',
    }),
  ),
  "exec-word-semicolon": error(
    "systemd takes a word that is only `;` as the end of the command and refuses the unit.",
    (_: Nothing) => ({
      message: "`exec` has a word that is only `;`, which systemd cannot carry",
      hint: 'run it by a shell: exec = ["sh", "-c", "first; second"]',
    }),
  ),
  "exec-port-differs": error(
    "The engine would listen on another port than the one that is published and scraped.",
    (p: { flag: string; given: string | undefined; port: number }) => ({
      message: p.given === undefined
        ? `\`exec\` ends with ${p.flag}, without a value`
        : `\`exec\` sets ${p.flag} to ${quoted(p.given)}, but \`port\` is ${p.port}`,
      hint: `leave it out (lychd adds it), or write ${p.flag} {port}`,
    }),
  ),
  "text-unfit": error(
    "The value lands on one line of a unit file that has no quoting; some texts cannot stand there.",
    (p: { field: string; problem: string }) => ({
      message: `${quoted(p.field)} cannot be written into a unit: ${p.problem}`,
      hint: "change the value; what needs such text can often read it from a file (`volumes`)",
    }),
  ),
  "quadlet-group-unknown": error(
    "`quadlet` passes keys through to the sections that a .container file has.",
    (p: { value: string; known: readonly string[] }) => ({
      message: `unknown section ${quoted(p.value)} in \`quadlet\``,
      hint: suggestion(p.value, p.known, "sections"),
    }),
  ),
  "quadlet-key-unknown": error(
    "Quadlet refuses a unit with a key that it does not know; systemd then has no such service.",
    (p: { section: string; key: string; known: readonly string[] }) => ({
      message: `Quadlet knows no key ${quoted(p.key)} in [${p.section}]`,
      hint: didYouMean(p.key, p.known) ??
        'any option of `podman run` can be passed by PodmanArgs = ["--option=value"]',
    }),
  ),
  "quadlet-key-reserved": error(
    "The key carries a rule that lychd must be able to rely on.",
    (p: { section: string; key: string; why: string }) => ({
      message: `${p.section}.${p.key} cannot be set through \`quadlet\`: ${p.why}`,
      hint: "leave the line out",
    }),
  ),
  "rune-mismatch": error(
    "A bug in lychd: a rendered file, read back, has other lines than were meant.",
    (p: { rune: string; line: string }) => ({
      message: `the rendered ${quoted(p.rune)} does not say what it should: ${quoted(p.line)}`,
      hint: "nothing was written; please report this with the Codex that shows it",
    }),
  ),
  "unit-refused": error(
    "The Quadlet generator or systemd refuses a unit that lychd rendered. Nothing is written.",
    (p: { unit: string; problem: string }) => ({
      message: `${quoted(p.unit)} is refused: ${printable(p.problem)}`,
      hint: `lychd explain ${p.unit}`,
    }),
  ),

  // What is imported.
  "unit-broken": error(
    "A line of a unit that is neither a section, nor a comment, nor Key=value: Quadlet refuses every " +
      "unit of the folder then.",
    (_: Nothing) => ({
      message: "the line is neither a [Section], nor a comment, nor Key=value",
      hint: "an earlier line that goes on ends with a backslash; comments begin with `#` or `;`",
    }),
  ),
  "yaml-broken": error(
    "The file is not valid YAML; nothing of it was read.",
    (p: { problem: string }) => ({
      message: `broken YAML: ${printable(p.problem)}`,
      hint: "llama-swap would not read it either; see https://yaml.org",
    }),
  ),
  "llama-swap-invalid": error(
    "The file is YAML, but llama-swap itself would refuse it, so nobody knows what it means.",
    (p: { problem: string }) => ({
      message: printable(p.problem),
      hint: "mend it for llama-swap first: its config.example.yaml shows every setting",
    }),
  ),
  "import-kind": error(
    "`lychd import quadlet` reads Quadlet units, which are known by the endings of their names.",
    (p: { kinds: readonly string[] }) => ({
      message: "the file is no Quadlet unit",
      hint: `the name of a unit ends with ${p.kinds.map((kind) => `.${kind}`).join(", ")}`,
    }),
  ),
  "import-twice": error(
    "Two units with one name would be one Soulstone.",
    (p: { name: string; other: string }) => ({
      message: `${quoted(p.name)} is imported twice, the first time from ${quoted(p.other)}`,
      hint: "import them one after the other, each to a folder of its own",
    }),
  ),
  "import-too-large": error(
    "An import is read as a whole, with the drop-ins of its units, and becomes a Codex of one host.",
    (p: { limit: string }) => ({
      message: `an import reads at most ${p.limit}, drop-ins included`,
      hint: "import fewer units at a time, and look at what is in the folders of their drop-ins",
    }),
  ),
  "import-empty": error(
    "Nothing in the input can become a Soulstone.",
    (p: { what: string; help?: string }) => ({
      message: `nothing to import: ${printable(p.what)}`,
      hint: printable(p.help ?? "a Soulstone needs at least an image"),
    }),
  ),

  // Warnings.
  "entry-repeated": warning(
    "A list names the same thing twice; the second has no effect.",
    (p: { field: string; value: string }) => ({
      message: `${quoted(p.value)} stands twice in \`${p.field}\``,
    }),
  ),
  "secret-in-env": warning(
    "A unit file is plain text: a secret in it ends up in backups and bug reports.",
    (p: { variable: string; secret: string }) => ({
      message: `${quoted(p.variable)} looks like a secret, and would stand in a unit file`,
      hint: `podman secret create ${p.secret} -   and then   ` +
        `secrets = ["${p.secret},type=env,target=${p.variable}"]`,
    }),
  ),
  "device-none": warning(
    "The engine is made for a GPU, and none is passed to it.",
    (p: { engine: string }) => ({
      message: `${p.engine} is given no device and would find no GPU`,
      hint: 'in lychd.toml: [gpu] default_devices = ["nvidia.com/gpu=all"]; or devices = [] here ' +
        "if that is meant",
    }),
  ),
  "bind-everywhere": warning(
    "Engines have no password by default; on another address than loopback everybody may use them.",
    (p: { address: string }) => ({
      message: `ports are published on ${p.address}: reachable from other machines, without a key`,
      hint: "127.0.0.1 keeps them on this host",
    }),
  ),
  "port-not-told": warning(
    "All containers share one network namespace, so each must listen on its own port; lychd does " +
      "not know how to tell this image.",
    (p: { port: number }) => ({
      message: `nothing tells this engine to listen on port ${p.port}`,
      hint: `put {port} into \`exec\`, or the number into \`env\`, such as PORT = "${p.port}"`,
    }),
  ),
  "model-none": warning(
    "The engine does not start without a model.",
    (p: { engine: string }) => ({
      message: `${p.engine} is given no \`model\``,
      hint: 'add a line such as: model = "Qwen/Qwen3-8B"',
    }),
  ),
  "model-unused": warning(
    "An `exec` that begins with a word and not with a flag is the whole command, model included.",
    (_: Nothing) => ({
      message: "`model` is not used: `exec` begins with a word, so it is the whole command",
      hint: "let `exec` begin with a flag, or leave out `model`",
    }),
  ),
  "exec-repeats-entrypoint": warning(
    "The image's entrypoint runs before the words of `exec`; naming it again breaks the command.",
    (p: { word: string; entrypoint: string }) => ({
      message: `\`exec\` begins with ${quoted(p.word)}, which the image itself already runs`,
      hint: `the official image runs \`${p.entrypoint}\`; begin with the word behind it`,
    }),
  ),
  "metrics-need-key": warning(
    "llama.cpp shows its metrics only to who has the key; the Harvester would be refused.",
    (_: Nothing) => ({
      message: "the engine asks for a key, also for its metrics, and the Harvester has none",
      hint: "podman secret create NAME -   and then   " +
        'metrics = { secret = "NAME" }; or metrics = { enabled = false }',
    }),
  ),
  "shm-small": warning(
    "Engines that run over several GPUs talk through shared memory.",
    (p: { engine: string; actualMib: number; neededMib: number }) => ({
      message: `shm_size_mib is ${p.actualMib}; ${p.engine} asks for ${p.neededMib}`,
      hint: "it is an upper limit, not a reservation",
    }),
  ),
  "quadlet-key-new": warning(
    "The key came with a newer Podman than the oldest that lychd works with.",
    (p: { section: string; key: string; since: string }) => ({
      message: `[${p.section}] ${p.key} needs Podman ${p.since}; an older one refuses the unit`,
    }),
  ),
  "directive-unknown": warning(
    "systemd ignores directives that it does not know, and says so only in the journal.",
    (p: { section: string; key: string; known: readonly string[] }) => ({
      message: `systemd 257 knows no ${quoted(p.key)} in [${p.section}] and may ignore it`,
      hint: didYouMean(p.key, p.known),
    }),
  ),
  "directive-ignored": warning(
    "systemd reads the rest of the unit but ignores a value that it cannot parse.",
    (p: { unit: string; problem: string }) => ({
      message: `systemd ignores a line of ${quoted(p.unit)}: ${printable(p.problem)}`,
    }),
  ),
} as const;

/** A line that has the type which a field takes. */
function typeHint(field: string, expected: string): string {
  const [name = ""] = field.slice(field.lastIndexOf(".") + 1).split("[", 1);
  const value = expected.startsWith("a list") || field.includes("[")
    ? '["…"]'
    : expected.startsWith("a whole number")
    ? "10"
    : expected.startsWith("true")
    ? "true"
    : expected.startsWith("a table")
    ? '{ … = "…" }'
    : '"…"';
  // A key that is not bare stands in quotes.
  const key = /^[\w-]+$/.test(name) ? name : printable(JSON.stringify(name));
  return `such as: ${key} = ${value}`;
}

/** The stable name of a fault. */
export type Code = keyof typeof CATALOGUE;

/** What the text of a fault needs to be filled in. */
export type Parameters<C extends Code> = (typeof CATALOGUE)[C] extends Entry<infer P> ? P : never;
