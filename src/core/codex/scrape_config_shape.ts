/**
 * The fields of a Prometheus scrape configuration, to find typos before Prometheus does. It alone
 * checks service discovery, OAuth, HTTP headers, and the words of protocols and TLS versions.
 *
 * Source: prometheus/prometheus, config/config.go (ScrapeConfig, up to 3.13) and model/relabel;
 * prometheus/common, config/http_config.go and model/time.go.
 */
import type { TomlPath } from "./toml.ts";

/** A field that Prometheus does not know, or a value that it refuses. */
export type ShapeProblem =
  | { readonly path: TomlPath; readonly unknown: string; readonly known: readonly string[] }
  | { readonly path: TomlPath; readonly rule: string };

const DURATION =
  /^(?:0|(?=\d)(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?)$/;
const UNITS_MS = [365 * 86_400_000, 7 * 86_400_000, 86_400_000, 3_600_000, 60_000, 1000, 1];
const ACTIONS = [
  ...["replace", "keep", "drop", "keepequal", "dropequal", "hashmod", "labelmap", "labeldrop"],
  ...["labelkeep", "lowercase", "uppercase"],
];

/** The types of single values: the rule in words, the JavaScript types, and the format. */
const SCALARS: Readonly<Record<string, readonly [rule: string, types: string, format: RegExp]>> = {
  // YAML converts numbers and booleans to text.
  text: ["be text", "string number boolean", /^/],
  address: ["be HOST:PORT; see `scheme` and `metrics_path`", "string number boolean", /^[^/]*$/],
  flag: ["be true or false", "boolean", /^/],
  number: ["be a number", "number", /^/],
  count: ["be a whole number of at least 0", "number", /^\d+$/],
  duration: ["be a duration such as 30s, 5m or 1h30m", "string", DURATION],
  size: ["be a size such as 10MB", "string", /^(?:0|(?:\d+(?:\.\d+)?(?:B|[KMGTPE]i?B))+)$/],
  action: [`be one of ${ACTIONS.join(", ")}`, "string", RegExp(`^(?:${ACTIONS.join("|")})$`, "i")],
};

/**
 * The fields of each table, by type: a scalar, a table of this list, `[]` and the type of the items,
 * or `{}` and the type of the values.
 */
const TABLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  scrapeConfig: {
    text: "job_name metrics_path scheme scrape_failure_log_file bearer_token " +
      "bearer_token_file proxy_url no_proxy fallback_scrape_protocol " +
      "metric_name_validation_scheme metric_name_escaping_scheme",
    flag: "honor_labels honor_timestamps track_timestamps_staleness scrape_native_histograms " +
      "always_scrape_classic_histograms scrape_classic_histograms extra_scrape_metrics " +
      "convert_classic_histograms_to_nhcb enable_compression follow_redirects enable_http2 " +
      "proxy_from_environment",
    number: "native_histogram_min_bucket_factor",
    count: "sample_limit target_limit label_limit label_name_length_limit keep_dropped_targets " +
      "label_value_length_limit native_histogram_bucket_limit",
    duration: "scrape_interval scrape_timeout",
    size: "body_size_limit",
    "[]text": "scrape_protocols",
    "{}[]text": "params proxy_connect_header",
    "{}any": "oauth2 http_headers",
    basicAuth: "basic_auth",
    authorization: "authorization",
    tls: "tls_config",
    "[]staticConfig": "static_configs",
    "[]relabelConfig": "relabel_configs metric_relabel_configs",
    "[]{}any": "file_sd_configs http_sd_configs dns_sd_configs",
  },
  basicAuth: { text: "username username_file username_ref password password_file password_ref" },
  authorization: { text: "type credentials credentials_file credentials_ref" },
  tls: {
    text:
      "ca ca_file ca_ref cert cert_file cert_ref key key_file key_ref min_version max_version " +
      "server_name",
    flag: "insecure_skip_verify",
  },
  staticConfig: { "[]text": "targets", "{}text": "labels" },
  addressConfig: { "[]address": "targets", "{}text": "labels" },
  relabelConfig: {
    text: "separator regex target_label replacement",
    "[]text": "source_labels",
    count: "modulus",
    action: "action",
  },
};

/**
 * Returns the problems of a scrape configuration for which Prometheus would not start: unknown fields,
 * wrong types, invalid durations. `intervalSeconds` is the interval of jobs that set none.
 *
 * @example
 * ```ts
 * import { shapeProblems } from "./scrape_config_shape.ts";
 * shapeProblems({ job_name: "a", scrape_interval: "10 s" }, 10)[0]?.path; // ["scrape_interval"]
 * ```
 */
export function shapeProblems(
  config: Readonly<Record<string, unknown>>,
  intervalSeconds: number,
): ShapeProblem[] {
  const problems = problemsOf(config, "scrapeConfig", []);
  if (problems.length > 0) return problems;
  const { relabel_configs: rules = [], static_configs: groups = [] } = config;
  // A relabel rule can replace a URL with an address.
  return [
    ...Array.isArray(rules) && rules.length > 0
      ? []
      : problemsOf(groups, "[]addressConfig", ["static_configs"]),
    ...timeoutProblems(config, intervalSeconds),
  ];
}

function problemsOf(value: unknown, type: string, path: TomlPath): ShapeProblem[] {
  if (type === "any") return [];
  const scalar = SCALARS[type];
  if (scalar !== undefined) {
    const [rule, types, format] = scalar;
    return types.includes(typeof value) && format.test(String(value)) ? [] : [{ path, rule }];
  }
  if (type.startsWith("[]")) {
    return Array.isArray(value)
      ? value.flatMap((item, i) => problemsOf(item, type.slice(2), [...path, i]))
      : [{ path, rule: "be a list" }];
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return [{ path, rule: "be a table" }];
  }
  const fields = Object.entries(TABLES[type] ?? {})
    .flatMap(([fieldType, names]) => names.split(" ").map((name) => [name, fieldType] as const));
  const types = new Map(fields);
  return Object.entries(value).flatMap(([key, inner]): ShapeProblem[] => {
    const fieldType = type.startsWith("{}")
      ? type.slice(2)
      : types.get(key) ?? (key.endsWith("_sd_configs") ? "[]{}any" : undefined);
    return fieldType === undefined
      ? [{ path, unknown: key, known: [...types.keys()] }]
      : problemsOf(inner, fieldType, [...path, key]);
  });
}

function timeoutProblems(
  { scrape_interval, scrape_timeout }: Readonly<Record<string, unknown>>,
  intervalSeconds: number,
): ShapeProblem[] {
  const interval = String(scrape_interval ?? `${intervalSeconds}s`);
  const isTooLong = scrape_timeout !== undefined && milliseconds(interval) > 0 &&
    milliseconds(String(scrape_timeout)) > milliseconds(interval);
  const limit = scrape_interval === undefined
    ? `the default of \`scrape_interval\`, ${intervalSeconds}s`
    : "`scrape_interval`";
  return isTooLong ? [{ path: ["scrape_timeout"], rule: `not exceed ${limit}` }] : [];
}

function milliseconds(duration: string): number {
  const [, ...amounts] = DURATION.exec(duration) ?? [];
  return amounts.reduce((sum, amount, i) => sum + Number(amount ?? 0) * (UNITS_MS[i] ?? 0), 0);
}
