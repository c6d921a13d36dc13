/**
 * An example of each setting of another program for docs/coming-from.md. The import converts it. For
 * programs without an import, the counterpart in a Codex is written here and compiled.
 */

/** The command of the model of llama-swap that the examples are added to. */
export const MODEL_CMD = "llama-server --port ${PORT} -m /srv/models/eye.gguf";

/** Settings of a model; `cmd:` replaces the command. */
export const MODEL_SETTINGS: readonly string[] = [
  "cmd: llama-server --port ${PORT} -m /srv/models/eye.gguf -c 8192",
  "cmd: podman run --rm -p ${PORT}:8000 -v ~/models:/models vllm/vllm-openai:v0.33.0 --model /models/q",
  "cmd: podman run --rm --gpus all -p ${PORT}:8080 ghcr.io/ggml-org/llama.cpp:server-cuda -hf ggml-org/gpt-oss-20b-GGUF",
  'cmd: bash -lc "exec uv run vllm serve Qwen/Qwen3-8B --port ${PORT} 2>>/tmp/eye.log"',
  "cmdStop: podman stop -t 30 eye",
  "cmdStop: bash -c 'docker rm -f eye; sleep 3'",
  "cmdStop: /usr/local/bin/stop-it ${PID}",
  "proxy: http://127.0.0.1:${PORT}",
  "checkEndpoint: /ready",
  "checkEndpoint: none",
  "env: [CUDA_VISIBLE_DEVICES=0]",
  "env: ['HF_TOKEN=${env.HF_TOKEN}']",
  "name: Eye",
  "description: sees and answers",
  "macros: {ctx: 8192}",
  "capabilities: {in: [text, image], tools: true}",
  "unloadTimeout: 30",
  "ttl: 600",
  "aliases: [gpt-4o]",
  "useModelName: qwen3",
  "filters: {stripParams: 'top_k, top_p'}",
  "filters: {setParams: {temperature: 0.6}}",
  "filters: {setParamsByID: {'eye:high': {reasoning_effort: high}}}",
  "concurrencyLimit: 4",
  "metadata: {context: 8192}",
  "unlisted: true",
  "sendLoadingState: true",
  "timeouts: {connect: 30}",
  "compat: {ignoreWebsockets: true}",
];

/** Settings outside models, next to three models `a`, `b` and `c`. */
export const TOP_SETTINGS: readonly string[] = [
  "groups: {g: {swap: false, exclusive: true, members: [a, b]}}",
  "groups: {g: {swap: true, exclusive: true, members: [a, b]}}",
  "groups: {g: {swap: true, exclusive: false, members: [a, b]}}",
  "groups: {g: {persistent: true, swap: false, exclusive: false, members: [c]}}",
  "matrix: {vars: {x: a, y: b, z: c}, sets: {s: '(x | y) & z'}}",
  "hooks: {on_startup: {preload: [a]}}",
  "macros: {models: /srv/models}",
  "startPort: 9000",
  "healthCheckTimeout: 3600",
  "unloadTimeout: 30",
  "globalTTL: 600",
  "apiKeys: [sk-1]",
  "peers: {other: {proxy: 'http://192.168.1.23', models: [m]}}",
  "profiles: {coding: {pins: {llm: a}}}",
  "selectors: {llm: {strategy: warm, targets: [a]}}",
  "includeAliasesInList: true",
  "sendLoadingState: true",
  "upstream: {ignorePaths: ['.*']}",
  "logLevel: debug",
  "logRequests: true",
  "logTimeFormat: rfc3339",
  "logToStdout: both",
  "metricsMaxInMemory: 500",
  "captureBuffer: 5",
  "store: {path: /var/lib/llama-swap.sqlite}",
  "ui: {activity: {session_id: [X-Session-ID]}}",
  "performance: {every: 15s}",
  "tailcat: {models: [a]}",
];

