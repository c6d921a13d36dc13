/**
 * What a scrape configuration of Prometheus may hold. Only what can be wrong by a slip of the hand is
 * here: names, types, durations. The rest is Prometheus' own to judge, when it reads the file.
 *
 * Source: prometheus/prometheus, config/config.go (ScrapeConfig, up to 3.13) and model/relabel;
 * prometheus/common, config/http_config.go and model/time.go.
 */
import type { TomlPath } from "./toml.ts";

/** Something that a scrape configuration cannot have. */
export type ShapeFault =
  | { readonly path: TomlPath; readonly unknown: string; readonly known: readonly string[] }
  | { readonly path: TomlPath; readonly takes: string };

interface Scalar {
  /** In words, behind "it takes". */
  readonly takes: string;
  readonly fits: (value: unknown) => boolean;
}

type Fields = Readonly<Record<string, Shape>>;

type Shape =
  | Scalar
  | { readonly fields: Fields }
  /** A table with keys of the operator's own. */
  | { readonly entries: Shape }
  | { readonly items: Shape };

const DURATION = /^(?:0|(?=\d)(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?)$/;
const SIZE = /^(?:0|(?:\d+(?:\.\d+)?(?:B|[KMGTPE]i?B))+)$/;
const FORMATS = [
  ...["PrometheusProto", "OpenMetricsText1.0.0", "OpenMetricsText0.0.1"],
  ...["PrometheusText1.0.0", "PrometheusText0.0.4"],
];

// YAML gives a number as text to who asks for text.
const text: Scalar = {
  takes: "text",
  fits: (value) => ["string", "number", "boolean"].includes(typeof value),
};
const flag: Scalar = { takes: "true or false", fits: (value) => typeof value === "boolean" };
const number: Scalar = { takes: "a number", fits: (value) => typeof value === "number" };
const count: Scalar = {
  takes: "a whole number from 0 on",
  fits: (value) => Number.isInteger(value) && Number(value) >= 0,
};
const duration: Scalar = {
  takes: "a duration such as 30s, 5m or 1h30m",
  fits: (value) => typeof value === "string" && DURATION.test(value),
};
const size: Scalar = {
  takes: "a size such as 10MB",
  fits: (value) => typeof value === "string" && SIZE.test(value),
};
const target: Scalar = {
  takes: "HOST:PORT, without http:// and path: those are `scheme` and `metrics_path`",
  fits: (value) => text.fits(value) && !String(value).includes("/"),
};

function oneOf(...words: readonly string[]): Scalar {
  return {
    takes: `one of ${words.join(", ")}`,
    fits: (value) => typeof value === "string" && words.includes(value),
  };
}

const texts: Shape = { items: text };
const secretFields = (...names: readonly string[]): Fields =>
  Object.fromEntries(
    names.flatMap((name) => [name, `${name}_file`, `${name}_ref`]).map((name) => [name, text]),
  );

const TLS: Shape = {
  fields: {
    ...secretFields("ca", "cert", "key"),
    server_name: text,
    insecure_skip_verify: flag,
    min_version: oneOf("TLS10", "TLS11", "TLS12", "TLS13"),
    max_version: oneOf("TLS10", "TLS11", "TLS12", "TLS13"),
  },
};

const PROXY: Fields = {
  proxy_url: text,
  no_proxy: text,
  proxy_from_environment: flag,
  proxy_connect_header: { entries: texts },
};

const HTTP: Fields = {
  basic_auth: { fields: secretFields("username", "password") },
  authorization: { fields: { type: text, ...secretFields("credentials") } },
  oauth2: {
    fields: {
      client_id: text,
      ...secretFields("client_secret"),
      scopes: texts,
      token_url: text,
      endpoint_params: { entries: text },
      tls_config: TLS,
      ...PROXY,
    },
  },
  bearer_token: text,
  bearer_token_file: text,
  tls_config: TLS,
  follow_redirects: flag,
  enable_http2: flag,
  http_headers: { entries: { fields: { values: texts, secrets: texts, files: texts } } },
  ...PROXY,
};

const RELABELLING: Shape = {
  items: {
    fields: {
      source_labels: texts,
      separator: text,
      regex: text,
      modulus: count,
      target_label: text,
      replacement: text,
      action: {
        takes: "one of replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, " +
          "labelkeep, lowercase, uppercase",
        fits: (value) =>
          typeof value === "string" &&
          /^(?:replace|(?:keep|drop)(?:equal)?|hashmod|label(?:map|drop|keep)|(?:low|upp)ercase)$/i
            .test(value),
      },
    },
  },
};

/** How targets are found; what each way takes is its own to say. */
const DISCOVERIES = (
  "aws azure consul digitalocean dns docker dockerswarm ec2 eureka file gce hetzner http ionos " +
  "kubernetes kuma lightsail linode marathon nerve nomad openstack ovhcloud puppetdb scaleway " +
  "serverset stackit triton uyuni vultr"
).split(" ").map((way) => `${way}_sd_configs`);

const anyTable: Shape = { entries: { takes: "a value", fits: () => true } };

const SCRAPE_CONFIG: Fields = {
  job_name: text,
  honor_labels: flag,
  honor_timestamps: flag,
  track_timestamps_staleness: flag,
  params: { entries: texts },
  scrape_interval: duration,
  scrape_timeout: duration,
  scrape_protocols: { items: oneOf(...FORMATS) },
  fallback_scrape_protocol: oneOf(...FORMATS),
  scrape_native_histograms: flag,
  always_scrape_classic_histograms: flag,
  scrape_classic_histograms: flag,
  convert_classic_histograms_to_nhcb: flag,
  extra_scrape_metrics: flag,
  scrape_failure_log_file: text,
  metrics_path: text,
  scheme: oneOf("http", "https"),
  enable_compression: flag,
  body_size_limit: size,
  ...Object.fromEntries(
    [
      ...["sample_limit", "target_limit", "label_limit", "label_name_length_limit"],
      ...["label_value_length_limit", "native_histogram_bucket_limit", "keep_dropped_targets"],
    ].map((name) => [name, count]),
  ),
  native_histogram_min_bucket_factor: number,
  metric_name_validation_scheme: oneOf("legacy", "utf8"),
  metric_name_escaping_scheme: oneOf("allow-utf-8", "underscores", "dots", "values"),
  ...HTTP,
  relabel_configs: RELABELLING,
  metric_relabel_configs: RELABELLING,
  static_configs: { items: { fields: { targets: { items: text }, labels: { entries: text } } } },
  ...Object.fromEntries(DISCOVERIES.map((name) => [name, { items: anyTable }])),
};

/**
 * What is wrong with the fields of a scrape configuration: names that Prometheus does not know, values
 * of another type, durations that it cannot read.
 *
 * @example
 * ```ts
 * import { shapeFaults } from "./scrape_config_shape.ts";
 * shapeFaults({ job_name: "a", scrape_interval: "10 s" }).map(({ path }) => path); // [["scrape_interval"]]
 * ```
 */
export function shapeFaults(config: Readonly<Record<string, unknown>>): ShapeFault[] {
  const faults = faultsIn(config, { fields: SCRAPE_CONFIG }, []);
  return faults.length > 0 ? faults : [...urlFaults(config), ...timeoutFaults(config)];
}

function faultsIn(value: unknown, shape: Shape, path: TomlPath): ShapeFault[] {
  if ("fits" in shape) return shape.fits(value) ? [] : [{ path, takes: shape.takes }];
  if ("items" in shape) {
    if (!Array.isArray(value)) return [{ path, takes: "a list" }];
    return value.flatMap((item, i) => faultsIn(item, shape.items, [...path, i]));
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return [{ path, takes: "a table" }];
  }
  return Object.entries(value).flatMap(([key, inner]): ShapeFault[] => {
    if ("entries" in shape) return faultsIn(inner, shape.entries, [...path, key]);
    const { fields } = shape;
    return Object.hasOwn(fields, key)
      ? faultsIn(inner, fields[key]!, [...path, key])
      : [{ path, unknown: key, known: Object.keys(fields) }];
  });
}

/** Prometheus takes a URL as a target only where a rule may still make an address of it. */
function urlFaults(config: Readonly<Record<string, unknown>>): ShapeFault[] {
  const rules = config["relabel_configs"];
  if (Array.isArray(rules) && rules.length > 0) return [];
  const groups = { items: { fields: { targets: { items: target }, labels: anyTable } } };
  return config["static_configs"] === undefined
    ? []
    : faultsIn(config["static_configs"], groups, ["static_configs"]);
}

/** It refuses one that is longer than the pause between two scrapes. */
function timeoutFaults(config: Readonly<Record<string, unknown>>): ShapeFault[] {
  const { scrape_interval: interval, scrape_timeout: timeout } = config;
  if (typeof interval !== "string" || typeof timeout !== "string") return [];
  return milliseconds(interval) > 0 && milliseconds(timeout) > milliseconds(interval)
    ? [{ path: ["scrape_timeout"], takes: "no more than `scrape_interval`" }]
    : [];
}

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
};

function milliseconds(text: string): number {
  return [...text.matchAll(/(\d+)(ms|[ywdhms])/g)]
    .reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS[unit ?? ""] ?? 0), 0);
}
