import { soulstoneUnit } from "../rune/names.ts";
import { type EngineName, type Plain, schemaLine, tomlKey, tomlValue } from "../codex/mod.ts";
import type { HostGpu } from "../doctor/mod.ts";
import { printable } from "../report/mod.ts";

/** The operator's choices for a new Soulstone. Undefined values are filled in. */
export interface SoulstoneRequest {
  readonly engine: EngineName;
  readonly name: string | undefined;
  readonly image: string | undefined;
  /** A repository id, or a path of the host. */
  readonly model: string | undefined;
  readonly port: number | "auto" | undefined;
  readonly covens: readonly string[];
  readonly slot: string | undefined;
  readonly capabilities: readonly string[];
  /** Undefined for the devices of `lychd.toml`. */
  readonly devices: readonly string[] | undefined;
}

/** A Soulstone, ready to be written. */
export interface NewSoulstone extends SoulstoneRequest {
  readonly name: string;
  readonly image: string;
  readonly port: number;
  /** True if the image does not show which engine it contains. */
  readonly isEngineNamed: boolean;
  readonly volumes: readonly string[];
}

/** The values of a new `lychd.toml`. */
export interface NewSettings {
  readonly bootCoven: string | undefined;
  readonly hasVessel: boolean;
  /** The digest of the key that clients of the front door need; undefined if they need none. */
  readonly keyDigest: string | undefined;
  readonly gpus: readonly HostGpu[];
  readonly devices: readonly string[];
  readonly ports: SettingsPorts;
}

/** The default port of each section, and a free one if the default is in use. */
export type SettingsPorts = Readonly<
  Record<"harvester" | "scribe" | "vessel", { readonly usual: number; readonly port: number }>
>;

/**
 * Returns the file of one Soulstone: its table, and common settings as comments. Each of these lines
 * is valid without its `#`.
 */
export function soulstoneText(soulstone: NewSoulstone): string {
  const { name, engine, covens, slot, capabilities, devices, volumes } = soulstone;
  return [
    schemaLine("soulstones"),
    "# This table is a Soulstone: one inference engine in a container. Its systemd service is",
    `# ${printable(soulstoneUnit(name).service)}. After a change, run: lychd render`,
    "",
    `[${tomlKey(name)}]`,
    line("image", soulstone.image),
    ...soulstone.isEngineNamed ? [line("engine", engine)] : [],
    "# The port of the engine. Every Soulstone needs its own.",
    line("port", soulstone.port),
    ...modelLines(soulstone),
    "# The Covens of this Soulstone. Two without a common Coven or different slots never run together.",
    covens.length > 0 ? line("groups", covens) : example("groups", ["chat"]),
    ...slot === undefined ? [] : [
      "# Soulstones with the same slot never run together; those with different slots may.",
      line("slot", slot),
    ],
    "# Tags for the abilities of this engine: `lychd summon TAG` starts it.",
    capabilities.length > 0
      ? line("capabilities", capabilities)
      : example("capabilities", ["text-generation"]),
    ...devices === undefined ? [] : [
      "# Replaces the devices of lychd.toml.",
      line("devices", devices),
    ],
    ...volumes.length === 0 ? [] : [
      volumes.some((volume) => /,z$/.test(volume))
        ? "# SOURCE:TARGET:OPTIONS; `ro` is read-only, `z` sets an SELinux label for containers."
        : "# SOURCE:TARGET:OPTIONS; `ro` is read-only.",
      line("volumes", volumes),
    ],
    "",
    ...engineLines(soulstone),
    "# The GPU memory that this engine uses, in MiB.",
    example("vram_mib", 16_000),
    "# Includes the pull of the image and the load of the model.",
    example("start_timeout_seconds", 3600),
    "",
  ].join("\n");
}

function line(key: string, value: Plain): string {
  return `${key} = ${tomlValue(value)}`;
}

function example(key: string, value: Plain): string {
  return `# ${line(key, value)}`;
}

/** The examples for each known engine: a model and flags, with comments. */
const ENGINES: Readonly<
  Record<
    Exclude<EngineName, "generic">,
    { model: string; withoutModel?: string; options: string; aboutOptions: string }
  >