/** Lines of a `.container`, by section. */
export const UNIT_LINES: readonly (readonly [section: string, line: string])[] = [
  ["Container", "Image=docker.io/vllm/vllm-openai:v0.33.0"],
  ["Container", "Exec=--model Qwen/Qwen3-8B --max-model-len 16384"],
  ["Container", "PublishPort=127.0.0.1:8790:8000"],
  ["Container", "AddDevice=nvidia.com/gpu=all"],
  ["Container", "AddDevice=-/dev/dri"],
  ["Container", "Environment=HF_HUB_OFFLINE=1"],
  ["Container", "Secret=hf-token,type=env,target=HF_TOKEN"],
  ["Container", "Volume=%h/models:/models:ro"],
  ["Container", "HealthCmd=curl -f http://localhost:8000/health"],
  ["Container", "HealthInterval=1m"],
  ["Container", "Notify=healthy"],
  ["Container", "StopTimeout=30"],
  ["Container", "ContainerName=eye"],
  ["Container", "Pod=models.pod"],
  ["Container", "Network=host"],
  ["Container", "HostName=eye"],
  ["Container", "ShmSize=16g"],
  ["Container", "Ulimit=memlock=-1:-1"],
  ["Container", "SecurityLabelDisable=true"],
  ["Container", "User=1000"],
  ["Container", "UserNS=keep-id"],
  ["Container", "AutoUpdate=registry"],
  ["Container", "PodmanArgs=--memory=64g"],
  ["Container", "PodmanArgs=--gpus all"],
  ["Container", "PodmanArgs=--ipc=host"],
  ["Unit", "Description=Sees and answers"],
  ["Unit", "After=network-online.target"],
  ["Service", "TimeoutStartSec=3600"],
  ["Service", "Restart=always"],
  ["Install", "WantedBy=default.target"],
];

/** The counterpart of another program's setting: values of fields, or a reason why there is none. */
export interface Counterpart {
  readonly theirs: string;
  /** Fields of a Soulstone by path, as TOML; those of `lychd.toml` start with the table's name. */
  readonly fields?: Readonly<Record<string, string>>;
  readonly about?: string;
}

/** The options of `ramalama serve` (ramalama-serve(1), 0.24). */
export const RAMALAMA: readonly Counterpart[] = [
  {
    theirs: "--runtime llama.cpp",
    fields: { image: '"ghcr.io/ggml-org/llama.cpp:server-cuda"' },
    about:
      "or `ghcr.io/ggml-org/llama.cpp:server-rocm`; `lychd init` selects the image for the GPUs",
  },
  { theirs: "--runtime vllm", fields: { image: '"docker.io/vllm/vllm-openai:v0.33.0"' } },
  { theirs: "--image IMAGE", fields: { image: '"quay.io/ramalama/cuda:0.24"' } },
  {
    theirs: "hf://ORG/NAME, huggingface://",
    fields: { model: '"ggml-org/gpt-oss-20b-GGUF"' },
    about: "the engine downloads it to a persistent volume",
  },
  {
    theirs: "file:///srv/models/eye.gguf",
    fields: { model: '"/models/eye.gguf"', volumes: '["/srv/models:/models:ro"]' },
    about: "`lychd init --model /srv/models/eye.gguf` writes both",
  },
  {
    theirs: "ollama://, oci://, ms://",
    about: "pull it with ramalama and mount the file, or use `--generate quadlet` as above",
  },
  { theirs: "--name", fields: { description: '"Granite"' }, about: "or the name of the table" },
  { theirs: "--port, -p", fields: { port: "8790" } },
  {
    theirs: "--host",
    fields: { "sepulcher.bind_address": '"0.0.0.0"' },
    about: "for all engines; the default is this host only, as in ramalama",
  },
  {
    theirs: "--ctx-size, --max-model-len",
    fields: { exec: '["--max-model-len", "16384"]' },
    about: "`--ctx-size` for llama.cpp",
  },
  {
    theirs: "--ngl, --threads, --temp, --seed, --cache-reuse, --thinking, --webui, --runtime-args",
    fields: { exec: '["--n-gpu-layers", "99"]' },
    about: "the engine's own flags",
  },
  { theirs: "--device", fields: { devices: '["nvidia.com/gpu=0"]' } },
  { theirs: "--env", fields: { env: '{ HF_HUB_OFFLINE = "1" }' } },
  { theirs: "--keep-groups", fields: { "quadlet.Container.GroupAdd": '"keep-groups"' } },
  { theirs: "--selinux=false", fields: { "quadlet.Container.SecurityLabelDisable": "true" } },
  { theirs: "--pull POLICY", fields: { "quadlet.Container.Pull": '"newer"' } },
  { theirs: "--network", about: "all engines share one pod and reach each other at localhost" },
  { theirs: "--add-to-unit SECTION:KEY:VALUE", fields: { "quadlet.Service.Nice": "5" } },
  { theirs: "--rag, --api llama-stack", about: "lychd runs only engines" },
];

