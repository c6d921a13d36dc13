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
  aliases: '["gpt-4o", "qwen/qwen3:8b"]',
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
  concurrency: "8",
  idle_minutes: "30",
  request: '{ set = { temperature = 0.7 }, strip = ["logprobs"] }',
  "request.set": "{ temperature = 0.7 }",
  "request.strip": '["logprobs"]',
  vram_mib: "20000",
  resident: "true",
  quadlet: '{ Container = { Ulimit = ["memlock=-1"] }, Service = { Nice = 5 } }',
};

const KEYS =
  '{ laptop = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }';

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
  "vessel.enabled": "true",
  "vessel.port": "8082",
  "vessel.bind_address": '"0.0.0.0"',
  "vessel.keys": KEYS,
  "vessel.allowed_origins": '["http://localhost:3001"]',
  "vessel.linger_seconds": "10",
  "vessel.queue_limit": "64",
  "vessel.wait_seconds": "300",
  "vessel.drain_seconds": "120",
  "vessel.idle_coven": '"none"',
  "vessel.idle_minutes": "30",
  "vessel.loading_message": "true",
  "vessel.max_body_mib": "16",
  "kubernetes.namespace": '"engines"',
  "kubernetes.gpu": '"dra"',
  "kubernetes.storage_class": '"longhorn"',
  "kubernetes.access_mode": '"ReadWriteMany"',
  "kubernetes.volume_gib": "500",
  "kubernetes.image_pull_secrets": '["registry-login"]',
  "kubernetes.node_selector": '["kubernetes.io/hostname=gpu1"]',
};

const VESSEL = { "vessel.enabled": "true" };

/** Other settings that a field needs to have an effect. */
export const SETTINGS_BESIDE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "scribe.anonymous_viewer": { "scribe.admin_password_secret": '"scribe-admin"' },
  "gpu_exporter.image": { "gpu_exporter.enabled": "true" },
  "gpu_exporter.port": { "gpu_exporter.enabled": "true" },
  "gpu_exporter.devices": { "gpu_exporter.enabled": "true" },
  "gpu_exporter.quadlet": { "gpu_exporter.enabled": "true" },
  "vessel.port": VESSEL,
  "vessel.bind_address": { ...VESSEL, "vessel.keys": KEYS },
  "vessel.keys": VESSEL,
  "vessel.allowed_origins": VESSEL,
  "vessel.linger_seconds": VESSEL,
  "vessel.queue_limit": VESSEL,
  "vessel.wait_seconds": VESSEL,
  "vessel.drain_seconds": VESSEL,
  "vessel.idle_coven": { ...VESSEL, boot_coven: '"vision"', "vessel.idle_minutes": "30" },
  "vessel.idle_minutes": { ...VESSEL, boot_coven: '"vision"' },
  "vessel.loading_message": VESSEL,
  "vessel.max_body_mib": VESSEL,
};

/** The smallest Portal, and an example of each field. */
export const PORTAL: Readonly<Record<string, string>> = { url: '"https://attic.lan"' };

export const PORTAL_EXAMPLES: Readonly<Record<string, string>> = {
  url: '"https://garage.lan/v1"',
  models: '["qwen3:32b"]',
  aliases: '{ gpt-4o = "qwen3:32b" }',
  capabilities: '{ tools = "qwen3:32b" }',
  key_secret: '"garage-key"',
  timeout_seconds: "120",
  prefer: '"fallback"',
  ca_file: '"home-ca.pem"',
};