> = {
  vllm: {
    model: "Qwen/Qwen3-8B",
    options: example("exec", ["--max-model-len", "16384", "--gpu-memory-utilization", "0.85"]),
    aboutOptions: "# Flags of vLLM; lychd adds the model, --host and --port.",
  },
  sglang: {
    model: "Qwen/Qwen3-8B",
    options: example("exec", ["--context-length", "16384", "--mem-fraction-static", "0.85"]),
    aboutOptions: "# Flags of SGLang; lychd adds the model, --host, --port and --enable-metrics.",
  },
  llamacpp: {
    model: "ggml-org/Qwen3-1.7B-GGUF:Q4_K_M",
    withoutModel: "# Without a model it serves several, and loads each at its first request.",
    options: example("exec", ["--ctx-size", "16384", "--n-gpu-layers", "99"]),
    aboutOptions: "# Flags of llama-server; lychd adds the model, --host, --port and --metrics.",
  },
  tabbyapi: {
    model: "/app/models/Qwen3-14B-exl3-4.0bpw",
    withoutModel: "# Without a model it starts empty; load one with its API.",
    options: example("exec", ["--max-seq-len", "16384"]),
    aboutOptions: "# Options of TabbyAPI; lychd adds the model, --host and --port.",
  },
  ollama: {
    model: "qwen3:8b",
    withoutModel: "# Without a model it serves several: a request names one.",
    options: '# env = { OLLAMA_CONTEXT_LENGTH = "16384" }',
    aboutOptions: "# Variables of Ollama; lychd sets OLLAMA_HOST.",
  },
};

function modelLines({ engine, model, volumes }: NewSoulstone): readonly string[] {
  if (model === undefined) {
    if (engine === "generic") return [];
    const { withoutModel, model: sample } = ENGINES[engine];
    return [...withoutModel === undefined ? [] : [withoutModel], example("model", sample)];
  }
  const about = volumes.length > 0 ? ["# A path in the container, mounted by `volumes`."] : [];
  return [...about, line("model", model)];
}

function engineLines({ name, engine, model, volumes, port }: NewSoulstone): readonly string[] {
  if (engine === "generic") {
    return [
      "# Pass the port to the program, either as a flag:",
      example("exec", ["--port", "{port}"]),
      "# or as a variable:",
      `# env = { PORT = ${tomlValue(String(port))} }`,
      "# A path that returns 2xx when the engine is ready. The start waits for it.",
      '# health = { path = "/health" }',
    ];
  }
  const isRepository = model !== undefined && volumes.length === 0;
  return [
    ENGINES[engine].aboutOptions,
    ENGINES[engine].options,
    ...engine === "ollama"
      ? [
        "# To download a model, while this Soulstone runs:",
        `#   podman exec ${soulstoneUnit(name).container} ollama pull ${
          printable(model ?? ENGINES.ollama.model)
        }`,
      ]
      : [],
    ...isRepository && engine !== "tabbyapi" && engine !== "ollama"
      ? [
        "# For a model that needs a login. Create the Podman secret with the token once:",
        "#   podman secret create hf-token -",
        example("secrets", ["hf-token,type=env,target=HF_TOKEN"]),
      ]
      : [],
  ];
}

/** Returns the file `lychd.toml`. */
export function settingsText(settings: NewSettings): string {
  const { bootCoven, gpus, devices, ports } = settings;
  return [
    schemaLine("lychd"),
    "# Settings of the whole host. Every line is optional and has a default.",
    "",
    "# The Coven that starts at boot. Without this line no engine does.",
    bootCoven === undefined ? example("boot_coven", "chat") : line("boot_coven", bootCoven),
    "",
    "[gpu]",
    ...gpus.map(gpuLine),
    "# The devices of every Soulstone without `devices` of its own.",
    devices.length > 0
      ? line("default_devices", devices)
      : example("default_devices", ["nvidia.com/gpu=all"]),
    "",
    "[sepulcher]",
    "# Only this host can reach the engines, which need no password.",
    example("bind_address", "127.0.0.1"),
    "# Ports to publish in advance: a new Soulstone on one of them does not restart the others.",
    example("reserve_ports", "8780-8799"),
    "",
    "# The Watchers: Prometheus collects metrics of every engine, and Grafana shows them in",
    "# dashboards. `enabled = false` here turns both off.",
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
    ...vesselLines(settings),
  ].join("\n");
}

function vesselLines({ hasVessel, keyDigest, ports: { vessel } }: NewSettings): string[] {
  if (!hasVessel) return vessel.port === vessel.usual ? [] : ["[vessel]", ...portLines(vessel), ""];
  return [
    "# The front door: one address for all engines. A request names a model, and its engine starts.",
    "[vessel]",
    line("enabled", true),
    ...portLines(vessel),
    "",
    ...keyDigest === undefined ? [] : [
      "# Other people have accounts on this host, so clients need a key. Its SHA-256 digest:",
      "[vessel.keys]",
      line("default", keyDigest),
      "",
    ],
  ];
}

function portLines({ usual, port }: SettingsPorts["vessel"]): string[] {
  return port === usual
    ? [example("port", usual)]
    : [`# Port ${usual} is in use on this host.`, line("port", port)];
}

function gpuLine({ vendor, name, memoryMib, index }: HostGpu): string {
  const title = name.startsWith(vendor) ? name : `${vendor} ${name}`;
  const number = index === undefined ? "" : `${index}: `;
  const memory = memoryMib === undefined ? "" : `, ${memoryMib} MiB`;
  return `# ${number}${printable(title)}${memory}`;
}
