/**
 * The fields of a Codex. An `error` text is a code of the catalogue. Descriptions are Markdown for
 * docs/codex.md and for editors. `zod/mini` loads in two thirds of the time of `zod`.
 */
import * as z from "zod/mini";
import type { ValueCode } from "../report/catalogue.ts";
import { ENGINES, PREFERENCES, QUADLET_SECTIONS } from "./kinds.ts";
import { EDITOR, SECRET_NAME } from "./patterns.ts";
import { parsePortalUrl, PORTAL_URL } from "./portal_url.ts";

const about = z.describe;

/** The names of Soulstones, groups and capabilities: safe in unit names, labels and shells. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** A name of a group. `idle_coven = "none"` stops all engines, so no Coven may have that name. */
const GROUP = /^(?!none$)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

function whole(minimum: number, maximum: number, error?: ValueCode) {
  const options = error === undefined ? {} : { error };
  return z.int(options).check(z.gte(minimum, options), z.lte(maximum, options));
}

function matching(pattern: RegExp, error: ValueCode) {
  return z.string().check(z.regex(pattern, { error }));
}

const port = whole(1, 65_535, "port-invalid");
const seconds = whole(1, 86_400);
const mebibytes = whole(1, 2 ** 30);
/** At most one week. */
const idleMinutes = whole(1, 10_080);
const secretName = matching(SECRET_NAME, "secret-name-invalid");
const on = z._default(z.boolean(), true);
const off = z._default(z.boolean(), false);

// Quadlet reads a name that ends in .image or .build as a reference to another unit.
const image = z.string().check(
  z.maxLength(512),
  z.regex(
    /^(?!.*\.(?:image|build)$)(?:[A-Za-z0-9.-]+(?::\d+)?\/)?[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@sha256:[a-f0-9]{64})?$/,
    { error: "image-invalid" },
  ),
);

const device = matching(
  /^(?!.*\.\.)(?:\/dev\/[A-Za-z0-9._\/-]+(?::\/[A-Za-z0-9._\/-]+)?(?::[rwm]{1,3})?|[a-zA-Z0-9][a-zA-Z0-9.-]*\/[a-zA-Z0-9._-]+=[a-zA-Z0-9._:-]+)$/,
  "device-invalid",
);

/** The names that a model may have: those of Hugging Face, of registries and of providers. */
export const ALIAS = /^[A-Za-z0-9@][A-Za-z0-9@._:\/+-]{0,255}$/;

const alias = matching(ALIAS, "alias-invalid");

const request = z.strictObject({
  set: z._default(z.record(z.string(), z.unknown()), {})
    .check(about("Parameters that every request gets, whatever the client sends.")),
  strip: z._default(z.array(z.string()), [])
    .check(about("Parameters that are removed from every request.")),
});

const quadletValue = z.union([
  z.string(),
  // JavaScript would print a larger number with other digits.
  z.number().check(z.gte(Number.MIN_SAFE_INTEGER), z.lte(Number.MAX_SAFE_INTEGER)),
  z.boolean(),
]);

const quadlet = z._default(
  z.record(
    z.string().check(z.meta({ enum: [...QUADLET_SECTIONS] })),
    z.record(z.string(), z.union([quadletValue, z.array(quadletValue)])),
  ),
  {},
).check(about("Additional keys of the unit, by section. A value is a scalar or a list."));

const health = z.strictObject({
  path: z.optional(matching(/^\/[A-Za-z0-9._~/?&=%+-]*$/, "health-path-invalid"))
    .check(about("The HTTP path to request. The engine is ready when the status is 2xx.")),
  cmd: z.optional(z.string().check(z.minLength(1), z.meta({ pattern: EDITOR.shellLine })))
    .check(about("The shell command to run in the container. Ready means exit status 0.")),
  interval_seconds: z._default(seconds, 30)
    .check(about("The time between two health checks after the engine is ready.")),
  timeout_seconds: z._default(seconds, 5)
    .check(about("The time after which a health check fails.")),
  retries: z._default(whole(1, 1000), 3)
    .check(about("The number of consecutive failures that make the engine unhealthy.")),
});

const metrics = z.strictObject({
  enabled: on.check(about("If true, the Harvester collects metrics from the engine.")),
  path: z.optional(matching(/^\/[A-Za-z0-9._~/-]*$/, "metrics-path-invalid"))
    .check(about("The HTTP path of the Prometheus metrics. Set by `engine` if omitted.")),
  secret: z.optional(secretName)
    .check(about("The Podman secret to send as `Authorization: Bearer` token.")),
});

