import { type EngineName, schemaLine, tomlKey, type TomlText, tomlValue } from "../codex/mod.ts";
import type { HostGpu } from "../doctor/mod.ts";
import { printable } from "../report/mod.ts";

/** A Soulstone, ready to be written. */
export interface NewSoulstone {
  readonly name: string;
  readonly engine: EngineName;
  /** Whether the image does not tell which engine it holds. */
  readonly isEngineNamed: boolean;
  readonly image: string;
  readonly port: number;
  readonly model: string | undefined;
  readonly covens: readonly string[];
  readonly capabilities: readonly string[];
  readonly devices: readonly string[] | undefined;
  readonly volumes: readonly string[];
}

/** What a first `lychd.toml` says. */
export interface NewSettings {
  readonly bootCoven: string | undefined;
  readonly gpus: readonly HostGpu[];
  readonly devices: readonly string[];
  readonly ports: SettingsPorts;
}

/** The port of each section that has one: its default, and a free one where that is taken. */
export type SettingsPorts = Readonly<
  Record<"harvester" | "scribe" | "vessel", { readonly usual: number; readonly port: number }>
>;

/**
 * The file of one Soulstone: its table, and behind a `#` what many will want next. Each such line is
 * valid without its `#`.
 */
export function soulstoneText(soulstone: NewSoulstone): string {
  const { name, engine, covens, capabilities, devices, volumes } = soulstone;
  return [
    schemaLine("soulstones"),
    "# One table is one Soulstone: one engine in a container. This one becomes the service",
    `# soulstone-${printable(name)}.service. After a change: lychd render`,
    "",
    `[${tomlKey(name)}]`,
    line("image", soulstone.image),
    ...soulstone.isEngineNamed ? [line("engine", engine)] : [],
    "# Where it listens; unique among all Soulstones.",
    line("port", soulstone.port),
    ...modelLines(soulstone),
    "# Its Covens. Soulstones that share none never run together: starting one stops the other.",
    covens.length > 0 ? line("groups", covens) : example("groups", ["chat"]),
    "# What it can do: lychd finds it by these.",
    capabilities.length > 0
      ? line("capabilities", capabilities)
      : example("capabilities", ["text-generation"]),
    ...devices === undefined ? [] : [
      "# Instead of the devices of lychd.toml.",
      line("devices", devices),
    ],
    ...volumes.length === 0 ? [] : volumeLines(volumes),
    "",
    ...engineLines(soulstone),
    "# GPU memory that it takes, in MiB.",
    example("vram_mib", 16_000),
    "# Pull of the image and load of the model included.",
    example("start_timeout_seconds", 3600),
    "",
  ].join("\n");
}

function line(key: string, value: TomlText): string {
  return `${key} = ${tomlValue(value)}`;
}

/** A line that says what could stand there. */
function example(key: string, value: TomlText): string {
  return `# ${line(key, value)}`;
}

function modelLines({ engine, model, volumes }: NewSoulstone): string[] {
  if (model === undefined) return engine === "generic" ? [] : MODEL_EXAMPLES[engine];
  const about = volumes.length > 0 ? ["# A path in the container: `volumes` brings it there."] : [];
  return [...about, line("model", model)];
}

const MODEL_EXAMPLES: Readonly<Record<Exclude<EngineName, "generic">, string[]>> = {
  vllm: [example("model", "Qwen/Qwen3-8B")],
  sglang: [example("model", "Qwen/Qwen3-8B")],
  llamacpp: [
    "# Without a model it serves many, which it loads when they are asked for.",
    example("model", "ggml-org/Qwen3-1.7B-GGUF:Q4_K_M"),
  ],
  tabbyapi: [
    "# Without a model it starts, and loads one when it is told.",
    example("model", "/app/models/Qwen3-14B-exl3-4.0bpw"),
  ],
};

function volumeLines(volumes: readonly string[]): string[] {
  const about = volumes.some((volume) => /,z$/.test(volume))
    ? "# SOURCE:TARGET:OPTIONS; `ro` is read-only, `z` has SELinux let containers in."
    : "# SOURCE:TARGET:OPTIONS; `ro` is read-only.";
  return [about, line("volumes", volumes)];
}

