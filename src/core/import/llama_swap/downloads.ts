/** Models that an engine downloads, and that this host may have already. */
import { profileOf } from "../../compile/mod.ts";
import { readCommand } from "../command.ts";

/** Variables that name the folder of downloads. */
const FOLDER =
  /^(?:HF_HOME|HF_HUB_CACHE|HUGGINGFACE_HUB_CACHE|LLAMA_CACHE|OLLAMA_MODELS|TRANSFORMERS_CACHE|XDG_CACHE_HOME)$/;

/** Variables, and a flag, with which an engine uses only what it has downloaded. */
const OFFLINE =
  /^(?:HF_HUB_OFFLINE|TRANSFORMERS_OFFLINE|HF_DATASETS_OFFLINE|LLAMA_(?:ARG_)?OFFLINE)$/;

/** Returns true for `--offline`, or a variable such as `HF_HUB_OFFLINE=1`. */
export function isOffline(wordOrPair: string): boolean {
  const [name = "", value = ""] = wordOrPair.split("=", 2);
  return wordOrPair === "--offline" || OFFLINE.test(name) && !/^(?:0|false|no|off|)$/i.test(value);
}

/** Downloads of a program of the host. */
export interface Downloads {
  /** The word of the command that names them. */
  readonly word: string;
  /** The volume that gives them to the container. */
  readonly volume: string;
}

/**
 * Returns what a program of the host has downloaded to its default folder; nothing for a file, or if a flag or
 * one of the variables `names` names another folder. `program` is the word of its name.
 *
 * @example
 * ```ts
 * import { downloadsOf } from "./downloads.ts";
 * const command = { program: "vllm", image: "docker.io/vllm/vllm-openai", names: [] };
 * downloadsOf({ ...command, words: ["Qwen/Qwen3-8B"] })?.word; // "Qwen/Qwen3-8B"
 * downloadsOf({ ...command, words: ["/srv/qwen"] }); // undefined
 * ```
 */
export function downloadsOf({ program, image, words, names }: {
  readonly program: string;
  readonly image: string;
  readonly words: readonly string[];
  readonly names: readonly string[];
}): Downloads | undefined {
  const { name } = profileOf({ image });
  if (names.some((own) => FOLDER.test(own))) return undefined;
  if (words.some((word) => /^--download-dir(?:=|$)/.test(word))) return undefined;
  if (name === "ollama") return { word: program, volume: "~/.ollama:/root/.ollama" };
  const command = readCommand({ image, words, env: [], published: [] });
  const word = command.forms(0)[0]?.model;
  const isFile = word === undefined || /^[./~]|\.gguf$/.test(word);
  return isFile || profileOf({ image }).caches(word).length === 0 ? undefined : {
    word,
    volume: "~/.cache/huggingface:/root/.cache/huggingface",
  };
}

/** Returns the difference for a program whose downloads this host may have. */
export function downloadedAgain({ volume }: Downloads): string {
  return `it downloads to a volume of lychd; to use the downloads of this host:   volumes = ["${volume}"]` +
    (/huggingface/.test(volume)
      ? "   (llama.cpp before March 2026: ~/.cache/llama.cpp:/root/.cache/llama.cpp)"
      : "");
}

/** Returns the reason why an engine may download at its first start. */
export function emptyAtFirst({ volume }: Downloads): string {
  return "the volume of downloads is empty at first; add it again after `lychd pull`, or with   " +
    `volumes = ["${volume}"]`;
}
