/**
 * All problems that lychd reports in a Codex or an import, each with a stable code.
 *
 * `means` explains the problem in docs/errors.md. User text in a message goes through
 * {@linkcode quoted}.
 */
import { didYouMean, nearest, suggestion } from "./nearest.ts";
import { printable, quoted } from "./printable.ts";
import { isSecretName, maskWords } from "./secrets.ts";

/** The message and hint of a finding. */
export type Text = readonly [message: string, hint?: string | undefined];

/** The reason why a setting is refused, and what to use instead. */
interface Reserved {
  readonly why: string;
  readonly instead?: string | undefined;
}

interface Entry<P> {
  readonly severity: "error" | "warning";
  readonly means: string;
  readonly text: (parameters: P) => Text;
}

/** The parameters of a template: the names in `{{…}}`. */
type Values<T extends string> = T extends `${string}{{${infer Name}}}${infer Rest}`
  ? { readonly [N in Name]: string | number } & Values<Rest>
  : unknown;

/** Fills a template. User text must be in backticks: `{{…}}` is then also shortened. */
function fill(template: string, values: unknown): string {
  const value = (name: string) => String((values as Readonly<Record<string, unknown>>)[name]);
  return template.replace(
    /`\{\{(\w+)\}\}`|\{\{(\w+)\}\}/g,
    (_, user, own) => user === undefined ? printable(value(own)) : quoted(value(user)),
  );
}

function entry<P>(severity: Entry<P>["severity"], means: string, text: Entry<P>["text"]): Entry<P> {
  return { severity, means, text };
}

function error<M extends string, H extends string>(means: string, message: M, hint: H) {
  return entry<Values<M> & Values<H>>("error", means, (p) => [fill(message, p), fill(hint, p)]);
}

function warning<M extends string, H extends string>(means: string, message: M, hint?: H) {
  return entry<Values<M> & Values<H>>(
    "warning",
    means,
    (p) => [fill(message, p), hint === undefined ? undefined : fill(hint, p)],
  );
}

/** An error about a name that is not in the list of `known` names. */
function unknown<M extends string>(means: string, message: M, noun: string) {
  return entry<Values<M> & { readonly value: string; readonly known: readonly string[] }>(
    "error",
    means,
    (p) => [fill(message, p), suggestion(p.value, p.known, noun)],
  );
}

/** An error about the format of one value. */
function invalid(noun: string, means: string, hint: string): Entry<{ readonly value: string }> {
  return entry("error", means, ({ value }) => [`${quoted(value)} is not a valid ${noun}`, hint]);
}

const NAME_HINT =
  "use at most 64 letters, digits, `-`, `_` and `.`, and start with a letter or digit";

const KEY_HINT =
  "(umask 077; openssl rand -hex 32 | tee key.txt | tr -d '\\n' | sha256sum)   and set   [vessel.keys] " +
  'NAME = "sha256:..."';

