/**
 * The fields of a Codex and what they may hold. An `error` text that is a code of the catalogue
 * names the fault; every other fault is told by its kind. Descriptions are Markdown for the
 * reference and for editors.
 */
import * as z from "zod";
import { ENGINES, QUADLET_SECTIONS } from "./kinds.ts";
import { SECRET_NAME, WRITTEN } from "./written.ts";

/** What Soulstones, groups and capabilities may be called: safe in unit names, labels and shells. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const port = z.int({ error: "port-invalid" }).min(1, { error: "port-invalid" })
  .max(65535, { error: "port-invalid" });

// As `podman pull` reads a name; one that ends in .image or .build is a unit of its own to Quadlet.
const image = z.string().max(512).regex(
  /^(?!.*\.(?:image|build)$)(?:[A-Za-z0-9.-]+(?::\d+)?\/)?[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@sha256:[a-f0-9]{64})?$/,
  { error: "image-invalid" },
);

const seconds = z.int().min(1).max(86_400);

const device = z.string().regex(
  /^(?!.*\.\.)(?:\/dev\/[A-Za-z0-9._\/-]+(?::\/[A-Za-z0-9._\/-]+)?(?::[rwm]{1,3})?|[a-zA-Z0-9][a-zA-Z0-9.-]*\/[a-zA-Z0-9._-]+=[a-zA-Z0-9._:-]+)$/,
  { error: "device-invalid" },
);

const quadletValue = z.union([
  z.string(),
  // A larger one would be written with other digits.
  z.number().min(Number.MIN_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER),
  z.boolean(),
]);

const health = z.strictObject({
  path: z.string().regex(/^\/[A-Za-z0-9._~/?&=%+-]*$/, { error: "health-path-invalid" }).optional()
    .describe("asked by HTTP on the Soulstone's port; ready when the answer is 2xx"),
  cmd: z.string().min(1).meta({ pattern: WRITTEN.shellLine }).optional()
    .describe("a shell command inside the container; ready when it exits 0"),
  interval_seconds: seconds.default(30).describe("pause between checks once it is ready"),
  timeout_seconds: seconds.default(5).describe("after this time a check has failed"),
  retries: z.int().min(1).max(1000).default(3)
    .describe("failed checks in a row that make it unhealthy"),
});

const secretName = z.string().regex(SECRET_NAME, {
  error: "secret-name-invalid",
});

const metrics = z.strictObject({
  enabled: z.boolean().default(true).describe("whether the Harvester asks it for metrics"),
  path: z.string().regex(/^\/[A-Za-z0-9._~/-]*$/, { error: "metrics-path-invalid" }).optional()
    .describe("where it answers in Prometheus' text format; default: as the engine does"),
  secret: secretName.optional()
    .describe("the Podman secret with the key that it asks for, as `Authorization: Bearer`"),
});

const passthrough = z.record(
  z.string().meta({ enum: [...QUADLET_SECTIONS] }),
  z.record(z.string(), z.union([quadletValue, z.array(quadletValue)])),
)
  .default({}).describe("keys passed through to the unit: section, key, value or values");

/** One table of a file below `soulstones/`. */
export const soulstoneSchema = z.strictObject({
  image: image.describe("the container image, as `podman pull` takes it"),
  port: port.describe("where the engine listens; unique in the whole Codex"),
  groups: z.array(z.string().regex(NAME, { error: "group-invalid" })).default([])
    .describe("the Covens it belongs to; Soulstones that share none never run together"),
  capabilities: z.array(z.string().regex(NAME, { error: "capability-invalid" })).default([])
    .describe("what it can do; `lychd` finds it by these"),
  exec: z.union([z.array(z.string()), z.string()]).optional()
    .describe("flags for the engine, or its whole command; `{port}` stands for the port"),
  port_expose: z.boolean().default(true)
    .describe("whether the port can be reached from the host, or from inside the pod only"),
  description: z.string().min(1).meta({ pattern: WRITTEN.line }).optional().describe(
    "one line for people",
  ),
  engine: z.enum(ENGINES, { error: "engine-unknown" }).optional()
    .describe("how port, model, health and metrics are set; guessed from the image"),
  // A first `-` would be read as a flag, and a lone `;` cannot be carried.
  model: z.string().regex(/^[^-;\s\p{Cc}](?:[^\p{Cc}]*[^\s\p{Cc}])?$/u, { error: "model-invalid" })
    .optional().describe("a repository id, or a path in the container"),
  devices: z.array(device).optional()
    .describe("CDI names or paths below /dev; default: `default_devices` of lychd.toml"),
  env: z.record(z.string().meta({ pattern: WRITTEN.variable }), z.string()).default({})
    .describe("environment variables"),
  secrets: z.array(z.string().meta({ pattern: WRITTEN.secret })).default([])
    .describe("Podman secrets: `NAME[,type=env,target=VARIABLE]`"),
  volumes: z.array(z.string().meta({ pattern: WRITTEN.volume })).default([])
    .describe("`SOURCE:TARGET[:OPTIONS]`; the source is a path, `~/…`, or the name of a volume"),
  health: health.optional().describe("how to tell that it answers"),
  metrics: metrics.optional().describe("how the Harvester asks it for metrics"),
  start_timeout_seconds: seconds.optional()
    .describe("pull of the image and load of the model included"),
  stop_timeout_seconds: z.int().min(0).max(3600).default(10)
    .describe("from SIGTERM to SIGKILL"),
  vram_mib: z.int().min(1).max(2 ** 30).optional().describe("GPU memory that it takes, in MiB"),
  resident: z.boolean().default(false)
    .describe("member of every Coven: runs beside everything and is never stopped"),
  quadlet: passthrough,
});

