/**
 * A value for each field other than its default. docs/codex.md shows it, and what the field becomes
 * in the units. A test finds fields without an example.
 */

/** The fields of the Soulstone that the examples change. */
export const SOULSTONE = {
  image: '"docker.io/vllm/vllm-openai:v0.33.0"',
  port: "8780",
  model: '"Qwen/Qwen3-8B"',
  groups: '["vision"]',
} as const;

/** The fields of a Soulstone, by path. */
export const SOULSTONE_EXAMPLES: Readonly<Record<string, string>> = {
  image: '"docker.io/vllm/vllm-openai:v0.32.0"',
  port: "8785",
  groups: '["chat"]',
  slot: '"embed"',
  capabilities: '["text-generation", "ocr"]',
  exec: '["--max-model-len", "16384"]',
  port_expose: "false",
  description: '"Vision model for screenshots"',
  engine: '"generic"',
  model: '"Qwen/Qwen3-14B"',
  devices: '["nvidia.com/gpu=1"]',
  env: '{ VLLM_LOGGING_LEVEL = "WARNING" }',
  secrets: '["hf-token,type=env,target=HF_TOKEN"]',
  volumes: '["~/models:/models:ro"]',
  health: '{ path = "/ready" }',
  "health.path": '"/ready"',
  "health.cmd": '"curl -fsS http://127.0.0.1:8780/v1/models"',
  "health.interval_seconds": "60",
  "health.timeout_seconds": "10",
  "health.retries": "5",
  metrics: '{ path = "/prometheus" }',
  "metrics.enabled": "false",
  "metrics.path": '"/prometheus"',
  "metrics.secret": '"metrics-key"',
  start_timeout_seconds: "3600",
  stop_timeout_seconds: "60",
  vram_mib: "20000",
  resident: "true",
  quadlet: '{ Container = { Ulimit = ["memlock=-1"] }, Service = { Nice = 5 } }',
};

/** The fields of `lychd.toml`, by path. */
export const SETTINGS_EXAMPLES: Readonly<Record<string, string>> = {
  boot_coven: '"vision"',
  wait_for_network: "true",
  "sepulcher.name": '"engines"',
  "sepulcher.bind_address": '"::1"',
  "sepulcher.shm_size_mib": "65536",
  "sepulcher.reserve_ports": '"8780-8799"',
  "gpu.default_devices": '["nvidia.com/gpu=0"]',
  "harvester.enabled": "false",
  "harvester.image": '"docker.io/prom/prometheus:v3.13.1"',
  "harvester.port": "9091",
  "harvester.retention": '"90d"',
  "harvester.scrape_interval_seconds": "15",
  "harvester.extra_scrape_configs":
    '[{ job_name = "node", static_configs = [{ targets = ["10.0.0.2:9100"] }] }]',
  "harvester.quadlet": "{ Service = { Nice = 5 } }",
  "scribe.enabled": "false",
  "scribe.image": '"docker.io/grafana/grafana:13.2.2"',
  "scribe.port": "3001",
  "scribe.anonymous_viewer": "false",
  "scribe.admin_password_secret": '"scribe-admin"',
  "scribe.quadlet": "{ Service = { Nice = 5 } }",
  "gpu_exporter.enabled": "true",
  "gpu_exporter.image": '"docker.io/utkuozdemir/nvidia_gpu_exporter:1.13.1"',
  "gpu_exporter.port": "9836",
  "gpu_exporter.devices": '["nvidia.com/gpu=0"]',
  "gpu_exporter.quadlet": "{ Service = { Nice = 5 } }",
  "vessel.port": "8082",
};

/** Other settings that a field needs to have an effect. */
export const SETTINGS_BESIDE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "scribe.anonymous_viewer": { "scribe.admin_password_secret": '"scribe-admin"' },
  "gpu_exporter.image": { "gpu_exporter.enabled": "true" },
  "gpu_exporter.port": { "gpu_exporter.enabled": "true" },
  "gpu_exporter.devices": { "gpu_exporter.enabled": "true" },
  "gpu_exporter.quadlet": { "gpu_exporter.enabled": "true" },
};