/** What the users of an engine set next. */
function engineLines({ engine, model, volumes, port }: NewSoulstone): string[] {
  const flags = (about: string, words: readonly string[]) => [about, example("exec", words)];
  const isRepository = model !== undefined && volumes.length === 0;
  const token = isRepository
    ? [
      "# For a model that asks for a login. The token is a secret of Podman, made once by:",
      "#   podman secret create hf-token -",
      example("secrets", ["hf-token,type=env,target=HF_TOKEN"]),
    ]
    : [];
  switch (engine) {
    case "vllm":
      return [
        ...flags("# Flags of vLLM; lychd adds the model, --host and --port.", [
          "--max-model-len",
          "16384",
          "--gpu-memory-utilization",
          "0.85",
        ]),
        ...token,
      ];
    case "sglang":
      return [
        ...flags("# Flags of SGLang; lychd adds the model, --host, --port and --enable-metrics.", [
          "--context-length",
          "16384",
          "--mem-fraction-static",
          "0.85",
        ]),
        ...token,
      ];
    case "llamacpp":
      return [
        ...flags("# Flags of llama-server; lychd adds the model, --host, --port and --metrics.", [
          "--ctx-size",
          "16384",
          "--n-gpu-layers",
          "99",
        ]),
        ...token,
      ];
    case "tabbyapi":
      return flags("# Options of TabbyAPI; lychd adds the model, --host and --port.", [
        "--max-seq-len",
        "16384",
      ]);
    case "generic":
      return [
        "# lychd cannot know how this image is told its port. By a flag:",
        example("exec", ["--port", "{port}"]),
        "# or by a variable:",
        `# env = { PORT = ${tomlValue(String(port))} }`,
        "# A path that answers with 2xx once it is ready: starting it waits for that.",
        '# health = { path = "/health" }',
      ];
  }
}

/** The file `lychd.toml`. */
export function settingsText({ bootCoven, gpus, devices, ports }: NewSettings): string {
  return [
    schemaLine("lychd"),
    "# What is true for the whole host. Any line may be left out: it then has its default.",
    "",
    "# The Coven that starts with the host. Without this line nothing starts by itself.",
    bootCoven === undefined ? example("boot_coven", "chat") : line("boot_coven", bootCoven),
    "",
    "[gpu]",
    ...gpus.map(gpuLine),
    "# What every Soulstone is given that names no `devices` of its own.",
    devices.length > 0
      ? line("default_devices", devices)
      : example("default_devices", ["nvidia.com/gpu=all"]),
    "",
    "[sepulcher]",
    "# Only this host reaches the engines, which ask for no password.",
    example("bind_address", "127.0.0.1"),
    "# Ports that are published ahead: a new Soulstone with one of them restarts no other.",
    example("reserve_ports", "8780-8799"),
    "",
    "# The Watchers come along by themselves: Prometheus looks at every engine, and Grafana shows it",
    "# in dashboards. `enabled = false` here leaves both out.",
    "[harvester]",
    ...portLines(ports.harvester),
    example("retention", "30d"),
    "",
    "[scribe]",
    ...portLines(ports.scribe),
    "",
    ...gpus.some(({ vendor }) => vendor === "NVIDIA")
      ? ["# Memory, power and temperature of the GPUs.", "[gpu_exporter]", "# enabled = true", ""]
      : [],
    ...ports.vessel.port === ports.vessel.usual ? [] : ["[vessel]", ...portLines(ports.vessel), ""],
  ].join("\n");
}

function portLines({ usual, port }: SettingsPorts["vessel"]): string[] {
  return port === usual
    ? [example("port", usual)]
    : [`# Port ${usual} is taken on this host.`, line("port", port)];
}

function gpuLine({ vendor, name, memoryMib, index }: HostGpu): string {
  const title = name.startsWith(vendor) ? name : `${vendor} ${name}`;
  const number = index === undefined ? "" : `${index}: `;
  const memory = memoryMib === undefined ? "" : `, ${memoryMib} MiB`;
  return `# ${number}${printable(title)}${memory}`;
}
