/** The GPUs of a container of Docker. */
import type { RunOption } from "../../rune/mod.ts";

/** The GPUs that options of `docker run` ask for. */
export interface DockerGpus {
  /** The option that decides. */
  readonly by: RunOption;
  /** The names of the GPUs, as in NVIDIA's CDI devices; undefined if they cannot be read. */
  readonly names: readonly string[] | undefined;
}

const VARIABLE = "NVIDIA_VISIBLE_DEVICES=";

/**
 * Returns the GPUs that options of `docker run` ask for; undefined if they ask for none.
 *
 * `--gpus` decides, then the variable NVIDIA_VISIBLE_DEVICES, then `--runtime=nvidia`, with which images of
 * CUDA get all GPUs. Sources: opts/gpus.go of docker/cli; NVIDIA Container Toolkit, "Docker Specialized
 * Configurations".
 *
 * @example
 * ```ts
 * import { dockerGpus } from "./docker_gpus.ts";
 * const option = { name: "gpus", value: "2", words: ["--gpus", "2"], index: 0 };
 * dockerGpus([option])?.names; // ["0", "1"]
 * ```
 */
export function dockerGpus(options: readonly RunOption[]): DockerGpus | undefined {
  const by = options.findLast(({ name }) => name === "gpus") ??
    options.findLast(isVariable) ?? options.findLast(isRuntime);
  if (by === undefined) return undefined;
  const { name, value = "" } = by;
  if (name === "gpus") return { by, names: namesOfGpus(value) };
  return { by, names: name === "env" ? namesIn(value.slice(VARIABLE.length)) : ["all"] };
}

/**
 * Gives `-e NVIDIA_VISIBLE_DEVICES` the value that the environment of the command has.
 *
 * @example
 * ```ts
 * import { withGpuVariable } from "./docker_gpus.ts";
 * const option = { name: "env", value: "NVIDIA_VISIBLE_DEVICES", words: [], index: 0 };
 * withGpuVariable([option], ["NVIDIA_VISIBLE_DEVICES=1"])[0]?.value; // "NVIDIA_VISIBLE_DEVICES=1"
 * ```
 */
export function withGpuVariable(
  options: readonly RunOption[],
  environment: readonly string[],
): readonly RunOption[] {
  const pair = environment.findLast((one) => one.startsWith(VARIABLE));
  return pair === undefined
    ? options
    : options.map((option) =>
      option.name === "env" && `${option.value}=` === VARIABLE ? { ...option, value: pair } : option
    );
}

/** Returns true if an option is one of those that ask for GPUs. */
export function isAboutGpus(option: RunOption): boolean {
  return option.name === "gpus" || isVariable(option) || isRuntime(option);
}

function isVariable({ name, value }: RunOption): boolean {
  return name === "env" && value?.startsWith(VARIABLE) === true;
}

function isRuntime({ name, value }: RunOption): boolean {
  return name === "runtime" && value === "nvidia";
}

/** Reads `--gpus`: `all`, a number, or fields such as `"device=0,1",capabilities=utility`. */
function namesOfGpus(text: string): readonly string[] | undefined {
  let names: readonly string[] | undefined;
  // A device has no `=`.
  for (const field of text.replaceAll('"', "").split(/,(?=[a-z]+=)/)) {
    const [key = "", value] = field.split("=", 2);
    if (value === undefined) names ??= firstGpus(key);
    else if (key === "count") names = firstGpus(value);
    else if (key === "device") names = namesIn(value);
    else if (key !== "capabilities" && key !== "options" && field !== "driver=nvidia") {
      return undefined;
    }
  }
  return names;
}

/** Returns the names of the first GPUs: Docker takes them in order. */
function firstGpus(count: string): readonly string[] | undefined {
  if (count === "all" || count === "-1") return ["all"];
  return /^\d{1,2}$/.test(count)
    ? Array.from({ length: Number(count) }, (_, i) => String(i))
    : undefined;
}

function namesIn(list: string): readonly string[] | undefined {
  if (/^(?:|none|void)$/.test(list)) return [];
  const names = list.split(",");
  return names.every((name) => /^[\w:-]+$/.test(name)) ? names : undefined;
}
