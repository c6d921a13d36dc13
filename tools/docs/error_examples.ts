/**
 * An invalid and a valid example for each code. docs/errors.md shows them with the report of lychd;
 * a test runs all of them.
 */
import type { Code } from "../../src/core/report/mod.ts";

/** The files of a Codex, by path. A single text is `soulstones/eye.toml`. */
type Files = string | Readonly<Record<string, string>>;

/** A problem in a Codex. */
interface CodexExample {
  readonly bad: Files;
  readonly good: Files;
}

/** A problem outside of TOML, as a console block with commands and their output. */
interface ConsoleExample {
  readonly console: string;
}

/** The reason why a problem has no example. */
interface NoExample {
  readonly why: string;
}

/** The example of a code. */
export type ErrorExample = CodexExample | ConsoleExample | NoExample;

/** Returns a valid Soulstone with additional `lines`. */
function eye(...lines: readonly string[]): string {
  return [
    "[eye]",
    'image = "docker.io/vllm/vllm-openai:v0.33.0"',
    "port = 8780",
    'model = "Qwen/Qwen3-8B"',
    'devices = ["nvidia.com/gpu=all"]',
    ...lines,
  ].join("\n");
}

/** Returns the same Soulstone, with `line` instead of the line with the same key. */
function eyeWith(line: string): string {
  const key = line.split(" = ")[0];
  return eye().replace(new RegExp(`^${key} = .*$`, "m"), line);
}

const VESSEL_ON = { "lychd.toml": "[vessel]\nenabled = true" };

/** Returns a Codex with a Portal. */
function withPortal(file: string): Readonly<Record<string, string>> {
  return { "soulstones/eye.toml": eye(), ...VESSEL_ON, "portals/garage.toml": file };
}

function portal(bad: string, good: string): CodexExample {
  return { bad: withPortal(bad), good: withPortal(good) };
}

const HOME_CA = {
  "portals/home.pem": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
};

/** Returns a Soulstone with an image that lychd does not know. */
function ocr(...lines: readonly string[]): string {
  return ["[ocr]", 'image = "localhost/ocr:2"', "port = 8780", ...lines].join("\n");
}

/** Returns a Soulstone with the image of Ollama and this line. */
function ollama(line: string): string {
  const image = 'image = "docker.io/ollama/ollama:0.32.15"';
  return ["[ollama]", image, "port = 8780", "devices = []", line].join("\n");
}

/** Returns two Soulstones of one group, in these slots. */
function inGroup(first: string, second: string): string {
  const lines = (slot: string) => ['groups = ["vision"]', `slot = "${slot}"`];
  const other = eye(...lines(second)).replace("[eye]", "[scribe]").replace("8780", "8781");
  return `${eye(...lines(first))}\n\n${other}`;
}

/** Returns an example of one line, invalid and valid. */
function pair(bad: string, good: string): CodexExample {
  return { bad: eye(bad), good: eye(good) };
}

/** Returns an example of settings with a Soulstone in the Coven `vision`. */
function settings(bad: string, good: string): CodexExample {
  const soulstone = eye('groups = ["vision"]');
  return {
    bad: { "lychd.toml": bad, "soulstones/eye.toml": soulstone },
    good: { "lychd.toml": good, "soulstones/eye.toml": soulstone },
  };
}

/** A problem of a cluster; docs/cluster.md has examples. */
const IN_A_CLUSTER: NoExample = {
  why: "Only `lychd render --target kubernetes` reports it; see [cluster.md](cluster.md).",
};

