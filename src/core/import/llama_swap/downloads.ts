/** Models that an engine downloads, and that this host may have already. */
import { profileOf } from "../../compile/mod.ts";
import { readCommand } from "../command.ts";

/** Variables that name the folder of downloads. */
const FOLDER =
  /^(?:HF_HOME|HF_HUB_CACHE|HUGGINGFACE_HUB_CACHE|LLAMA_CACHE|TRANSFORMERS_CACHE|XDG_CACHE_HOME)$/;

/** Variables, and a flag, with which an engine uses only what it has downloaded. */
const OFFLINE =
  /^(?:HF_HUB_OFFLINE|TRANSFORMERS_OFFLINE|HF_DATASETS_OFFLINE|LLAMA_(?:ARG_)?OFFLINE)$/;

/** Returns true for `--offline`, or a variable such as `HF_HUB_OFFLINE=1`. */
export function isOffline(wordOrPair: string): boolean {
  const [name = "", value = ""] = wordOrPair.split("=", 2);
  return wordOrPair === "--offline" || OFFLINE.test(name) && !/^(?:0|false|no|off|)$/i.test(value);
}

/**
 * Returns the model that a program of the host has downloaded to its default folder; nothing for a file, or
 * if a flag or one of the variables `names` names another folder.
 *
 * @example
 * ```ts
 * import { downloadedModel } from "./downloads.ts";
 * downloadedModel("docker.io/vllm/vllm-openai", ["Qwen/Qwen3-8B"], []); // "Qwen/Qwen3-8B"
 * downloadedModel("docker.io/vllm/vllm-openai", ["/srv/qwen"], []); // undefined
 * ```
 */
export function downloadedModel(
  image: string,
  words: readonly string[],
  names: readonly string[],
): string | undefined {
  if (names.some((name) => FOLDER.test(name))) return undefined;
  if (words.some((word) => /^--download-dir(?:=|$)/.test(word))) return undefined;
  const command = readCommand({ image, hasEntrypoint: false, words, env: [], published: [] });
  const model = command.forms(0)[0]?.model;
  const isFile = model === undefined || /^[./~]|\.gguf$/.test(model);
  return isFile || profileOf({ image }).caches(model).length === 0 ? undefined : model;
}

/** The line of a Codex that uses the downloads of this host instead of a volume of lychd. */
const REUSED = 'volumes = ["~/.cache/huggingface:/root/.cache/huggingface"]';

/** The difference for a model that this host may have downloaded. */
export const DOWNLOADED_AGAIN =
  `it is downloaded to a volume of lychd; to use a download of this host:   ${REUSED}   ` +
  "(llama.cpp before March 2026: ~/.cache/llama.cpp:/root/.cache/llama.cpp)";

/** The reason why an engine may download at its first start. */
export const EMPTY_AT_FIRST =
  "the volume of downloads is empty at first; add it again after `lychd pull`, or with   " + REUSED;