/** One table of a file below `soulstones/`. */
export const soulstoneSchema = z.strictObject({
  image: image.check(about("The container image, as `podman pull` accepts it.")),
  port: port.check(about("The port that the engine listens on. Unique in the Codex.")),
  groups: z._default(z.array(matching(GROUP, "group-invalid")), [])
    .check(about(
      "The Covens it belongs to. Soulstones with no common Coven never run together, unless they " +
        "have different slots.",
    )),
  slot: z.optional(matching(NAME, "slot-invalid")).check(about(
    "The place that it takes, such as `chat`. Soulstones with the same slot never run together, and " +
      "those with different slots may. A Coven has at most one Soulstone of each slot.",
  )),
  capabilities: z._default(z.array(matching(NAME, "capability-invalid")), [])
    .check(about("Tags for what the engine can do. `lychd summon` accepts them as a wish.")),
  aliases: z._default(z.array(alias), []).check(about(
    "Other model names by which clients of the Vessel (the front door) reach the engine, such as " +
      "`gpt-4o`. Unique over all names of Soulstones, aliases, Covens and capabilities.",
  )),
  exec: z.optional(z.union([z.array(z.string()), z.string()]))
    .check(about("Arguments for the engine, or its full command. `{port}` expands to the port.")),
  port_expose: on
    .check(
      about(
        "If true, the port is published on the host. If false, only containers of the pod can reach it.",
      ),
    ),
  description: z.optional(z.string().check(z.minLength(1), z.meta({ pattern: EDITOR.line })))
    .check(about("A description of one line.")),
  engine: z.optional(z.enum(ENGINES, { error: "engine-unknown" }))
    .check(about("The profile for port, model, health and metrics. Detected from the image.")),
  // A leading `-` would be read as a flag, and Quadlet cannot represent a lone `;`.
  model: z.optional(matching(/^[^-;\s\p{Cc}](?:[^\p{Cc}]*[^\s\p{Cc}])?$/u, "model-invalid"))
    .check(about("The model: a repository ID, or a path in the container.")),
  devices: z.optional(z.array(device))
    .check(about("CDI names or paths below `/dev`. Set by `gpu.default_devices` if omitted.")),
  env: z._default(z.record(z.string().check(z.meta({ pattern: EDITOR.variable })), z.string()), {})
    .check(about("Environment variables.")),
  secrets: z._default(z.array(z.string().check(z.meta({ pattern: EDITOR.secret }))), [])
    .check(about("Podman secrets, as `NAME[,type=env,target=VARIABLE]`.")),
  volumes: z._default(z.array(z.string().check(z.meta({ pattern: EDITOR.volume }))), [])
    .check(about(
      "`SOURCE:TARGET[:OPTIONS]`. SOURCE is a path, `~/...`, or the name of a volume. With SELinux an " +
        "engine may read a path only if its label allows it: the option `z` sets one. `lychd check` does " +
        "not know the host, so `lychd doctor` reports it.",
    )),
  health: z.optional(health).check(about("The health check of the engine.")),
  metrics: z.optional(metrics).check(about("The metrics that the Harvester collects.")),
  start_timeout_seconds: z.optional(seconds)
    .check(about("The time limit of a start, image pull and model load included.")),
  stop_timeout_seconds: z._default(whole(0, 3600), 10)
    .check(about("The time between SIGTERM and SIGKILL.")),
  concurrency: z.optional(whole(1, 10_000))
    .check(about("The number of requests that the Vessel sends at once. More of them wait.")),
  idle_minutes: z.optional(idleMinutes)
    .check(about("The time without requests after which the Vessel stops the engine.")),
  request: z.optional(request).check(about(
    "The top-level parameters that the Vessel changes in JSON requests to the engine.",
  )),
  vram_mib: z.optional(mebibytes).check(about("The GPU memory that the engine needs.")),
  resident: off.check(
    about("If true, it is a member of every Coven, and no other engine stops it."),
  ),
  quadlet,
});

/** The fields of a Soulstone, with defaults. */
export type SoulstoneFields = z.infer<typeof soulstoneSchema>;