export const CATALOGUE = {
  // Files.
  "codex-missing": error(
    "The Codex folder does not exist, or it is not a readable folder.",
    "no Codex at `{{folder}}`: {{reason}}",
    "create one with `lychd init`, or name another folder with --codex DIR",
  ),
  "codex-empty": error(
    "No file below `soulstones/` defines a Soulstone (an inference engine).",
    "no Soulstone is defined below soulstones/ in `{{folder}}`",
    "create one with `lychd add`",
  ),
  "file-unreadable": entry(
    "error",
    "A file cannot be read: no permission, a broken symlink, or a name that is not UTF-8.",
    (p: { reason: string; help?: string | undefined }) => [
      `cannot read the file: ${p.reason}`,
      p.help ?? "check owner and mode with: ls -lL FILE",
    ],
  ),
  "file-not-utf8": error(
    "TOML files are UTF-8 text. This file contains other bytes.",
    "the file is not valid UTF-8",
    "convert it with: iconv -f latin1 -t utf-8 FILE",
  ),
  "file-too-large": error(
    "The size of a Codex file is limited, because lychd keeps it in memory.",
    "the file is larger than the limit of {{limitKib}} KiB",
    "split it into several files, or remove it if it is not a Codex file",
  ),
  "codex-too-large": error(
    "The size of a Codex is limited: each unit names all Soulstones that it excludes.",
    "the Codex exceeds the limit of {{limit}}",
    "keep only the Soulstones of this host; other rules were not checked",
  ),
  "toml-broken": error(
    "The file is not valid TOML. lychd did not read any of it.",
    "invalid TOML: {{problem}}",
    "put strings in quotes, lists in [ ], and one `key = value` on each line; see https://toml.io",
  ),

  // Shape.
  "soulstone-not-a-table": error(
    "A file below `soulstones/` contains one table for each Soulstone, and no other keys.",
    "`{{key}}` is not a table, so it cannot define a Soulstone",
    "start each Soulstone with a line [NAME], followed by its fields",
  ),
  "field-unknown": unknown(
    "lychd refuses unknown fields, so that typos are not silently ignored.",
    "unknown field `{{value}}` in {{owner}}",
    "fields",
  ),
  "uri-set": error(
    "The URI of a Soulstone is computed from its port.",
    "`uri` cannot be set: it is always http://localhost:PORT/v1",
    "remove the line, and set `port`",
  ),
  "field-missing": error(
    "A required field is missing.",
    "{{owner}} has no `{{field}}`",
    "add a line such as: {{example}}",
  ),
  "type-wrong": entry(
    "error",
    "The value has the wrong type.",
    (p: { field: string; expected: string; actual: string; meant?: string | undefined }) => [
      `${quoted(p.field)} must be ${p.expected}, not ${p.actual}`,
      typeHint(p.field, p.expected, p.meant),
    ],
  ),
  "value-invalid": error(
    "The value has the right type but is outside of the allowed range.",
    "`{{field}}` must {{rule}}",
    "change the value, or remove the line to use the default",
  ),

  // Names and values.
  "name-invalid": invalid(
    "name of a Soulstone",
    "The name of a Soulstone becomes part of the names of its systemd unit and its container.",
    NAME_HINT,
  ),
  "group-invalid": invalid(
    "name of a group",
    "The name of a group becomes part of the name of a systemd target. `none` is reserved, " +
      'because `idle_coven = "none"` stops all engines.',
    `${NAME_HINT}; \`none\` is reserved`,
  ),
  "slot-invalid": invalid(
    "name of a slot",
    "The name of a slot is written to the units.",
    NAME_HINT,
  ),
  "capability-invalid": invalid(
    "capability",
    "Capabilities appear on the command line and in container labels.",
    NAME_HINT,
  ),
  "alias-invalid": invalid(
    "alias",
    "An alias is a model name as clients send it, such as `gpt-4o` or `qwen/qwen3:8b`.",
    "use at most 256 letters, digits and characters of `._-/:@+`, and start with a letter or digit",
  ),
  "port-invalid": invalid(
    "port",
    "A TCP port is a whole number from 1 to 65535.",
    "use a whole number from 1 to 65535; ports below 1024 need privileges",
  ),
  "engine-unknown": unknown(
    "The engine profile sets port, model, health and metrics. lychd has a fixed list of profiles.",
    "unknown engine `{{value}}`",
    "engines",
  ),
  "image-invalid": invalid(
    "image name",
    "An image is named as for `podman pull`: `[REGISTRY/]NAME[:TAG][@sha256:DIGEST]`.",
    "for example: docker.io/vllm/vllm-openai:v0.33.0",
  ),
  "device-invalid": entry(
    "error",
    "A device is a CDI name or a path below `/dev`. A leading `-` (optional device) is not supported " +
      "for CDI: Podman would always leave the device out.",
    (p: { value: string }) => [
      `${quoted(p.value)} is not a valid device`,
      p.value.startsWith("-")
        ? "remove the `-`: Podman ignores optional CDI devices, so the engine would run on the CPU"
        : "for example, a CDI name: nvidia.com/gpu=0, or a path: /dev/dri/renderD128",
    ],
  ),
  "volume-invalid": error(
    "A volume is `SOURCE:TARGET[:OPTIONS]`. Podman does not support a `:` inside of a path.",
    "`{{value}}` is not a valid volume: {{problem}}",
    "for example: /srv/models:/models:ro, ~/models:/models:ro, my-cache:/root/.cache",
  ),
  "secret-invalid": error(
    "A secret is written as for `podman run --secret`: `NAME[,type=env,target=VARIABLE]`.",
    "`{{value}}` is not a valid secret: {{problem}}",
    "for example: hf-token,type=env,target=HF_TOKEN",
  ),
  "variable-invalid": invalid(
    "name of an environment variable",
    "A variable name has letters, digits and `_`, and does not start with a digit.",
    "use letters, digits and `_`, and do not start with a digit",
  ),
  "address-invalid": invalid(
    "IP address",
    "Ports are published on one IP address of the host.",
    "use 127.0.0.1 (the default) to publish ports on this host only",
  ),
  "model-invalid": invalid(
    "model",
    "A model is one word of the engine's command: a repository ID, or a path in the container.",
    "for example, a repository ID: Qwen/Qwen3-8B, or a path: /models/x.gguf",
  ),
  "pod-name-invalid": invalid(
    "name of the pod",
    "In Podman, pods and containers share one namespace.",
    `${NAME_HINT}; the names of lychd's containers are reserved`,
  ),
  "port-range-invalid": invalid(
    "port range",
    "`reserve_ports` publishes a range of ports in advance, written as `FIRST-LAST`.",
    'for example: "8780-8799"; at most 1000 ports, the first one not greater than the last',
  ),
  "health-path-invalid": invalid(
    "health path",
    "The health path is requested with HTTP on the port of the Soulstone.",
    "use a path such as /health, without spaces or quotes",
  ),
  "metrics-path-invalid": invalid(
    "metrics path",
    "The metrics path is requested with HTTP on the port of the Soulstone.",
    "use a path such as /metrics, without query, spaces or quotes",
  ),
  "secret-name-invalid": invalid(
    "name of a secret",
    "This field takes only the name of a Podman secret, without options.",
    "use letters, digits, `_`, `.` and `-`, and start with a letter or digit; " +
      "list secrets with: podman secret ls",
  ),
  "cluster-name-invalid": invalid(
    "name of Kubernetes",
    "Names of Kubernetes have lower-case letters, digits and `-`; those of some objects also `.`.",
    "use lower-case letters, digits and `-`, and start and end with a letter or digit",
  ),
  "node-label-invalid": invalid(
    "label of a host",
    "A host of a cluster has labels, written as `NAME=VALUE`.",
    'for example: "kubernetes.io/hostname=gpu1"; list labels with: kubectl get nodes --show-labels',
  ),
  "duration-invalid": invalid(
    "duration",
    "A duration is written as in Prometheus: years, weeks, days and hours, in this order.",
    "for example: 12h, 15d, 1y6w",
  ),
  "origin-invalid": invalid(
    "origin",
    "An origin is what a browser sends for a page: scheme, host, and port unless it is the default.",
    "for example: https://chat.example.org, http://localhost:3001",
  ),
  "key-digest-invalid": entry(
    "error",
    "The Codex contains the SHA-256 digest of a key, and never the key itself.",
    // A value that is not a digest may be the key.
    (_: { value: string }) => [
      "a key must be written as `sha256:` and 64 digits of its SHA-256 digest, and not be empty",
      KEY_HINT,
    ],
  ),
  "key-name-invalid": invalid(
    "name of a key",
    "The name of a key says which client has it. It is written to a unit.",
    NAME_HINT,
  ),

  // Rules for several fields or files.
  "name-taken": error(
    "Two Soulstones have the same name, so their units would be the same file.",
    "Soulstone `{{name}}` is defined twice",
    "rename one of them; names are unique across all files below soulstones/",
  ),
  "port-taken": error(
    "All containers share one network namespace, and a closed port can stay busy for a while. So " +
      "every engine and Watcher has its own port, even if they never run together.",
    "port {{port}} is already used by {{owner}}",
    "use another port, such as {{free}}; ports are unique across all Covens",
  ),
  "port-exposed": error(
    "`reserve_ports` publishes every port of its range, without exceptions.",
    "port {{port}} must not be published, but is in reserve_ports {{range}}",
    "use a port outside of the range, or remove `port_expose = false`",
  ),
  "coven-unknown": unknown(
    "`boot_coven` or `idle_coven` names a Coven (a group of Soulstones) that does not exist.",
    "no Soulstone is in group `{{value}}`",
    "groups",
  ),
  "slot-taken": error(
    "Soulstones in one slot exclude each other, but those of one group run together.",
    "`{{name}}` and `{{other}}` are both in group `{{group}}` and in slot `{{slot}}`",
    "give one of them another slot, or take it out of the group",
  ),
  "slot-of-resident": error(
    "A resident runs beside every other Soulstone. One with a slot excludes others.",
    "`slot` cannot be set together with `resident = true`",
    "remove one of the two lines",
  ),
  "alias-taken": error(
    "A model name leads to one engine. It can be a Soulstone, an alias, a Coven or a capability.",
    "the alias `{{alias}}` is already {{owner}}",
    "use another alias, or remove it",
  ),
  "parameter-model": error(
    "The name of the model decides which engine gets a request, so `request` cannot change it.",
    "`model` cannot be set or stripped",
    "remove it; `aliases` adds names for the engine",
  ),
  "parameter-twice": error(
    "A parameter is either set or stripped.",
    "`{{name}}` is both in `set` and in `strip`",
    "remove one of the two; `set` replaces the value of the client",
  ),
  "parameter-invalid": error(
    "Parameters are sent as JSON, which has neither dates, nor infinite or very large numbers.",
    "`{{field}}` cannot be sent as JSON: {{problem}}",
    "change the value, for example to a string",
  ),
  "portal-url-invalid": invalid(
    "address of a Portal",
    "The address is that of an API of OpenAI, without a user, a query or a fragment.",
    "for example: https://garage.lan/v1, http://192.168.1.20:8081",
  ),
  "portal-ca-name-invalid": invalid(
    "name of a certificate",
    "`ca_file` is the name of a file in `portals/`, beside that of the Portal.",
    "copy the certificate of the CA to portals/, for example as home-ca.pem",
  ),
  "portal-ca-invalid": error(
    "`ca_file` names a file in `portals/` with at least one certificate (PEM), and no private key.",
    "`{{value}}` cannot be the certificate of a CA: {{problem}}",
    "copy the certificate of the CA to portals/, in PEM",
  ),
  "portal-ca-unused": error(
    "Only a connection with TLS has a certificate.",
    "`ca_file` has no effect on an address that begins with http://",
    "use https://, or remove `ca_file`",
  ),
  "portal-name-invalid": invalid(
    "name of a Portal",
    "The name of a Portal is that of its file in `portals/`, without `.toml`.",
    `rename the file: ${NAME_HINT}`,
  ),
  "portal-name-taken": error(
    "The name of a Portal, which is that of its file, names nothing else of the Codex.",
    "the name `{{name}}` of the Portal is already {{owner}}",
    "rename its file",
  ),
  "portal-model-unknown": unknown(
    "An alias or a capability of a Portal means one of its `models`, if it has that list.",
    "`{{value}}` is not in `models`",
    "models",
  ),
  "portal-here": error(
    "A door that forwards to itself would ask itself for every model.",
    "this is the address of the Vessel of this host",
    "use the address of another host",
  ),
  "portal-plain": warning(
    "Without TLS, everyone on the way can read the key and the prompts.",
    "the key of the Portal travels without encryption",
    "use https://, for example with a reverse proxy at the Portal",
  ),
  "portal-without-vessel": warning(
    "The Vessel (the front door) forwards requests to Portals.",
    "a Portal has no effect while the Vessel is disabled",
    "set enabled = true in [vessel] of lychd.toml",
  ),
  "vessel-open": error(
    "Everyone who can reach the address could use the engines, and start and stop them.",
    "the Vessel would listen on {{address}} without a key",
    KEY_HINT,
  ),
  "vessel-apart": error(
    "The Vessel reaches engines at 127.0.0.1, so their ports must be published there.",
    "the Vessel is enabled, but ports are published only on {{address}}",
    "use 127.0.0.1 or 0.0.0.0; `[vessel] bind_address` sets where the Vessel itself listens",
  ),
  "vessel-binary": error(
    "The unit of the Vessel starts the lychd that renders it, by its path.",
    "systemd cannot start this lychd as the Vessel: {{problem}}",
    "move lychd, for example to /usr/local/bin/lychd",
  ),
  "idle-incomplete": error(
    "After `idle_minutes` without requests, `idle_coven` starts. Each has no effect without the other.",
    "`{{field}}` has no effect without `{{other}}`",
    'for example: idle_coven = "none" stops all engines after idle_minutes = 30',
  ),
  "volume-target-taken": error(
    "Podman refuses a container with two mounts at the same path.",
    "two volumes are mounted at `{{target}}`",
    "mount each volume at its own path",
  ),
  "watcher-without-harvester": error(
    "The Scribe (Grafana) and the GPU exporter need the Harvester (Prometheus).",
    "this needs the Harvester, which is disabled",
    "remove the line, or enable the Harvester: [harvester] enabled = true",
  ),
  "scribe-closed": error(
    "Without anonymous viewers and without a password for `admin`, Grafana is not accessible.",
    "the Scribe has neither anonymous viewers nor `admin_password_secret`",
    'podman secret create scribe-admin -   and set   admin_password_secret = "scribe-admin"',
  ),
  "scrape-config-invalid": error(
    "Prometheus does not start if an entry of `extra_scrape_configs` is invalid.",
    "invalid scrape configuration: {{problem}}",
    'for example: { job_name = "node", static_configs = [{ targets = ["10.0.0.2:9100"] }] }',
  ),
  "metrics-nothing": error(
    "lychd does not know a metrics path for this engine.",
    "`metrics` needs a `path`: lychd does not know one for {{engine}}",
    'set metrics = { path = "/metrics" }, or remove `metrics`',
  ),
  "health-both": error(
    "Health is checked either with HTTP (`path`) or with a command (`cmd`).",
    "`health` has both `path` and `cmd`",
    "remove one of them",
  ),
  "health-nothing": error(
    "lychd does not know a health check for this engine.",
    "`health` needs `path` or `cmd`",
    'for example: health = { path = "/health" }',
  ),
  "exec-unbalanced": error(
    "lychd splits `exec` into words as a shell does, but a quote is not closed.",
    "`exec` has an unclosed quote",
    "write `exec` as a list of words, which need no shell quotes",
  ),
  "exec-word-empty": error(
    "Quadlet drops an empty word of `Exec=` and every word after it.",
    "`exec` has an empty word, which Quadlet does not support",
    'use a shell: exec = ["sh", "-c", "program \'\' ..."]',
  ),
  "exec-word-semicolon": error(
    "systemd reads the word `;` as the end of the command and refuses the unit.",
    "`exec` has the word `;`, which systemd does not support",
    'use a shell: exec = ["sh", "-c", "first; second"]',
  ),
  "exec-port-differs": entry(
    "error",
    "The engine would listen on a port that is neither published nor scraped.",
    (p: { flag: string; given: string | undefined; port: number }) => [
      p.given === undefined
        ? `\`exec\` has ${p.flag} without a value`
        : `\`exec\` sets ${p.flag} to ${quoted(p.given)}, but \`port\` is ${p.port}`,
      `remove it (lychd adds it), or write ${p.flag} {port}`,
    ],
  ),
  "env-port-differs": error(
    "The engine would listen on a port that is neither published nor scraped.",
    "`env.{{name}}` sets port {{given}}, but `port` is {{port}}",
    "remove it: lychd sets it",
  ),
  "text-unfit": error(
    "The value becomes one line of a unit file, where some characters cannot be escaped.",
    "`{{field}}` cannot be written to a unit: {{problem}}",
    "change the value, or put the text into a file and mount it with `volumes`",
  ),
  "quadlet-group-unknown": unknown(
    "`quadlet` sets keys in the sections of a .container file.",
    "unknown section `{{value}}` in `quadlet`",
    "sections",
  ),
  "quadlet-key-unknown": entry(
    "error",
    "Quadlet refuses a unit with an unknown key, and systemd would have no such service.",
    (p: { section: string; key: string; known: readonly string[] }) => [
      `Quadlet does not support the key ${quoted(p.key)} in [${p.section}]`,
      didYouMean(p.key, p.known) ??
        'set an option of `podman run` with PodmanArgs = ["--option=value"]',
    ],
  ),
  "quadlet-key-reserved": entry(
    "error",
    "lychd depends on the value of this key.",
    (p: { section: string; key: string } & Reserved) => [
      `${p.section}.${p.key} cannot be set with \`quadlet\`: ${p.why}`,
      p.instead ?? "remove the line",
    ],
  ),
  "quadlet-value-reserved": entry(
    "error",
    "With this value the engine could leave the pod, or run together with one that it excludes.",
    (p: { section: string; key: string; value: string } & Reserved) => [
      `${p.section}.${p.key} cannot contain ${quoted(p.value)}: ${p.why}`,
      p.instead ?? "remove it",
    ],
  ),
  "podman-option-unknown": entry(
    "error",
    "lychd passes on the options of `podman run` that it knows: an unknown one could make the engine " +
      "leave the pod.",
    (p: { option: string; known: readonly string[] }) => [
      `${quoted(p.option)} is not an option of \`podman run\` that lychd knows`,
      didYouMean(p.option.replace(/=.*$/s, ""), p.known) ??
        "see podman-run(1); write an option and its value as one word: --option=value",
    ],
  ),
  "rune-mismatch": error(
    "A bug in lychd: a rendered file differs from the values it was rendered from.",
    "the rendered file `{{rune}}` has an unexpected line: `{{line}}`",
    "nothing was written; please report this bug and attach the Codex",
  ),
  "unit-refused": error(
    "The Quadlet generator or systemd refuses a unit that lychd rendered. Nothing is written.",
    "`{{unit}}` is refused: {{problem}}",
    "lychd explain {{unit}}",
  ),

  // Imports.
  "unit-broken": error(
    "A line of a unit is invalid. Quadlet then refuses all units of the folder.",
    "the line is not a [Section], a comment or Key=value",
    "end each line that continues with a backslash; start comments with `#` or `;`",
  ),
  "yaml-broken": error(
    "The file is not valid YAML. lychd did not read any of it.",
    "invalid YAML: {{problem}}",
    "llama-swap cannot read it either; see https://yaml.org",
  ),
  "llama-swap-invalid": error(
    "The file is valid YAML, but llama-swap itself would refuse it.",
    "{{problem}}",
    "fix it for llama-swap first; see its config.example.yaml",
  ),
  "llama-swap-variable": error(
    "Only llama-swap fills in its variables of the environment.",
    "`{{text}}` is a variable of llama-swap, and means nothing here",
    "write its value, or import again with   --env {{variable}}=VALUE",
  ),
  "import-kind": entry(
    "error",
    "`lychd import quadlet` recognizes Quadlet units by their file name extension.",
    (p: { kinds: readonly string[] }) => [
      "the file is not a Quadlet unit",
      `units have one of these extensions: ${p.kinds.map((kind) => `.${kind}`).join(", ")}`,
    ],
  ),
  "import-twice": error(
    "Two units with the same name would become the same Soulstone.",
    "`{{name}}` is imported twice, first from `{{other}}`",
    "import them separately, each into its own folder",
  ),
  "import-too-large": error(
    "The size of an import is limited, because lychd keeps it in memory.",
    "the import exceeds the limit of {{limit}}, drop-ins included",
    "import fewer units at a time, and check the folders of their drop-ins",
  ),
  "import-empty": entry(
    "error",
    "Nothing in the input can become a Soulstone.",
    (p: { what: string; help?: string }) => [
      `nothing to import: ${printable(p.what)}`,
      printable(p.help ?? "a Soulstone needs at least an image"),
    ],
  ),

  // Warnings.
  "exec-placeholder-unknown": entry(
    "warning",
    "In `exec`, `{port}` stands for the port. Other words in braces are passed on as they are.",
    (p: { name: string }) => [
      `\`exec\` has {${p.name}}, which is not a placeholder`,
      nearest(p.name, ["port"]) === undefined
        ? "the only placeholder is {port}; ignore this if the engine reads the braces"
        : "did you mean {port}?",
    ],
  ),
  "entry-repeated": warning(
    "A list contains the same value twice. The second one has no effect.",
    "`{{value}}` appears twice in `{{field}}`",
  ),
  "name-similar": warning(
    "Two names that differ only in upper and lower case are two Soulstones, Covens or slots.",
    "`{{name}}` differs from `{{other}}` only in upper and lower case",
    "write both in the same way if you mean the same one, or rename one of them",
  ),
  "secret-in-env": warning(
    "Unit files are plain text, so a secret in them can end up in backups and bug reports.",
    "`{{variable}}` looks like a secret, but would be written to a unit file",
    'podman secret create {{secret}} -   and set   secrets = ["{{secret}},type=env,target={{variable}}"]',
  ),
  "secret-in-exec": entry(
    "warning",
    "Unit files are plain text, and the command line of a process is visible to other users.",
    (p: { secret: string; variable: string | undefined }) => [
      "a word of `exec` looks like a secret, but would be written to a unit file",
      `podman secret create ${p.secret} -   and set   secrets = ` +
      (p.variable === undefined
        ? `["${p.secret},type=mount"], a file in /run/secrets that the engine can read`
        : `["${p.secret},type=env,target=${p.variable}"] in place of the flag`),
    ],
  ),
  "secret-in-scrape-config": warning(
    "The configuration of Prometheus is plain text, so a secret in it can end up in backups.",
    "`{{field}}` looks like a secret, but would be written to a plain file",
    'podman secret create {{secret}} -   and set   {{field}}_file = "/run/secrets/{{secret}}"   and   [harvester] quadlet = { Container = { Secret = ["{{secret}}"] } }',
  ),
  "device-none": warning(
    "The engine needs a GPU, but has no devices.",
    "{{engine}} has no devices, so it would not find a GPU",
    'set [gpu] default_devices = ["nvidia.com/gpu=all"] in lychd.toml, or devices = [] here to run without GPU',
  ),
  "bind-everywhere": warning(
    "Other machines can use engines on this address. Engines have no password by default.",
    "ports are published on {{address}}: other machines can use them without a key",
    "use 127.0.0.1 to publish ports on this host only",
  ),
  "port-not-told": warning(
    "Each container must listen on its own port, and lychd cannot set the port of this image.",
    "the engine is not configured to listen on port {{port}}",
    'use {port} in `exec`, or set a variable in `env`, such as PORT = "{{port}}"',
  ),
  "model-none": warning(
    "The engine does not start without a model.",
    "{{engine}} has no `model`",
    'add a line such as: model = "Qwen/Qwen3-8B"',
  ),
  "model-unused": warning(
    "An `exec` that does not start with a flag is the full command, including the model.",
    "`model` is ignored: `exec` does not start with a flag, so it is the full command",
    "start `exec` with a flag, or remove `model`",
  ),
  "exec-repeats-entrypoint": warning(
    "The entrypoint of the image runs before the words of `exec`. Repeating it breaks the command.",
    "`exec` starts with `{{word}}`, which the image already runs",
    "remove the words of the entrypoint of the official image: `{{entrypoint}}`",
  ),
  "metrics-need-key": warning(
    "llama.cpp requires its API key for metrics too, so it would refuse the Harvester.",
    "the engine requires a key for its metrics, but the Harvester has none",
    'podman secret create NAME -   and set   metrics = { secret = "NAME" }; or set metrics = { enabled = false }',
  ),
  "shm-small": warning(
    "Engines that run on several GPUs communicate through shared memory.",
    "shm_size_mib is {{actualMib}}, but {{engine}} needs {{neededMib}}",
    "increase it; it is an upper limit, not a reservation",
  ),
  "isolation-weak": warning(
    "The setting gives the engine more rights on this host. The exclusivity rule still holds.",
    "`{{setting}}` weakens the isolation of the engine: {{why}}",
    "remove it if the engine works without it",
  ),
  "quadlet-key-new": warning(
    "The key needs a newer Podman than the oldest version that lychd supports.",
    "[{{section}}] {{key}} needs Podman {{since}}; older versions refuse the unit",
  ),
  "directive-unknown": entry(
    "warning",
    "systemd ignores unknown directives, with a warning in the journal only.",
    (p: { section: string; key: string; known: readonly string[] }) => [
      `systemd 257 does not know ${quoted(p.key)} in [${p.section}] and may ignore it`,
      didYouMean(p.key, p.known),
    ],
  ),
  "kubernetes-name": error(
    "Names of Kubernetes are shorter and stricter than those of a Codex. This one has no counterpart.",
    "Kubernetes does not accept the name of the {{kind}} `{{value}}`",
    "{{rule}}",
  ),
  "kubernetes-image-local": error(
    "The hosts of a cluster pull images from a registry. An image of `localhost/` exists only on this host.",
    "the hosts of a cluster cannot pull `{{image}}`",
    "push it to a registry that they reach, and write its name there, such as registry.lan/NAME:TAG",
  ),
  "kubernetes-gpu-index": error(
    "Slices of GPUs are anonymous, so a pod cannot choose one of the GPUs of its host.",
    "a pod cannot choose the GPU `{{device}}`",
    "{{hint}}",
  ),
  "kubernetes-home": error(
    "A pod has no home folder. The path must exist on every host of the cluster.",
    "a host of a cluster has no `{{path}}`",
    "write the path that every host has, such as /srv/models:{{target}}, or the name of a volume",
  ),
  "kubernetes-localhost": warning(
    "In a cluster every engine has an address of its own, so `localhost` does not lead to another engine.",
    "`{{found}}` does not lead to the engine `{{name}}` in a cluster",
    "its address there is {{address}}",
  ),
  "kubernetes-loss": error(
    "The setting changes the engine, and Kubernetes has no counterpart.",
    "`{{setting}}` has no counterpart in Kubernetes: {{why}}",
    "remove it, or render without it by --allow-loss",
  ),
  "kubernetes-lost": warning(
    "The setting changes the engine, and `--allow-loss` renders without it.",
    "`{{setting}}` is lost in Kubernetes: {{why}}",
  ),
  "kubernetes-ignored": warning(
    "The setting has no meaning in a cluster, and no engine needs it there.",
    "`{{setting}}` is ignored in Kubernetes: {{why}}",
  ),
  "directive-ignored": warning(
    "systemd reads the rest of the unit but ignores a value that it cannot parse.",
    "systemd ignores a line of `{{unit}}`: {{problem}}",
  ),
} as const;