/** The digest of a key. */
const DIGEST = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/** The examples; the type requires one for each code. */
export const ERROR_EXAMPLES: Readonly<Record<Code, ErrorExample>> = {
  "codex-missing": {
    console: `$ lychd check --codex nowhere
error[codex-missing]: no Codex at \`nowhere\`: it does not exist
--> nowhere
hint: create one with \`lychd init\`, or name another folder with --codex DIR

1 error
$ echo $?
3
$ lychd init --codex nowhere --engine vllm --model Qwen/Qwen3-8B
…
$ lychd check --codex nowhere
…
the Codex is valid: 1 Soulstone, 0 Covens`,
  },
  "codex-empty": { bad: { "soulstones/eye.toml": "# nothing yet" }, good: eye() },
  "file-unreadable": {
    console: `$ mkdir -p codex/soulstones && ln -s nowhere codex/soulstones/eye.toml
$ lychd check --codex codex
error[file-unreadable]: cannot read the file: it is a broken symlink
 --> codex/soulstones/eye.toml:1:1
hint: check owner and mode with: ls -lL FILE

1 error
$ echo $?
3`,
  },
  "file-not-utf8": {
    console: `$ mkdir -p latin/soulstones
$ printf '# \\374ber\\n' > latin/soulstones/eye.toml
$ lychd check --codex latin
error[file-not-utf8]: the file is not valid UTF-8
…
hint: convert it with: iconv -f latin1 -t utf-8 FILE

1 error
$ echo $?
3`,
  },
  "codex-too-large": {
    console: `$ mkdir -p crowd/soulstones
$ seq 301 | sed 's/.*/[s&]/' > crowd/soulstones/all.toml
$ lychd check --codex crowd
error[codex-too-large]: the Codex exceeds the limit of 300 Soulstones
…
hint: keep only the Soulstones of this host; other rules were not checked

1 error
$ echo $?
3`,
  },
  "file-too-large": {
    console: `$ mkdir -p large/soulstones
$ head -c 200000 /dev/zero | tr '\\0' '#' > large/soulstones/eye.toml
$ lychd check --codex large
error[file-too-large]: the file is larger than the limit of 128 KiB
 --> large/soulstones/eye.toml:1:1
hint: split it into several files, or remove it if it is not a Codex file

1 error
$ echo $?
3`,
  },
  "toml-broken": { bad: eye("description = Sees"), good: eye('description = "Sees"') },
  "soulstone-not-a-table": { bad: "port = 8780", good: eye() },
  "field-unknown": pair('grups = ["vision"]', 'groups = ["vision"]'),
  "uri-set": { bad: eye('uri = "http://localhost:8780/v1"'), good: eye() },
  "field-missing": { bad: '[eye]\nimage = "docker.io/vllm/vllm-openai:v0.33.0"', good: eye() },
  "type-wrong": { bad: eyeWith('port = "8780"'), good: eye() },
  "value-invalid": pair("stop_timeout_seconds = 86400", "stop_timeout_seconds = 600"),
  "name-invalid": { bad: eye().replace("[eye]", '["my eye"]'), good: eye() },
  "group-invalid": pair('groups = ["deep think"]', 'groups = ["deep-think"]'),
  "slot-invalid": pair('slot = "chat model"', 'slot = "chat-model"'),
  "capability-invalid": pair('capabilities = ["text/code"]', 'capabilities = ["text-code"]'),
  "alias-invalid": pair('aliases = ["gpt 4"]', 'aliases = ["gpt-4"]'),
  "port-invalid": { bad: eyeWith("port = 87800"), good: eye() },
  "engine-unknown": pair('engine = "vlm"', 'engine = "vllm"'),
  "image-invalid": {
    bad: eyeWith('image = "docker.io/vllm/vLLM-openai:"'),
    good: eye(),
  },
  "device-invalid": {
    bad: eyeWith('devices = ["-nvidia.com/gpu=all"]'),
    good: eye(),
  },
  "volume-invalid": pair('volumes = ["models:models"]', 'volumes = ["models:/models"]'),
  "secret-invalid": pair(
    'secrets = ["hf-token,env=HF_TOKEN"]',
    'secrets = ["hf-token,type=env,target=HF_TOKEN"]',
  ),
  "variable-invalid": pair('env = { "LOG-LEVEL" = "info" }', 'env = { LOG_LEVEL = "info" }'),
  "address-invalid": settings(
    '[sepulcher]\nbind_address = "localhost"',
    '[sepulcher]\nbind_address = "127.0.0.1"',
  ),
  "model-invalid": { bad: eyeWith('model = "--model Qwen/Qwen3-8B"'), good: eye() },
  "pod-name-invalid": settings(
    '[sepulcher]\nname = "my pod"',
    '[sepulcher]\nname = "my-pod"',
  ),
  "port-range-invalid": settings(
    '[sepulcher]\nreserve_ports = "8799-8780"',
    '[sepulcher]\nreserve_ports = "8780-8799"',
  ),
  "health-path-invalid": pair('health = { path = "health" }', 'health = { path = "/health" }'),
  "metrics-path-invalid": pair(
    'metrics = { path = "metrics" }',
    'metrics = { path = "/metrics" }',
  ),
  "secret-name-invalid": pair(
    'metrics = { secret = "metrics,type=env" }',
    'metrics = { secret = "metrics-key" }',
  ),
  "cluster-name-invalid": settings(
    '[kubernetes]\nnamespace = "My_Engines"',
    '[kubernetes]\nnamespace = "my-engines"',
  ),
  "node-label-invalid": settings(
    '[kubernetes]\nnode_selector = ["gpu1"]',
    '[kubernetes]\nnode_selector = ["kubernetes.io/hostname=gpu1"]',
  ),
  "duration-invalid": settings(
    '[harvester]\nretention = "two weeks"',
    '[harvester]\nretention = "2w"',
  ),
  "origin-invalid": settings(
    '[vessel]\nallowed_origins = ["chat.example.org"]',
    '[vessel]\nallowed_origins = ["https://chat.example.org"]',
  ),
  "key-digest-invalid": settings(
    '[vessel.keys]\nlaptop = "sha256:9f86d081"',
    `[vessel.keys]\nlaptop = "${DIGEST}"`,
  ),
  "key-name-invalid": settings(
    `[vessel.keys]\n"my laptop" = "${DIGEST}"`,
    `[vessel.keys]\nlaptop = "${DIGEST}"`,
  ),
  "name-taken": {
    bad: {
      "soulstones/a.toml": eye(),
      "soulstones/b.toml": eye().replace("8780", "8781"),
    },
    good: {
      "soulstones/a.toml": eye(),
      "soulstones/b.toml": eye().replace("8780", "8781").replace("[eye]", "[sage]"),
    },
  },
  "port-taken": {
    bad: `${eye()}\n\n${eye().replace("[eye]", "[sage]")}`,
    good: `${eye()}\n\n${eye().replace("[eye]", "[sage]").replace("8780", "8781")}`,
  },
  "port-exposed": {
    bad: {
      "lychd.toml": '[sepulcher]\nreserve_ports = "8780-8799"',
      "soulstones/eye.toml": eye("port_expose = false"),
    },
    good: {
      "lychd.toml": '[sepulcher]\nreserve_ports = "8790-8799"',
      "soulstones/eye.toml": eye("port_expose = false"),
    },
  },
  "coven-unknown": settings('boot_coven = "vison"', 'boot_coven = "vision"'),
  "slot-taken": {
    bad: inGroup("main", "main"),
    good: inGroup("main", "reader"),
  },
  "llama-swap-variable": pair(
    'exec = ["--max-model-len", "${env.CONTEXT}"]',
    'exec = ["--max-model-len", "32768"]',
  ),
  "slot-of-resident": {
    bad: eye('slot = "main"', "resident = true"),
    good: eye("resident = true"),
  },
  "alias-taken": pair(
    'capabilities = ["ocr"]\naliases = ["ocr"]',
    'capabilities = ["ocr"]\naliases = ["ocr-model"]',
  ),
  "parameter-model": pair(
    'request = { set = { model = "gpt-4o" } }',
    'aliases = ["gpt-4o"]',
  ),
  "parameter-twice": pair(
    'request = { set = { temperature = 0.7 }, strip = ["temperature"] }',
    "request = { set = { temperature = 0.7 } }",
  ),
  "parameter-invalid": pair(
    "request = { set = { today = 2026-01-01 } }",
    'request = { set = { today = "2026-01-01" } }',
  ),
  "portal-url-invalid": portal('url = "garage.lan"', 'url = "https://garage.lan/v1"'),
  "portal-ca-name-invalid": {
    bad: withPortal('url = "https://garage.lan"\nca_file = "/etc/ssl/home.pem"'),
    good: { ...withPortal('url = "https://garage.lan"\nca_file = "home.pem"'), ...HOME_CA },
  },
  "portal-ca-invalid": {
    bad: withPortal('url = "https://garage.lan"\nca_file = "home.pem"'),
    good: { ...withPortal('url = "https://garage.lan"\nca_file = "home.pem"'), ...HOME_CA },
  },
  "portal-ca-unused": {
    bad: { ...withPortal('url = "http://garage.lan"\nca_file = "home.pem"'), ...HOME_CA },
    good: { ...withPortal('url = "https://garage.lan"\nca_file = "home.pem"'), ...HOME_CA },
  },
  "portal-name-invalid": {
    bad: {
      "soulstones/eye.toml": eye(),
      ...VESSEL_ON,
      "portals/-garage.toml": 'url = "https://garage.lan"',
    },
    good: withPortal('url = "https://garage.lan"'),
  },
  "portal-name-taken": {
    bad: {
      "soulstones/eye.toml": eye('aliases = ["garage"]'),
      ...VESSEL_ON,
      "portals/garage.toml": 'url = "https://garage.lan"',
    },
    good: withPortal('url = "https://garage.lan"'),
  },
  "portal-model-unknown": portal(
    'url = "https://garage.lan"\nmodels = ["qwen3:32b"]\naliases = { gpt-4o = "qwen3" }',
    'url = "https://garage.lan"\nmodels = ["qwen3:32b"]\naliases = { gpt-4o = "qwen3:32b" }',
  ),
  "portal-here": portal('url = "http://localhost:8081"', 'url = "http://garage.lan:8081"'),
  "portal-plain": portal(
    'url = "http://garage.lan:8081"\nkey_secret = "garage"',
    'url = "https://garage.lan:8081"\nkey_secret = "garage"',
  ),
  "portal-without-vessel": {
    bad: { "soulstones/eye.toml": eye(), "portals/garage.toml": 'url = "https://garage.lan"' },
    good: withPortal('url = "https://garage.lan"'),
  },
  "vessel-open": settings(
    '[vessel]\nbind_address = "0.0.0.0"',
    `[vessel]\nbind_address = "0.0.0.0"\nkeys = { laptop = "${DIGEST}" }`,
  ),
  "vessel-apart": settings(
    '[vessel]\nenabled = true\n\n[sepulcher]\nbind_address = "::1"',
    "[vessel]\nenabled = true",
  ),
  "vessel-binary": {
    why: "The Codex is valid. systemd does not read `$` in the path of a program as it is.",
  },
  "idle-incomplete": settings(
    "[vessel]\nidle_minutes = 30",
    '[vessel]\nidle_minutes = 30\nidle_coven = "none"',
  ),
  "volume-target-taken": pair(
    'volumes = ["/srv/a:/models", "/srv/b:/models"]',
    'volumes = ["/srv/a:/models/a", "/srv/b:/models/b"]',
  ),
  "watcher-without-harvester": settings(
    "[harvester]\nenabled = false\n\n[scribe]\nenabled = true",
    "[harvester]\nenabled = false",
  ),
  "scribe-closed": settings(
    "[scribe]\nanonymous_viewer = false",
    '[scribe]\nanonymous_viewer = false\nadmin_password_secret = "scribe-admin"',
  ),
  "scrape-config-invalid": settings(
    '[harvester]\nextra_scrape_configs = [{ static_configs = [{ targets = ["10.0.0.2:9100"] }] }]',
    '[harvester]\nextra_scrape_configs = [{ job_name = "node", static_configs = [{ targets = ["10.0.0.2:9100"] }] }]',
  ),
  "metrics-nothing": {
    bad: ocr('env = { PORT = "8780" }', "metrics = { enabled = true }"),
    good: ocr('env = { PORT = "8780" }', 'metrics = { path = "/metrics" }'),
  },
  "health-both": pair(
    'health = { path = "/health", cmd = "true" }',
    'health = { path = "/health" }',
  ),
  "health-nothing": {
    bad: ocr('env = { PORT = "8780" }', "health = { retries = 5 }"),
    good: ocr('env = { PORT = "8780" }', 'health = { path = "/ready", retries = 5 }'),
  },
  "exec-unbalanced": pair(
    `exec = "--chat-template 'tool use"`,
    `exec = "--chat-template 'tool use'"`,
  ),
  "exec-word-empty": pair(
    'exec = ["--served-model-name", ""]',
    'exec = ["--served-model-name", "eye"]',
  ),
  "exec-word-semicolon": {
    bad: ocr('exec = ["serve", "--port", "{port}", ";", "true"]'),
    good: ocr('exec = ["sh", "-c", "serve --port {port}; true"]'),
  },
  "exec-port-differs": pair('exec = ["--port", "8000"]', 'exec = ["--port", "{port}"]'),
  "env-port-differs": {
    bad: ollama('env = { OLLAMA_HOST = "0.0.0.0:11434" }'),
    good: ollama('env = { OLLAMA_CONTEXT_LENGTH = "16384" }'),
  },
  "text-unfit": pair('health = { cmd = "CMD true" }', 'health = { cmd = "true" }'),
  "quadlet-group-unknown": pair(
    'quadlet = { Contaner = { AutoUpdate = "registry" } }',
    'quadlet = { Container = { AutoUpdate = "registry" } }',
  ),
  "quadlet-key-unknown": pair(
    'quadlet = { Container = { AutoUpdat = "registry" } }',
    'quadlet = { Container = { AutoUpdate = "registry" } }',
  ),
  "quadlet-key-reserved": pair(
    'quadlet = { Service = { Type = "simple" } }',
    "quadlet = { Service = { Nice = 5 } }",
  ),
  "quadlet-value-reserved": pair(
    'quadlet = { Container = { PodmanArgs = ["--network=host"] } }',
    'quadlet = { Container = { PodmanArgs = ["--cpus=4"] } }',
  ),
  "podman-option-unknown": pair(
    'quadlet = { Container = { PodmanArgs = ["--cpu=4"] } }',
    'quadlet = { Container = { PodmanArgs = ["--cpus=4"] } }',
  ),
  "rune-mismatch": { why: "No Codex is known to cause it." },
  "unit-refused": {
    why:
      "The report of `lychd render` shows the value in the Codex, such as a key of `quadlet` that " +
      "needs a newer Podman.",
  },
  "unit-broken": {
    console: `$ printf '[Container]\\nImage: localhost/eye\\n' > eye.container
$ lychd import quadlet eye.container
error[unit-broken]: the line is not a [Section], a comment or Key=value
 --> eye.container:2:1
  |
2 | Image: localhost/eye
  | ^^^^^^^^^^^^^^^^^^^^
hint: end each line that continues with a backslash; start comments with \`#\` or \`;\`

1 error
$ echo $?
1`,
  },
  "yaml-broken": {
    console: `$ printf 'models:\\n  eye: {cmd: llama-server\\n  ear: {}\\n' > config.yaml
$ lychd import llama-swap config.yaml
error[yaml-broken]: invalid YAML: deficient indentation
 --> config.yaml:3:3
  |
3 |   ear: {}
  |   ^
hint: llama-swap cannot read it either; see https://yaml.org

1 error
$ echo $?
1`,
  },
  "llama-swap-invalid": {
    console: `$ printf 'models:\\n  eye: {cmd: []}\\n' > config.yaml
$ lychd import llama-swap config.yaml
error[llama-swap-invalid]: \`cmd\` must be a text
 --> config.yaml:2:14
  |
2 |   eye: {cmd: []}
  |              ^
hint: fix it for llama-swap first; see its config.example.yaml

1 error
$ echo $?
1`,
  },
  "import-kind": {
    console: `$ printf '[Container]\\nImage=localhost/eye\\n' > eye.txt
$ lychd import quadlet eye.txt
error[import-kind]: the file is not a Quadlet unit
 --> eye.txt:1:1
hint: units have one of these extensions: .container, .pod, .volume, .image, .network, .build, .kube, .artifact

1 error
$ echo $?
1`,
  },
  "import-too-large": {
    console: `$ mkdir many.container.d && seq -f many.container.d/%g.conf 600 | xargs touch
$ printf '[Container]\\nImage=localhost/eye\\n' > many.container
$ lychd import quadlet many.container
error[import-too-large]: the import exceeds the limit of 512 files, drop-ins included
 --> many.container:1:1
  |
1 | [Container]
  | ^
hint: import fewer units at a time, and check the folders of their drop-ins

1 error
$ echo $?
1`,
  },
  "import-twice": {
    console: `$ mkdir old new
$ printf '[Container]\\nImage=localhost/eye\\n' | tee old/eye.container > new/eye.container
$ lychd import quadlet old/eye.container new/eye.container
error[import-twice]: \`eye.container\` is imported twice, first from \`old/eye.container\`
 --> new/eye.container:1:1
  |
1 | [Container]
  | ^
hint: import them separately, each into its own folder

1 error
$ echo $?
1`,
  },
  "import-empty": {
    console: `$ printf 'healthCheckTimeout: 60\\n' > config.yaml
$ lychd import llama-swap config.yaml
error[import-empty]: nothing to import: it has no \`models\`
 --> config.yaml:1:1
  |
1 | healthCheckTimeout: 60
  | ^
hint: \`models\` is a mapping of names to settings, each with a \`cmd\`

1 error
$ echo $?
1`,
  },
  "exec-placeholder-unknown": pair(
    'exec = ["--max-model-len", "8192", "--root-path=/{prot}"]',
    'exec = ["--max-model-len", "8192", "--root-path=/{port}"]',
  ),
  "entry-repeated": pair('groups = ["vision", "vision"]', 'groups = ["vision"]'),
  "name-similar": {
    bad: `${eye('groups = ["vision"]')}\n${
      eye('groups = ["Vision"]').replace("[eye]", "[ear]").replace("8780", "8781")
    }`,
    good: `${eye('groups = ["vision"]')}\n${
      eye('groups = ["vision"]').replace("[eye]", "[ear]").replace("8780", "8781")
    }`,
  },
  "secret-in-env": pair(
    'env = { HF_TOKEN = "hf_x" }',
    'secrets = ["hf-token,type=env,target=HF_TOKEN"]',
  ),
  "secret-in-exec": pair(
    'exec = ["--api-key", "sk-x"]',
    'secrets = ["api-key,type=env,target=VLLM_API_KEY"]',
  ),
  "secret-in-scrape-config": settings(
    '[harvester]\nextra_scrape_configs = [{ job_name = "node", basic_auth = { username = "me", password = "x" }, static_configs = [{ targets = ["10.0.0.2:9100"] }] }]',
    '[harvester]\nextra_scrape_configs = [{ job_name = "node", basic_auth = { username = "me", password_file = "/run/secrets/scrape-password" }, static_configs = [{ targets = ["10.0.0.2:9100"] }] }]\nquadlet = { Container = { Secret = ["scrape-password"] } }',
  ),
  "device-none": { bad: eye().replace(/\ndevices = .*/, ""), good: eye() },
  "bind-everywhere": settings(
    '[sepulcher]\nbind_address = "0.0.0.0"',
    '[sepulcher]\nbind_address = "127.0.0.1"',
  ),
  "port-not-told": { bad: ocr(), good: ocr('env = { PORT = "8780" }') },
  "model-none": {
    bad: eyeWith('image = "docker.io/lmsysorg/sglang:v0.5.23"').replace(/\nmodel = .*/, ""),
    good: eyeWith('image = "docker.io/lmsysorg/sglang:v0.5.23"'),
  },
  "model-unused": pair('exec = ["Qwen/Qwen3-14B"]', 'exec = ["--max-model-len", "16384"]'),
  "exec-repeats-entrypoint": {
    bad: eye('exec = ["serve", "Qwen/Qwen3-8B"]').replace(/\nmodel = .*/, ""),
    good: eye('exec = ["Qwen/Qwen3-8B"]').replace(/\nmodel = .*/, ""),
  },
  "metrics-need-key": {
    bad: eyeWith('image = "ghcr.io/ggml-org/llama.cpp:server-cuda"') +
      '\nexec = ["--api-key-file", "/run/secrets/key"]\nsecrets = ["key"]',
    good: eyeWith('image = "ghcr.io/ggml-org/llama.cpp:server-cuda"') +
      '\nexec = ["--api-key-file", "/run/secrets/key"]\nsecrets = ["key"]\nmetrics = { secret = "key" }',
  },
  "shm-small": settings("[sepulcher]\nshm_size_mib = 64", "[sepulcher]\nshm_size_mib = 16384"),
  "isolation-weak": pair(
    'quadlet = { Container = { PodmanArgs = ["--privileged"] } }',
    'quadlet = { Container = { PodmanArgs = ["--device=/dev/kfd"] } }',
  ),
  "quadlet-key-new": pair(
    'quadlet = { Container = { Memory = "8g" } }',
    'quadlet = { Container = { PodmanArgs = ["--memory=8g"] } }',
  ),
  "directive-unknown": pair(
    'quadlet = { Unit = { Documentaton = "man:podman(1)" } }',
    'quadlet = { Unit = { Documentation = "man:podman(1)" } }',
  ),
  "kubernetes-name": IN_A_CLUSTER,
  "kubernetes-image-local": IN_A_CLUSTER,
  "kubernetes-gpu-index": IN_A_CLUSTER,
  "kubernetes-home": IN_A_CLUSTER,
  "kubernetes-localhost": IN_A_CLUSTER,
  "kubernetes-loss": IN_A_CLUSTER,
  "kubernetes-lost": IN_A_CLUSTER,
  "kubernetes-ignored": IN_A_CLUSTER,
  "directive-ignored": {
    why:
      "The report of `lychd render` shows the value in the Codex: systemd prints such lines only in " +
      "the journal.",
  },
};

/** Returns the files of an example, by path. */
export function filesOf(files: Files): Readonly<Record<string, string>> {
  return typeof files === "string" ? { "soulstones/eye.toml": files } : files;
}
