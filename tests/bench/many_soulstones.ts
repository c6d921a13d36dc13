/** Returns the files of a Codex with `count` Soulstones, spread over `covens` Covens; some are in two. */
export function manySoulstones(count: number, covens: number): Record<string, string> {
  const files: Record<string, string> = {
    "lychd.toml": '[gpu]\ndefault_devices = ["nvidia.com/gpu=all"]\n',
  };
  for (let i = 0; i < count; i++) {
    const groups = [`coven-${i % covens}`, ...i % 5 === 0 ? [`coven-${(i + 1) % covens}`] : []];
    files[`soulstones/stone-${i}.toml`] = `[stone-${i}]
image = "docker.io/vllm/vllm-openai:v0.33.0"
port = ${10_000 + i}
model = "Qwen/Qwen3-8B"
groups = ${JSON.stringify([...new Set(groups)])}
capabilities = ["text-generation"]
exec = ["--max-model-len", "16384"]
volumes = ["~/models:/models:ro"]
`;
  }
  return files;
}