/** A Soulstone as its table says it, defaults filled in. */
export type SoulstoneFields = z.infer<typeof soulstoneSchema>;

// Prometheus counts in nanoseconds of 64 bits: 292 years are too many.
const duration = z.string().regex(
  /^(?=.)(?:[1-9]\d?y)?(?:[1-9]\d{0,3}w)?(?:[1-9]\d{0,3}d)?(?:[1-9]\d{0,3}h)?$/,
  { error: "duration-invalid" },
);

const harvester = z.strictObject({
  enabled: z.boolean().default(true).describe("whether Prometheus runs"),
  image: image.default("docker.io/prom/prometheus:v3.13.2").describe("its container image"),
  port: port.default(9090).describe("where it is reached"),
  retention: duration.default("30d").describe("how long metrics are kept: `15d`, `1y`"),
  // The shortest window of the rules holds two of the longest interval.
  scrape_interval_seconds: z.int().min(1).max(60).default(10)
    .describe("pause between two looks at an engine, and at the units"),
  extra_scrape_configs: z.array(z.record(z.string(), z.unknown())).default([])
    .describe("more entries for `scrape_configs` of prometheus.yml, as Prometheus takes them"),
  quadlet: passthrough,
});

const scribe = z.strictObject({
  enabled: z.boolean().optional().describe("whether Grafana runs; default: as the Harvester"),
  image: image.default("docker.io/grafana/grafana:13.2.3").describe("its container image"),
  port: port.default(3000).describe("where it is reached"),
  anonymous_viewer: z.boolean().default(true)
    .describe("whether everybody who reaches the port may look, without a login"),
  admin_password_secret: secretName.optional()
    .describe("the Podman secret with the first password of `admin`; without it nobody logs in"),
  quadlet: passthrough,
});

const gpuExporter = z.strictObject({
  enabled: z.boolean().default(false).describe("whether GPUs of NVIDIA are watched"),
  image: image.default("docker.io/utkuozdemir/nvidia_gpu_exporter:1.14.0").describe(
    "its container image",
  ),
  port: port.default(9835).describe("where it answers, inside of the pod only"),
  devices: z.array(device).default(["nvidia.com/gpu=all"]).describe("what it watches"),
  quadlet: passthrough,
});

/** As the pattern that JSON Schema has: else an IPv4 address in the form of IPv6 passed here alone. */
const IPV6 = z.ipv6().regex(z.regexes.ipv6);

/** The file `lychd.toml`. */
export const lychdSchema = z.strictObject({
  boot_coven: z.string().regex(NAME, { error: "group-invalid" }).optional()
    .describe("the Coven that starts with the host"),
  wait_for_network: z.boolean().default(false)
    .describe("whether units wait until the system calls the network online"),
  sepulcher: z.strictObject({
    name: z.string().regex(
      /^(?!soulstone-|lychd-(?:harvester|scribe|gpu-exporter)$)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
      {
        error: "pod-name-invalid",
      },
    ).default("lychd")
      .describe("the name of the pod"),
    bind_address: z.union([z.ipv4(), IPV6], { error: "address-invalid" }).default("127.0.0.1")
      .describe("the address of the host on which ports are published"),
    shm_size_mib: z.int().min(1).max(2 ** 30).default(32_768)
      .describe("upper limit of the shared memory of all engines together, in MiB"),
    reserve_ports: z.string().regex(/^\d{1,5}-\d{1,5}$/, { error: "port-range-invalid" }).optional()
      .describe("`FIRST-LAST`: published ahead, so that Soulstones in it come without a new pod"),
  }).prefault({}),
  gpu: z.strictObject({
    default_devices: z.array(device).optional()
      .describe("devices of every Soulstone that names none"),
  }).prefault({}),
  harvester: harvester.prefault({}),
  scribe: scribe.prefault({}),
  gpu_exporter: gpuExporter.prefault({}),
  vessel: z.strictObject({
    port: port.default(8081).describe("kept free for the front door"),
  }).prefault({}),
});

/** `lychd.toml`, defaults filled in. */
export type LychdFields = z.infer<typeof lychdSchema>;