/** The keys of a service in a Compose file (compose-spec, 05-services.md). */
export const COMPOSE: readonly Counterpart[] = [
  { theirs: "image", fields: { image: '"docker.io/vllm/vllm-openai:v0.33.0"' } },
  { theirs: "build", about: "run `podman build -t localhost/eye .` and use that image" },
  {
    theirs: "command",
    fields: { exec: '["--max-model-len", "16384"]' },
    about: "without the model, the address and the port, which lychd adds for known engines",
  },
  {
    theirs: "entrypoint",
    fields: { "quadlet.Container.Entrypoint": '"/start.sh"', engine: '"generic"' },
  },
  {
    theirs: 'ports: ["8790:8000"]',
    fields: { port: "8790" },
    about: "the engine itself listens on it: lychd sets it, or `{port}` in `exec`",
  },
  { theirs: "expose", fields: { port_expose: "false" }, about: "only other engines can reach it" },
  { theirs: "environment", fields: { env: '{ HF_HUB_OFFLINE = "1" }' } },
  { theirs: "env_file", fields: { "quadlet.Container.EnvironmentFile": '"/srv/eye.env"' } },
  {
    theirs: "secrets",
    fields: { secrets: '["hf-token,type=env,target=HF_TOKEN"]' },
    about: "create it with `podman secret create hf-token -`",
  },
  {
    theirs: "volumes",
    fields: { volumes: '["~/models:/models:ro", "cache:/root/.cache"]' },
    about: "use absolute paths",
  },
  {
    theirs: "deploy.resources.reservations.devices, gpus: all",
    fields: { devices: '["nvidia.com/gpu=all"]' },
    about: "for all engines, use `default_devices` of lychd.toml",
  },
  { theirs: "devices", fields: { devices: '["/dev/kfd", "/dev/dri"]' } },
  { theirs: "healthcheck.test", fields: { "health.cmd": '"curl -f http://localhost:8780/ready"' } },
  {
    theirs: "healthcheck.interval, timeout, retries",
    fields: {
      "health.interval_seconds": "60",
      "health.timeout_seconds": "10",
      "health.retries": "5",
    },
  },
  { theirs: "healthcheck.start_period", fields: { start_timeout_seconds: "3600" } },
  { theirs: "stop_grace_period", fields: { stop_timeout_seconds: "60" } },
  {
    theirs: "shm_size, ipc: host",
    fields: { "sepulcher.shm_size_mib": "16384" },
    about: "one limit for all engines",
  },
  { theirs: "ulimits", fields: { "quadlet.Container.Ulimit": '"memlock=-1:-1"' } },
  { theirs: "mem_limit, cpus", fields: { "quadlet.Container.PodmanArgs": '["--memory=64g"]' } },
  { theirs: "user", fields: { "quadlet.Container.User": '"1000"' } },
  {
    theirs: "profiles",
    fields: { groups: '["chat"]' },
    about: "a Coven: its engines start together, and engines without a common group stop",
  },
  {
    theirs: "depends_on",
    fields: { groups: '["chat"]' },
    about: "the same Coven; `lychd summon` waits until every member is ready",
  },
  { theirs: "restart", about: "systemd restarts an engine that fails" },
  {
    theirs: "container_name, hostname, networks",
    about: "all engines share one pod and reach each other at `localhost:PORT`",
  },
];