/** Returns an example line with a value of the expected type. */
function typeHint(field: string, expected: string, meant: string | undefined): string {
  const [name = ""] = field.slice(field.lastIndexOf(".") + 1).split("[", 1);
  const [, example] = field.includes("[")
    ? TYPE_EXAMPLES[0]
    : TYPE_EXAMPLES.find(([type]) => expected.startsWith(type)) ?? ["", '"..."'];
  const key = /^[\w-]+$/.test(name) ? name : printable(JSON.stringify(name));
  return meant === undefined || field.includes("[") || isSecretName(name)
    ? `for example: ${key} = ${example}`
    : `write: ${key} = ${printable(maskWords(meant))}`;
}

const TYPE_EXAMPLES = [
  ["a list", '["..."]'],
  ["a whole number", "10"],
  ["true", "true"],
  ["a table", '{ ... = "..." }'],
] as const;

/** The stable name of a problem. */
export type Code = keyof typeof CATALOGUE;

/** The parameters of the message of a problem. */
export type Parameters<C extends Code> = (typeof CATALOGUE)[C] extends Entry<infer P> ? P : never;

/** The codes whose message needs only the invalid value. */
export type ValueCode = {
  [C in Code]: Parameters<C> extends { value: string }
    ? { value: string } extends Parameters<C> ? C : never
    : never;
}[Code];
