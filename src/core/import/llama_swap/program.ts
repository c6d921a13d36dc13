/** A command of llama-swap as a container: its own one, or an image for a program of the host. */
import { basename, dirname, normalize } from "node:path/posix";
import { command, quoted } from "../../report/mod.ts";
import { parseRunOptions, quadletKeyOf, type RunOption, wordOf } from "../../rune/mod.ts";
import type { EngineName } from "../../codex/mod.ts";
import { imageFor, NVIDIA_ONLY } from "../../compile/mod.ts";
import type { Vendor } from "../../gpus.ts";
import { isTlsFlag } from "../command.ts";
import type { Outcome } from "../report.ts";
import { dockerGpus, isAboutGpus } from "./docker_gpus.ts";

/** A command as a container. */
export type Program =
  | {
    readonly kind: "container";
    readonly image: string;
    /** The image of the input. */
    readonly given: string;
    readonly options: readonly RunOption[];
    readonly words: readonly string[];
    /** True for a container of Docker, whose images and volumes Podman does not have. */
    readonly isDocker: boolean;
    /** The difference from the input, if any. */
    readonly change: string | undefined;
  }
  | {
    readonly kind: "host";
    /** The name that `--image` uses: its path, if it has one. */
    readonly program: string;
    readonly image: string | undefined;
    readonly engine: EngineName | undefined;
    /** The reason why the default image may not use the GPUs of this host. */
    readonly doubt: string | undefined;
    readonly words: readonly string[];
  }
  | { readonly kind: "none"; readonly problem: string };

/** The images for programs of a host. */
export interface Images {
  /** The images of `--image`, by program. */
  readonly images: ReadonlyMap<string, string>;
  /** The maker of the GPUs for which the other images are. */
  readonly vendor: Vendor | undefined;
}

/** A file that starts a program: its command is unknown, whatever its name is. */
const SCRIPT = /\.(?:bash|fish|py|sh|zsh)$/;

/** Programs of a host, and engines that run the same. */
const HOST_PROGRAMS: readonly {
  readonly program: string;
  readonly engine: EngineName;
  /** Returns the words for the image, or nothing for another program. */
  readonly words: (words: readonly string[]) => readonly string[] | undefined;
}[] = [
  {
    program: "llama-server",
    engine: "llamacpp",
    words: ([first = "", ...rest]) =>
      /^llama-?server/i.test(basename(first)) && !SCRIPT.test(first) ? rest : undefined,
  },
  {
    program: "vllm",
    engine: "vllm",
    words: (words) => {
      const [first = "", second, ...rest] = words;
      if (basename(first) === "vllm" && second === "serve") return rest;
      const flags = pythonModule(words, "vllm.entrypoints.openai.api_server");
      return flags && withModelFirst(flags);
    },
  },
  {
    program: "ollama",
    engine: "ollama",
    words: ([first = "", second]) =>
      basename(first) === "ollama" && second === "serve" ? ["serve"] : undefined,
  },
  {
    program: "sglang",
    engine: "sglang",
    words: (words) => {
      if (basename(words[0] ?? "") === "sglang" && words[1] === "serve") return words;
      const rest = pythonModule(words, "sglang.launch_server");
      return rest && ["python3", "-m", "sglang.launch_server", ...rest];
    },
  },
];

/** Returns the script or the module that a command of Python runs. */
function pythonTarget([first = "", ...rest]: readonly string[]): string | undefined {
  if (!/^python[\d.]*$/.test(basename(first))) return undefined;
  const at = rest.findIndex((word) => word === "-m" || !word.startsWith("-"));
  return rest[at] === "-m" ? rest[at + 1] : rest[at];
}

/** Moves the model to the front: the image runs `vllm serve`, which expects it there. */
function withModelFirst(words: readonly string[]): readonly string[] {
  const at = words.findIndex((word) => word === "--model" || word.startsWith("--model="));
  const length = words[at] === "--model" ? 2 : 1;
  const model = words[at + length - 1]?.replace(/^--model=/, "");
  return at < 0 || model === undefined
    ? words
    : [model, ...words.slice(0, at), ...words.slice(at + length)];
}

/** Returns the words after `python -m MODULE`. */
function pythonModule(words: readonly string[], module: string): readonly string[] | undefined {
  const [first = "", flag, name, ...rest] = words;
  return /^python[\d.]*$/.test(basename(first)) && flag === "-m" && name === module
    ? rest
    : undefined;
}

