/** The images and models that containers need, read from their units. */
import { basename } from "node:path/posix";
import type { EngineName } from "../codex/kinds.ts";
import { expand, type Expansions } from "../rune/expand.ts";
import { QUADLET_KEYS } from "../rune/quadlet_keys.ts";
import { splitWords } from "../rune/split.ts";
import { type UnitFile, type Values, valuesOf } from "./inventory.ts";

/** An image, and the Soulstones and Watchers that run it. */
export interface NeededImage {
  readonly image: string;
  readonly usedBy: readonly string[];
}

/** A model that a program in the image of its engine can download. */
export interface NeededModel {
  readonly model: string;
  readonly usedBy: readonly string[];
  readonly image: string;
  /** The options of `podman run` that give the program the mounts, variables and secrets of the engine. */
  readonly options: readonly string[];
  readonly program: string;
  readonly args: readonly string[];
}

/** The downloads of some containers. */
export interface Downloads {
  readonly images: readonly NeededImage[];
  readonly models: readonly NeededModel[];
  /** The Soulstones whose models cannot be downloaded ahead, and why. */
  readonly leftOut: readonly { readonly name: string; readonly why: string }[];
}

/**
 * Reads the downloads of the Soulstones in `wanted`, or of all containers without it, from unit files.
 * `known` are the specifiers in the units.
 *
 * @example
 * ```ts
 * import { readDownloads } from "./downloads.ts";
 * const path = "containers/systemd/lychd/soulstone-eye.container";
 * const text = "[Container]\nImage=vllm\nExec=a/b\n[X-Lychd]\nSoulstone=eye\nEngine=vllm\n";
 * readDownloads([{ path, text }], { specifiers: {} }).models[0]?.model; // "a/b"
 * ```
 */
export function readDownloads(
  files: readonly UnitFile[],
  { specifiers }: Pick<Expansions, "specifiers">,
  wanted?: readonly string[],
): Downloads {
  const images = new Map<string, string[]>();
  const models = new Map<string, NeededModel>();
  const leftOut: Downloads["leftOut"][number][] = [];
  for (const { path, text } of files) {
    const values = valuesOf(text);
    const image = values("Container.Image").at(-1);
    const [soulstone] = values("X-Lychd.Soulstone");
    const name = soulstone ?? basename(path, ".container");
    const isWanted = wanted === undefined || soulstone !== undefined && wanted.includes(soulstone);
    if (image === undefined || !isWanted) continue;
    images.set(image, [...images.get(image) ?? [], name]);
    if (soulstone === undefined) continue;
    const found = modelOf(values, { specifiers, variables: {} });
    if ("why" in found) leftOut.push({ name, why: found.why });
    else {
      const key = JSON.stringify([image, found]);
      const usedBy = [...models.get(key)?.usedBy ?? [], name];
      models.set(key, { image, ...found, usedBy });
    }
  }
  return {
    images: [...images].map(([image, usedBy]) => ({ image, usedBy })),
    models: [...models.values()],
    leftOut,
  };
}

/** Returns the download of the model of a container, or why there is none. */
function modelOf(
  values: Values,
  known: Expansions,
): Omit<NeededModel, "image" | "usedBy"> | { readonly why: string } {
  const problems: string[] = [];
  const wordsOf = (key: string): string[] => {
    const isSplit = QUADLET_KEYS.Container[key]?.value !== "text";
    return values(`Container.${key}`).flatMap((value) => {
      const split = isSplit ? splitWords(value, "words") : { words: [value] };
      return "words" in split ? split.words : [];
    }).flatMap((word) => {
      const expanded = expand(word, known, "word");
      if ("text" in expanded) return [expanded.text];
      problems.push(`its unit contains ${expanded.unknown}, which only systemd replaces`);
      return [];
    });
  };
  const [engine = ""] = values("X-Lychd.Engine");
  const download = DOWNLOADS[isEngine(engine) ? engine : "generic"](wordsOf("Exec"));
  if ("why" in download) return download;
  const user = [...wordsOf("User"), ...wordsOf("Group")].join(":");
  const options = [
    ...Object.entries(CARRIED).flatMap(([key, option]) =>
      wordsOf(key).map((word) => `${option}=${word}`)
    ),
    ...wordsOf("Volume").map((volume) => `--volume=${withSharedLabel(volume)}`),
    ...wordsOf("SecurityLabelDisable").includes("true") ? ["--security-opt=label=disable"] : [],
    ...user === "" ? [] : [`--user=${user}`],
    ...download.options,
  ];
  const [why] = problems;
  return why === undefined ? { ...download, options } : { why };
}