/** A file in `portals/`. */
export const portalSchema = z.strictObject({
  url: z.string().check(
    z.regex(PORTAL_URL, { error: "portal-url-invalid" }),
    z.refine((url) => parsePortalUrl(url) !== undefined, { error: "portal-url-invalid" }),
  ).check(about(
    "The address of the API, as clients of OpenAI take it, such as `https://garage.lan/v1`. Without a " +
      "path it is `/v1`.",
  )),
  models: z.optional(z.array(alias)).check(about(
    "The models to use. If omitted, those that the Portal lists at `/models`, now and then asked again.",
  )),
  aliases: z._default(z.record(z.string().check(z.meta({ pattern: ALIAS.source })), alias), {})
    .check(about(
      "Other names, each with the model of the Portal that it means. The name of a Soulstone makes the " +
        "Portal a second place for the same model.",
    )),
  capabilities: z._default(z.record(z.string().check(z.meta({ pattern: NAME.source })), alias), {})
    .check(about("Capabilities, each with the model of the Portal that has it.")),
  key_secret: z.optional(secretName)
    .check(about("The Podman secret with the key of the Portal. The Codex never has the key.")),
  timeout_seconds: z._default(seconds, 600)
    .check(about("The longest time without a byte of an answer.")),
  prefer: z._default(z.enum(PREFERENCES), "local").check(about(
    "`local`: what runs on this host comes first, then what the Portal has loaded, then a start on this " +
      "host. `portal`: the Portal comes first. `fallback`: the Portal comes last.",
  )),
  ca_file: z.optional(matching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.pem$/, "portal-ca-name-invalid"))
    .check(about(
      "A file in `portals/` with the certificate (PEM) of an own CA. It is trusted for this Portal, " +
        "besides the public ones.",
    )),
});

/** The fields of a Portal, with defaults. */
export type PortalFields = z.infer<typeof portalSchema>;

// Prometheus counts in nanoseconds of 64 bits, so 292 years are too long.
const duration = matching(
  /^(?=.)(?:[1-9]\d?y)?(?:[1-9]\d{0,3}w)?(?:[1-9]\d{0,3}d)?(?:[1-9]\d{0,3}h)?$/,
  "duration-invalid",
);

const harvester = z.strictObject({
  enabled: on.check(about("If true, the Harvester (Prometheus) runs.")),
  image: z._default(image, "docker.io/prom/prometheus:v3.13.2")
    .check(about("The container image.")),
  port: z._default(port, 9090).check(about("The port on the host.")),
  retention: z._default(duration, "30d")
    .check(about("The time that metrics are kept, such as `15d` or `1y`.")),
  // The shortest range of the rules must contain two of the longest interval.
  scrape_interval_seconds: z._default(whole(1, 60), 10)
    .check(about("The time between two scrapes of engines and units.")),
  extra_scrape_configs: z._default(z.array(z.record(z.string(), z.unknown())), [])
    .check(about("Additional entries of `scrape_configs` in `prometheus.yml`, unchanged.")),
  quadlet,
});

const scribe = z.strictObject({
  enabled: z.optional(z.boolean())
    .check(about("If true, the Scribe (Grafana) runs. Set by `harvester.enabled` if omitted.")),
  image: z._default(image, "docker.io/grafana/grafana:13.2.3").check(about("The container image.")),
  port: z._default(port, 3000).check(about("The port on the host.")),
  anonymous_viewer: on
    .check(about("If true, everyone who can reach the port can view dashboards without login.")),
  admin_password_secret: z.optional(secretName)
    .check(about("The Podman secret with the initial password of `admin`. No login if omitted.")),
  quadlet,
});

const gpuExporter = z.strictObject({
  enabled: off.check(about("If true, the GPU exporter collects metrics of NVIDIA GPUs.")),
  image: z._default(image, "docker.io/utkuozdemir/nvidia_gpu_exporter:1.14.0")
    .check(about("The container image.")),
  port: z._default(port, 9835).check(about("The port in the pod. It is not published.")),
  devices: z._default(z.array(device), ["nvidia.com/gpu=all"])
    .check(about("The CDI names or paths of the GPUs.")),
  quadlet,
});

// With the pattern of the JSON Schema, which does not match `::ffff:1.2.3.4`.
const IPV6 = z.ipv6().check(z.regex(z.regexes.ipv6));

const address = z.union([z.ipv4(), IPV6], { error: "address-invalid" });

const sepulcher = z.strictObject({
  name: z._default(
    matching(
      /^(?!soulstone-|lychd-(?:harvester|scribe|gpu-exporter)$)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
      "pod-name-invalid",
    ),
    "lychd",
  ).check(about("The name of the pod.")),
  bind_address: z._default(address, "127.0.0.1")
    .check(about("The host address that ports are published on.")),
  shm_size_mib: z._default(mebibytes, 32_768)
    .check(about("The upper limit of shared memory for all engines together.")),
  reserve_ports: z.optional(matching(/^\d{1,5}-\d{1,5}$/, "port-range-invalid"))
    .check(about("Ports to publish in advance for new Soulstones, as `FIRST-LAST`.")),
});

const defaultDevices = z.optional(z.array(device))
  .check(about("The devices of each Soulstone without `devices`."));