/**
 * Returns the names of a command's program that `--image` accepts, in order of precedence; none if it
 * runs a container.
 *
 * @example
 * ```ts
 * import { programNames } from "./program.ts";
 * programNames(["/opt/llama-server-b1"]); // ["/opt/llama-server-b1", "llama-server-b1", "llama-server"]
 * ```
 */
export function programNames(words: readonly string[]): string[] {
  const [path = ""] = words;
  const first = basename(path);
  if (first === "docker" || first === "podman") return [];
  const known = HOST_PROGRAMS.find((p) => p.words(words) !== undefined);
  const names = [pythonTarget(words), path, first, known?.program];
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** Returns true for `docker run`, a program with a default image, and one of `images`. */
export function isEngine(words: readonly string[], images: ReadonlyMap<string, string>): boolean {
  const [first = ""] = words;
  return /^(?:docker|podman)$/.test(basename(first)) && words.includes("run") ||
    HOST_PROGRAMS.some((p) => p.words(words) !== undefined) ||
    programNames(words).some((name) => images.has(name));
}

/**
 * Reads the words of a `cmd`.
 *
 * @example
 * ```ts
 * import { programOf } from "./program.ts";
 * const program = programOf(["llama-server"], { images: new Map(), vendor: "NVIDIA" });
 * // { kind: "host", program: "llama-server", image: "ghcr.io/…:server-cuda", words: [], … }
 * ```
 */
export function programOf(words: readonly string[], { images, vendor }: Images): Program {
  const first = basename(words[0] ?? "");
  if (first === "docker" || first === "podman") return containerOf(first, words.slice(1));
  const known = HOST_PROGRAMS.find((p) => p.words(words) !== undefined);
  const named = programNames(words).find((name) => images.has(name));
  const image = named === undefined ? known && imageFor(known.engine, vendor) : images.get(named);
  const startsProgram = TEI_IMAGE.test(image ?? "") && first === TEI_PROGRAM;
  return {
    kind: "host",
    // `vllm` for a module of Python, which many programs may be.
    program: known !== undefined && pythonTarget(words) !== undefined
      ? known.program
      : programNames(words)[0] ?? "",
    image,
    engine: known?.engine,
    doubt: named === undefined && known !== undefined ? doubtOf(known.engine, vendor) : undefined,
    words: known?.words(words) ?? [...startsProgram ? [] : [first], ...words.slice(1)],
  };
}

function doubtOf(engine: EngineName, vendor: Vendor | undefined): string | undefined {
  if (vendor === undefined) return "no GPU was found on this host";
  return NVIDIA_ONLY.includes(engine) && vendor !== "NVIDIA"
    ? `it needs an NVIDIA GPU, and this host has one of ${vendor}`
    : undefined;
}

/** Returns why there is no image for the program of a command, and what to do. */
export function whyNoImage(words: readonly string[]): string {
  const [path = ""] = programNames(words);
  const name = basename(path);
  if (name === "ssh") return "`ssh` starts it on another host: import it there";
  const what = SCRIPT.test(name)
    ? "is a script, which import does not read: write the command in it as `cmd`, or use"
    : "has no default image: use";
  const image = name === TEI_PROGRAM ? TEI : "IMAGE";
  return `${quoted(path)} ${what} ${command`--image ${path}=${image}`.line}`;
}

/** The image of Text Embeddings Inference for most GPUs; its documentation names those for others. */
const TEI = "ghcr.io/huggingface/text-embeddings-inference:1.8";
const TEI_PROGRAM = "text-embeddings-router";

/** An image whose entry point is the program. */
const TEI_IMAGE = /(?:^|\/)text-embeddings-inference(?:[:@]|$)/;

function containerOf(program: string, words: readonly string[]): Program {
  const run = words.indexOf("run");
  const before = words.slice(0, Math.max(run, 0));
  if (run < 0 || before.some((word) => word !== "container")) {
    const problem = `only \`${program} run\` is supported: write the options of the container as ` +
      `\`${program} run\` in \`cmd\``;
    return { kind: "none", problem };
  }
  const { options: given, rest } = parseRunOptions(words.slice(run + 1));
  const [image, ...whole] = rest;
  const { options, command } = withEntrypoint(given, whole);
  if (image === undefined) return { kind: "none", problem: `\`${program} run\` names no image` };
  const isDocker = program === "docker";
  const { full, change } = isDocker ? imageOfDocker(image) : { full: image, change: undefined };
  return {
    kind: "container",
    image: full,
    given: image,
    options,
    words: command,
    isDocker,
    change,
  };
}

/** Makes the first word of a command the entrypoint if that is empty: Quadlet writes no empty one. */
function withEntrypoint(options: readonly RunOption[], command: readonly string[]) {
  const last = options.findLast(({ name }) => name === "entrypoint");
  const [program, ...rest] = command;
  if (last?.value !== "" || program === undefined) return { options, command };
  const replaced = options.filter((option) => option === last || option.name !== "entrypoint")
    .map((option) => option === last ? { ...option, value: program } : option);
  return { options: replaced, command: rest };
}

/**
 * Returns the full name of an image for Podman. Docker has a default registry, but an image without a folder was
 * built on the host: no engine is an official image.
 */
function imageOfDocker(image: string): { full: string; change: string | undefined } {
  const [first = "", ...rest] = image.split("/");
  const isLocal = rest.length === 0 || first === "localhost";
  if (!isLocal && /[.:]/.test(first)) return { full: image, change: undefined };
  const loaded = first === "localhost" ? image : `localhost/${image}`;
  const load = command`docker save ${image} | podman load`.line;
  if (isLocal) return { full: loaded, change: `Docker's own image: first run   ${load}` };
  const full = `docker.io/${image}`;
  const isOfEngine = HOST_PROGRAMS.some(({ engine }) =>
    imageFor(engine, undefined)?.split(":")[0] === full.split(":")[0]
  );
  const built = isOfEngine
    ? ""
    : `; if it was built on this host:   ${load}   and then   image = "${loaded}"`;
  return { full, change: `the full name of ${image} is ${full}${built}` };
}

/** Returns how the content of a volume of Docker comes to Podman; nothing for a folder of the host. */
export function whyEmpty({ name, value = "" }: RunOption): string | undefined {
  const pattern = name === "volume"
    ? /^([\w.-]+):\//
    : name === "mount" && /(?:^|,)type=volume(?:,|$)|^(?!.*(?:^|,)type=)/.test(value)
    ? /(?:^|,)(?:source|src)=([\w.-]+)(?:,|$)/
    : /(?!)/;
  const volume = pattern.exec(value)?.[1];
  if (volume === undefined) return undefined;
  const copy =
    command`podman volume create ${volume} && docker run --rm -v ${volume}:/from busybox tar -c -C /from . | podman volume import ${volume} -`;
  return `Docker keeps its own volume, and that of Podman is empty at first:   ${copy.line}`;
}

/** One option of `docker run` as settings, or its outcome. */
export type Translated =
  | {
    readonly settings: readonly { readonly key: string; readonly value: string }[];
    readonly change?: string;
  }
  | { readonly outcome: Outcome; readonly why: string };

/** Options that never become settings. */
const OUTCOMES: ReadonlyMap<string, readonly [outcome: Outcome, why: string]> = new Map([
  ["attach", ["carried", "systemd logs its output"]],
  ["cidfile", ["carried", "Quadlet writes its own"]],
  ["detach", ["carried", "systemd runs it"]],
  ["interactive", ["carried", "a service has no terminal"]],
  ["ipc", ["changed", "all engines share the memory of their pod"]],
  ["no-healthcheck", ["carried", "lychd uses the health check of llama-swap"]],
  ["publish-all", ["lost", "a Soulstone has one port"]],
  ["quiet", ["carried", "systemd logs its output"]],
  ["replace", ["carried", "Quadlet does so"]],
  ["restart", ["changed", "systemd restarts an engine that fails"]],
  ["rm", ["carried", "Quadlet does so"]],
  ["sig-proxy", ["carried", "systemd sends it signals"]],
  ["tty", ["carried", "a service has no terminal"]],
]);

/** Options of Docker that Podman does not have. */
const OF_DOCKER =
  /^(?:cpu-(?:count|percent)|cpus-?set|domainname|io-max(?:bandwidth|iops)|isolation|kernel-memory|link|link-local-ip|runtime|storage-opt|volume-driver)$/;

/** Values with a relative path, by option: Quadlet would resolve it from the folder of its unit. */
const RELATIVE_PATHS: ReadonlyMap<string, RegExp> = new Map([
  ["env-file", /^(?!\/)/],
  ["mount", /(?:^|,)(?:src|source)=\./],
  ["volume", /^\./],
]);

/** Returns the fix for a variable whose value is in the environment of llama-swap. */
export function secretInstead(variable: string): string {
  const secret = variable.toLowerCase().replaceAll("_", "-");
  const create = command`podman secret create ${secret} -`.line;
  return `llama-swap reads it from its own environment: ${create}   and ` +
    `then   secrets = ["${secret},type=env,target=${variable}"]`;
}

/** Translates one of the options of a container to settings of [Container]. */
export function translateOption(option: RunOption, options: readonly RunOption[]): Translated {
  const { name, value } = option;
  if (isAboutGpus(option)) return gpusOf(option, options);
  const [outcome, why = ""] = OUTCOMES.get(name) ?? [];
  if (outcome !== undefined) return { outcome, why };
  if (RELATIVE_PATHS.get(name)?.test(value ?? "")) {
    const why = "it is relative to llama-swap's working directory: write the absolute path";
    return { outcome: "lost", why };
  }
  switch (name) {
    case "runtime":
      return { outcome: "lost", why: "Podman uses its own runtime" };
    case "env":
      // NAME alone takes its value from the environment of the command.
      if (value?.includes("=")) break;
      return { outcome: "lost", why: secretInstead(value ?? "") };
    case "user": {
      const [user = "", group] = (value ?? "").split(":");
      return {
        settings: [
          { key: "User", value: user },
          ...group === undefined ? [] : [{ key: "Group", value: group }],
        ],
      };
    }
  }
  const key = quadletKeyOf(name);
  if (key !== undefined) return { settings: [{ key, value: value ?? "true" }] };
  if (OF_DOCKER.test(name)) return { outcome: "lost", why: `Podman has no option --${name}` };
  return { settings: [{ key: "PodmanArgs", value: wordOf(option) }] };
}

/** Translates an option that asks for GPUs. */
function gpusOf(option: RunOption, options: readonly RunOption[]): Translated {
  const gpus = dockerGpus(options);
  if (gpus?.by !== option) {
    return { outcome: "changed", why: "Podman provides GPUs as CDI devices: see `devices`" };
  }
  if (gpus.names === undefined) {
    const why = 'write the GPUs as CDI devices, such as devices = ["nvidia.com/gpu=0"]';
    return { outcome: "lost", why };
  }
  return gpus.names.length === 0 ? { outcome: "carried", why: "it has no GPU" } : {
    settings: gpus.names.map((name) => ({ key: "AddDevice", value: `nvidia.com/gpu=${name}` })),
    change: "as CDI devices",
  };
}

/**
 * Returns the words of a command that Quadlet can write: an empty word is removed, with the flag whose value it
 * is. `removed` has them as text.
 *
 * @example
 * ```ts
 * import { withoutEmptyWords } from "./program.ts";
 * withoutEmptyWords(["-m", "x.gguf", "--alias", ""]); // { words: ["-m", "x.gguf"], removed: ["--alias ''"] }
 * ```
 */
export function withoutEmptyWords(given: readonly string[]) {
  const words: string[] = [];
  const removed: string[] = [];
  for (const word of given) {
    if (word !== "") words.push(word);
    else removed.push(/^-[^=]*$/.test(words.at(-1) ?? "") ? `${words.pop()} ''` : "''");
  }
  return { words, removed };
}

/**
 * Returns a word without `.`, `..` and repeated slashes in its path, which no volume may have.
 *
 * @example
 * ```ts
 * import { normalPath } from "./program.ts";
 * normalPath("--lora=/srv/a/../b/x.gguf"); // "--lora=/srv/b/x.gguf"
 * ```
 */
export function normalPath(word: string): string {
  const [, flag = "", path = ""] = /^(-[^=]*=|)(\/.*)$/s.exec(word) ?? [];
  return /\/\.{0,2}\/|\/\.\.?$/.test(path) ? flag + normalize(path) : word;
}

/** Flags, and keys of JSON, whose value is a path. */
const PATH_FLAG =
  /^(?:-m|-md|-mm|-mv|-jf|--?[\w.-]*(?:model|mmproj|lora|vector|vocoder|file|path|dir|cache|preset|template|tokenizer|config|draft|adapter|processor|plugin|grammar|schema|folder)[\w.-]*)$/;

/** Flags whose value only looks like a path: the beginning of the paths of requests. */
const REQUEST_FLAG = /^--(?:api-prefix|root-path)$|url|endpoint/;

/** Parts of the names of flags whose path is written to. */
const WRITTEN_FLAG = /save|log|download|output|cache|storage/;

const MODEL_FILE = /\.(?:gguf|jinja|gbnf|safetensors|bin)$/;

/** Folders that an image has too, with programs or settings that a mount would hide; and homes with other files. */
const OF_IMAGE = new RegExp(
  String.raw`^/(?:(?:app|bin|boot|etc|home|lib\w*|opt|root|sbin|tmp|usr|var|(?:\w+-)?workspace)?` +
    String.raw`|(?:dev|proc|run|sys)(?:/.*)?|home/[^/]+|root/\.cache|var/(?:cache|lib|log|tmp)` +
    String.raw`|usr/(?:local/)?(?:bin|include|lib\w*|local|sbin|share|src)|usr/local/cuda[^/]*` +
    String.raw`|opt/(?:conda|intel|nvidia|python|rocm|venv)[^/]*)$`,
);

/**
 * Returns the folders of the host that a container must mount for a command: those of the files after
 * flags for paths, also in JSON. Of a folder that the image has too, only the file is mounted. `unmounted`
 * has the paths that are not clearly a file or folder of the host, or that cannot be mounted.
 *
 * @example
 * ```ts
 * import { neededFiles } from "./program.ts";
 * neededFiles(["-m", "/srv/models/x.gguf", "--lora", "y.gguf"]);
 * // { mounts: [{ path: "/srv/models", isWritten: false }], unmounted: ["y.gguf"] }
 * ```
 */
export function neededFiles(words: readonly string[]) {
  const mounts = new Map<string, boolean>();
  const unmounted: string[] = [];
  // The first word of vLLM is the model.
  let flag = "--model";
  for (const word of words) {
    const [, name = "", text] = /^(-[^=]*)(?:=(.*))?$/s.exec(word) ?? ["", flag, word];
    flag = name;
    if (text === undefined) continue;
    for (const [of, value] of namedValues(flag, text)) {
      if (isTlsFlag(of) || REQUEST_FLAG.test(of)) continue;
      if (!value.startsWith("/") || !PATH_FLAG.test(of)) {
        if (MODEL_FILE.test(value) || /^\/[^/]+\/./.test(value)) unmounted.push(value);
        continue;
      }
      const isWritten = WRITTEN_FLAG.test(of);
      const isFile = /\.[A-Za-z0-9]+$/.test(basename(value));
      const folder = isFile ? dirname(value) : value;
      if (!OF_IMAGE.test(folder)) mounts.set(folder, isWritten || mounts.get(folder) === true);
      // A file that does not exist yet cannot be mounted.
      else if (isFile && !isWritten) mounts.set(value, false);
      else unmounted.push(value);
    }
  }
  const all = [...mounts].map(([path, isWritten]) => ({ path, isWritten }));
  const isBelow = (inner: string, outer: string) => inner.startsWith(`${outer}/`);
  return {
    mounts: all.filter(({ path, isWritten }) =>
      !all.some((o) => isBelow(path, o.path) && (o.isWritten || !isWritten))
    ),
    unmounted,
  };
}

/** Returns the values in a text, each with its name: those of JSON, or the whole text with its flag. */
function namedValues(flag: string, text: string): (readonly [name: string, value: string])[] {
  if (/^\s*[{[]/.test(text)) {
    return [...text.matchAll(/(?:"([\w.-]+)"\s*:\s*)?"(\/[^"\\]+)"(?!\s*:)/g)].map((
      [, key, value = ""],
    ) => [key === undefined ? "--path" : `--${key}`, normalPath(value)]);
  }
  // A value can have a name or a scale, such as that of an adapter.
  return [[flag, text.replace(/^[\w.-]+=(?=\/)/, "").replace(/(?<=\.\w+):[\d.]+$/, "")]];
}