/** The keys that a download needs too, and the options of `podman run` with the same meaning. */
const CARRIED = {
  Environment: "--env",
  EnvironmentFile: "--env-file",
  GroupAdd: "--group-add",
  Mount: "--mount",
  Secret: "--secret",
};

/** With a private label, an engine that runs would lose its access to the folder. */
function withSharedLabel(volume: string): string {
  return volume.replace(/:[^:/]*$/, (options) => options.replace(/\bZ\b/, "z"));
}

type Download =
  | Pick<NeededModel, "model" | "options" | "program" | "args">
  | { readonly why: string };

/**
 * Returns the download of a model, by the command of the engine.
 *
 * vLLM and SGLang load models with huggingface_hub, whose program is `hf` since 0.34 (July 2025). It
 * downloads only what is missing and continues a file that was interrupted; without the network it
 * cannot tell whether a model is complete. Source: huggingface_hub, _snapshot_download.py.
 *
 * llama.cpp has `llama download` since July 2026; /app/llama is in the images of its server.
 * Source: ggml-org/llama.cpp, pull request 24982 and .devops.
 */
const DOWNLOADS: Readonly<Record<EngineName, (command: readonly string[]) => Download>> = {
  vllm: (command) => withHf(valueOf(command, "--model") ?? command[0], command),
  sglang: (command) => withHf(valueOf(command, "--model-path", "--model"), command),
  llamacpp(command) {
    const model = valueOf(command, "-hf", "-hfr", "--hf-repo");
    if (model === undefined) return noRepository(valueOf(command, "-m", "--model"));
    const file = valueOf(command, "-hff", "--hf-file");
    return {
      model,
      options: [],
      program: "/app/llama",
      args: ["download", "-hf", model, ...file === undefined ? [] : ["-hff", file]],
    };
  },
  tabbyapi: () => ({ why: "TabbyAPI loads models from a folder" }),
  ollama: () => ({ why: "Ollama downloads models while it runs: `ollama pull` in its container" }),
  generic: () => ({ why: "lychd does not know how its engine downloads models" }),
};

function isEngine(name: string): name is EngineName {
  return Object.hasOwn(DOWNLOADS, name);
}

/** Folders with copies of the weights in other formats, which neither vLLM nor SGLang loads. */
const COPIES = ["original/*", "metal/*"];

function withHf(model: string | undefined, command: readonly string[]): Download {
  if (model === undefined || !/^\w[\w.-]*\/\w[\w.-]*$/.test(model)) return noRepository(model);
  const revision = valueOf(command, "--revision");
  const folder = valueOf(command, "--download-dir");
  return {
    model,
    // The variables of the engine may keep it offline.
    options: ["--env=HF_HUB_OFFLINE=0"],
    program: "hf",
    args: [
      ...["download", model, ...COPIES.map((pattern) => `--exclude=${pattern}`)],
      ...revision === undefined ? [] : ["--revision", revision],
      ...folder === undefined ? [] : ["--cache-dir", folder],
    ],
  };
}

function noRepository(model: string | undefined): Download {
  return {
    why: model?.startsWith("/")
      ? "its model is a path in the container"
      : "its command names no model of Hugging Face",
  };
}

/** Returns the value of the first of `names` that a command contains: `--model X` or `--model=X`. */
function valueOf(command: readonly string[], ...names: readonly string[]): string | undefined {
  for (const [i, word] of command.entries()) {
    if (names.includes(word)) return command[i + 1];
    const name = names.find((name) => word.startsWith(`${name}=`));
    if (name !== undefined) return word.slice(name.length + 1);
  }
  return undefined;
}
