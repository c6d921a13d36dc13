import { NAME } from "../codex/mod.ts";

/**
 * Returns a Soulstone name that is not in `taken`, made from a model, an image or an engine.
 *
 * @example
 * ```ts
 * import { nameFor } from "./defaults.ts";
 * nameFor("Qwen/Qwen3-VL-8B-Instruct", new Set()); // "qwen3-vl-8b-instruct"
 * nameFor("/models/gpt-oss-20b.gguf", new Set(["gpt-oss-20b"])); // "gpt-oss-20b-2"
 * nameFor("ggml-org/Qwen3-1.7B-GGUF:Q4_K_M", new Set()); // "qwen3-1.7b"
 * ```
 */
export function nameFor(source: string, taken: ReadonlySet<string>): string {
  const last = source.replace(/@.*$/, "").replace(/\/+$/, "").replace(/^.*\//s, "");
  const bare = last.toLowerCase().replace(/:.*$/s, "").replace(/[.-]gguf$/, "")
    .replace(/[^a-z0-9._-]+/g, "-").replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, "").slice(0, 60);
  const name = NAME.test(bare) ? bare : "engine";
  for (let n = 1;; n++) {
    const candidate = n === 1 ? name : `${name}-${n}`;
    if (!taken.has(candidate)) return candidate;
  }
}
