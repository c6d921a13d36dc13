/** Checks that lychd refuses the same scrape configurations as Prometheus. */
import assert from "node:assert/strict";
import { join } from "node:path/posix";
import { dump } from "js-yaml";
import { shapeFaults } from "../../src/core/codex/scrape_config_shape.ts";
import { findProgramFolders, versionOf } from "../dashboards/prometheus.ts";

type Config = Readonly<Record<string, unknown>>;

const ACCEPTED: readonly Config[] = [
  {},
  {
    scrape_interval: "1h30m",
    scrape_timeout: "90s500ms",
    sample_limit: 0,
    body_size_limit: "10MB",
  },
  { scrape_interval: "0", body_size_limit: "1.5GiB", scheme: "https", metrics_path: "/x" },
  { static_configs: [{ targets: ["a:1", "b"], labels: { x: 5, y: true, z: "" } }] },
  {
    static_configs: [{ targets: ["http://a/x"] }],
    relabel_configs: [{ source_labels: ["__address__"], target_label: "__param_target" }, {
      target_label: "__address__",
      replacement: "blackbox:9115",
    }],
  },
  { params: { module: ["http_2xx"] }, honor_labels: true, follow_redirects: false },
  { basic_auth: { username: "a", password: 5 }, tls_config: { min_version: "TLS12" } },
  { authorization: { type: "Bearer", credentials: "x" }, proxy_url: "http://p:1", no_proxy: "a" },
  {
    oauth2: {
      client_id: "a",
      client_secret: "b",
      token_url: "http://t",
      scopes: ["s"],
      endpoint_params: { a: "b" },
      tls_config: { insecure_skip_verify: true },
    },
  },
  {
    metric_relabel_configs: [
      { source_labels: ["a", "b"], separator: ";", regex: "(.*)x", action: "DROP" },
      { regex: "a.*", action: "labeldrop" },
      { source_labels: ["a"], modulus: 8, target_label: "b", action: "hashmod" },
    ],
  },
  { scrape_protocols: ["PrometheusText0.0.4", "OpenMetricsText1.0.0"], label_limit: 3 },
  { file_sd_configs: [{ files: ["/x/*.json"], refresh_interval: "5m" }] },
  {
    dns_sd_configs: [{ names: ["a.b"], type: "A", port: 9 }],
    http_sd_configs: [{ url: "http://a" }],
  },
];

const REFUSED: readonly Config[] = [
  { scrape_intervall: "30s" },
  { scrape_interval: "30 s" },
  { scrape_interval: "1m30" },
  { scrape_interval: "30s1m" },
  { scrape_interval: "" },
  { scrape_interval: 30 },
  { scrape_interval: "15s", scrape_timeout: "1m" },
  { metrics_path: ["/x"] },
  { honor_labels: "true" },
  { sample_limit: -1 },
  { body_size_limit: "10 MB" },
  { body_size_limit: 1000 },
  { scrape_protocols: ["text"] },
  { params: { module: "http_2xx" } },
  { static_configs: { targets: ["a"] } },
  { static_configs: [{ target: ["a"] }] },
  { static_configs: [{ targets: "a" }] },
  { static_configs: [{ targets: ["http://a:1/x"] }] },
  { static_configs: [{ targets: ["a"], labels: { a: ["b"] } }] },
  { tls_config: { insecure_skip_verify: 1 } },
  { tls_config: { min_version: "1.2" } },
  { basic_auth: { user: "a" } },
  { relabel_configs: [{ source_label: ["a"] }] },
  { relabel_configs: [{ source_labels: "a" }] },
  { relabel_configs: [{ source_labels: ["a"], target_label: "b", action: "replce" }] },
  {
    relabel_configs: [{ source_labels: ["a"], target_label: "b", modulus: "8", action: "hashmod" }],
  },
  { file_sd_config: [{ files: ["/x/*.json"] }] },
  { file_sd_configs: { files: ["/x/*.json"] } },
];

Deno.test("lychd accepts the valid and refuses the invalid configurations", () => {
  for (const config of ACCEPTED) assert.deepEqual(shapeFaults({ job_name: "a", ...config }), []);
  for (const config of REFUSED) {
    assert.equal(shapeFaults({ job_name: "a", ...config }).length, 1, JSON.stringify(config));
  }
});

Deno.test("lychd accepts keys of newer versions of Prometheus, such as that of the default image", () => {
  const config = { job_name: "a", aws_sd_configs: [{ role: "ec2", region: "eu-west-1" }] };
  assert.deepEqual(shapeFaults(config), []);
});

for (const folder of findProgramFolders()) {
  const takes = async (config: Config) => {
    const file = await Deno.makeTempFile({ suffix: ".yml" });
    try {
      await Deno.writeTextFile(file, dump({ scrape_configs: [{ job_name: "a", ...config }] }));
      const { success } = await new Deno.Command(join(folder, "promtool"), {
        args: ["check", "config", "--syntax-only", file],
      }).output();
      return success;
    } finally {
      await Deno.remove(file);
    }
  };

  Deno.test(`promtool ${versionOf(folder)} accepts and refuses the same configurations`, async () => {
    for (const config of ACCEPTED) {
      assert.ok(await takes(config), `refused: ${JSON.stringify(config)}`);
    }
    for (const config of REFUSED) {
      assert.ok(!await takes(config), `taken: ${JSON.stringify(config)}`);
    }
  });
}