// As browsers send it: in lower case, and without the default port.
const origin = matching(
  /^(?!http:.*:80$|https:.*:443$)[a-z][a-z0-9+.-]*:\/\/(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/,
  "origin-invalid",
);

// Not the digest of nothing: a command that failed to make a key has no output.
const keyDigest = matching(
  /^sha256:(?!e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855$)[0-9a-f]{64}$/,
  "key-digest-invalid",
);

const vessel = z.strictObject({
  enabled: off.check(about(
    "If true, the Vessel (the front door) runs: one address for all engines, which it starts and stops " +
      "as requests need them.",
  )),
  port: z._default(port, 8081)
    .check(about("The port on the host. It is reserved even if the Vessel is disabled.")),
  bind_address: z._default(address, "127.0.0.1").check(about(
    "The address to listen on. With 127.0.0.1 it also listens on ::1. Any other than this host needs " +
      "`keys`.",
  )),
  keys: z._default(
    z.record(z.string().check(z.meta({ pattern: NAME.source })), keyDigest),
    {},
  ).check(about(
    "The keys of clients: a name for each, and the SHA-256 digest of the key. With a key, every request " +
      "needs one.",
  )),
  allowed_origins: z._default(z.array(origin), [])
    .check(
      about("The origins of web pages that may send requests, such as `http://localhost:3001`."),
    ),
  linger_seconds: z._default(whole(0, 3600), 3)
    .check(about("The time without requests before an engine is stopped for another one.")),
  queue_limit: z._default(whole(1, 65_536), 512)
    .check(
      about("The number of requests that may wait. More of them are refused with status 503."),
    ),
  wait_seconds: z._default(seconds, 600)
    .check(about("The time that a request may wait before it is refused.")),
  drain_seconds: z._default(seconds, 600).check(about(
    "The time that requests under way have to finish before their engine is stopped for another one.",
  )),
  idle_coven: z.optional(matching(NAME, "group-invalid")).check(about(
    "The Coven to start after `idle_minutes` without requests, or `none` to stop all engines. Set by " +
      "`boot_coven` if omitted.",
  )),
  idle_minutes: z.optional(idleMinutes)
    .check(about("The time without requests after which `idle_coven` starts.")),
  loading_message: off.check(about(
    "If true, a stream that waits shows its state as text of the model's reasoning.",
  )),
  max_body_mib: z._default(whole(1, 512), 64)
    .check(about("The size limit of one request. All together may have 512 MiB.")),
});

const domain = matching(
  /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/,
  "cluster-name-invalid",
);

const kubernetes = z.strictObject({
  namespace: z._default(
    matching(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/, "cluster-name-invalid"),
    "lychd",
  ).check(about("The namespace of all objects.")),
  gpu: z._default(z.enum(["slices", "dra"]), "slices").check(about(
    "`slices`: an engine takes as many `nvidia.com/gpu` as its command uses GPUs, which need time " +
      "slicing. `dra`: all engines share one ResourceClaim, which needs Kubernetes 1.34.",
  )),
  storage_class: z.optional(domain)
    .check(about("The storage class of volumes. The default of the cluster if omitted.")),
  access_mode: z._default(z.enum(["ReadWriteOnce", "ReadWriteMany"]), "ReadWriteOnce").check(about(
    "`ReadWriteMany` lets engines on several hosts share a volume, if the storage class can.",
  )),
  volume_gib: z._default(whole(1, 1_048_576), 200)
    .check(about("The size of each volume. Some storage classes ignore it.")),
  image_pull_secrets: z._default(z.array(domain), [])
    .check(about("The secrets with the logins of registries.")),
  node_selector: z._default(
    z.array(matching(
      /^(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?=(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/,
      "node-label-invalid",
    )),
    [],
  ).check(about("The labels of the hosts on which engines may run, as `NAME=VALUE`.")),
});

/** The file `lychd.toml`. */
export const lychdSchema = z.strictObject({
  boot_coven: z.optional(matching(GROUP, "group-invalid"))
    .check(about("The Coven to start at boot.")),
  wait_for_network: off.check(about("If true, units start after the host is online.")),
  sepulcher: z.prefault(sepulcher, {}),
  gpu: z.prefault(z.strictObject({ default_devices: defaultDevices }), {}),
  harvester: z.prefault(harvester, {}),
  scribe: z.prefault(scribe, {}),
  gpu_exporter: z.prefault(gpuExporter, {}),
  vessel: z.prefault(vessel, {}),
  kubernetes: z.prefault(kubernetes, {}),
});

/** The fields of `lychd.toml`, with defaults. */
export type LychdFields = z.infer<typeof lychdSchema>;
