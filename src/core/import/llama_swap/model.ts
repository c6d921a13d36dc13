/** One model of llama-swap as a container. */
import { split as splitLikeAShell } from "shlex";
import { soulstoneSchema } from "../../codex/mod.ts";
import { command, type Place } from "../../report/mod.ts";
import type { ImportContext } from "../imported.ts";
import type { ImportReport, Item } from "../report.ts";
import { withGpuVariable } from "./docker_gpus.ts";
import { join, type Setting, splitPair } from "../setting.ts";
import type { Model } from "./config.ts";
import { downloadedAgain, downloadsOf, emptyAtFirst, isOffline } from "./downloads.ts";
import {
  environmentIn,
  expandMacros,
  helpForVariable,
  macrosIn,
  withoutComments,
} from "./macros.ts";
import {
  isEngine,
  neededFiles,
  normalPath,
  type Program,
  programOf,
  secretInstead,
  translateOption,
  whyEmpty,
  whyNoImage,
  withoutEmptyWords,
} from "./program.ts";
import { type Entry, invalid, type Reader, textOf, textsOf } from "./reader.ts";
import { unwrap, type Unwrapped } from "./wrappers.ts";

/** A model, and what its import depends on. */
export interface ModelInput {
  readonly model: Model;
  /** The name of its Soulstone. */
  readonly name: string;
  /** The value of `${PORT}`. */
  readonly port: number;
  readonly context: ImportContext;
  /** The images of `--image`, by program. */
  readonly images: ReadonlyMap<string, string>;
  /** The texts of the files by path. */
  readonly texts: ReadonlyMap<string, string>;
  readonly reader: Reader;
  /** The report for its Soulstone. */
  readonly report: ImportReport;
}

/** Expands the port in a text. */
export function expand({ port }: ModelInput, text: string): string {
  return expandMacros(text, [{ name: "PORT", value: port }]);
}

/** Returns a setting of the model as text with the port, or nothing if it is not set. */
export function settingText(input: ModelInput, key: string): string | undefined {
  const entry = input.model.settings.get(key);
  if (entry === undefined) return undefined;
  return expand(input, textOf(entry.node, `\`${key}\``, input.reader) ?? "");
}

/** Returns true if a model's command uses `${PORT}`, so that llama-swap gives it the next one. */
export function usesPort(model: Model): boolean {
  const cmd = model.settings.get("cmd")?.node;
  return cmd?.kind === "scalar" && String(cmd.value).includes("${PORT}");
}

/** Returns a model's command without wrappers, or nothing after an error. */
export function commandOf(input: ModelInput): Unwrapped | undefined {
  const words = wordsOf(input);
  const variables = pairsOf(input).map(({ text }) => splitPair(text));
  const { home } = input.context;
  return words && unwrap(words, {
    isEngine: (own) => isEngine(own, input.images),
    environment: new Map([...home === undefined ? [] : [["HOME", home] as const], ...variables]),
  });
}

/**
 * Returns the words of a model's command, none if it has no command. Adds an error if llama-swap would refuse
 * it.
 */
function wordsOf(input: ModelInput): readonly string[] | undefined {
  const { model, reader } = input;
  const entry = model.settings.get("cmd");
  if (entry === undefined) return [];
  const { place } = entry.node;
  const expanded = expand(input, textOf(entry.node, "`cmd`", reader) ?? "");
  const unknown = macrosIn(expanded);
  for (const name of unknown) {
    invalid(reader, place, `model \`${model.id}\` uses the unknown macro \`${name}\``);
  }
  try {
    // llama-swap reads a backslash at the end of a line as a space, even in quotes.
    const lines = withoutComments(expanded).split("\n")
      .map((line) => line.trim().endsWith("\\") ? `${line.trim().slice(0, -1)} ` : line);
    return unknown.length > 0 ? undefined : splitLikeAShell(lines.join("\n"));
  } catch {
    invalid(reader, place, `\`cmd\` of model \`${model.id}\` has an unclosed quote`);
    return undefined;
  }
}

/** Returns the program and the settings of a model, or the reason why it cannot be a Soulstone. */
export function containerSettings(
  input: ModelInput,
  command: Unwrapped,
): { program: Program; settings: Setting[] } | { problem: string } {
  const { model, report } = input;
  const cmd = model.settings.get("cmd");
  if (cmd === undefined || command.words.length === 0) return { problem: "it has no `cmd`" };
  const pairs = [...pairsOf(input).map(({ text }) => expand(input, text)), ...command.variables];
  const read = programOf(command.words, { images: input.images, vendor: input.context.vendor });
  if (read.kind === "none") return read;
  const program = read.kind === "container"
    ? { ...read, options: withGpuVariable(read.options, pairs) }
    : read;
  if (program.image === undefined) {
    return { problem: command.problem ?? whyNoImage(command.words) };
  }
  if (!soulstoneSchema.shape.image.safeParse(program.image).success) {
    return { problem: `\`${program.image}\` is not an image name` };
  }
  const add = (text: string, first = text) =>
    report.add(placeIn(cmd, first, input.texts) ?? cmd.item.place, text);
  const { words: written, removed } = withoutEmptyWords(program.words);
  for (const text of removed) {
    report.lost(report.add(cmd.item.place, text), "Quadlet cannot write an empty word");
  }
  const named = new Set(pairs.map(nameOf));
  const downloads = program.kind === "host"
    ? downloadsOf({ ...program, image: program.image, words: written, names: [...named] })
    : undefined;
  if (downloads !== undefined) {
    const place = placeIn(cmd, downloads.word, input.texts) ?? cmd.item.place;
    const item = report.add(place, downloads.word, "downloads");
    report.record(item, "changed", { why: downloadedAgain(downloads) });
  }
  const engineWords = program.kind === "container" ? written : written.flatMap((word) => {
    if (downloads !== undefined && isOffline(word)) {
      report.lost(add(word), emptyAtFirst(downloads));
      return [];
    }
    const path = normalPath(word);
    if (path !== word) report.record(add(word), "changed", { why: `the same path is ${path}` });
    return path;
  });
  const settings = program.kind === "container"
    ? [
      setting("Image", program.image, add(program.given), program.change),
      ...program.options.flatMap((option) => {
        const item = add(option.words.join(" "), option.words[0]);
        if (option.name === "env" && named.has(option.value ?? "")) {
          report.record(item, "carried", { why: "its value is in `env`" });
          return [];
        }
        const translated = translateOption(option, program.options);
        if ("settings" in translated) {
          const { settings: own, change } = translated;
          const all = join(change, program.isDocker ? whyEmpty(option) : undefined);
          return own.map(({ key, value }) => setting(key, value, item, all));
        }
        report.record(item, translated.outcome, translated);
        return [];
      }),
    ]
    : hostSettings({ ...program, words: engineWords }, program.image, input, add);
  for (const { words: own, why } of command.lost) report.lost(add(own.join(" "), own[0]), why);
  const variablesOf = (pair: string, item: Item) => {
    if (downloads === undefined || !isOffline(pair)) {
      return variableSettings(pair, item, program, input);
    }
    report.lost(item, emptyAtFirst(downloads));
    return [];
  };
  const variables = command.variables.flatMap((pair) => variablesOf(pair, add(pair)));
  for (const variable of environmentIn(command.words.join(" "))) {
    report.lost(add(`\${env.${variable}}`), helpForVariable(variable));
  }
  const exec: Setting[] = engineWords.length === 0
    ? []
    : [{ ...setting("Exec", "", cmd.item), words: engineWords }];
  if (exec.length === 0) report.record(cmd.item, "carried", { to: "image" });
  const setByCommand = new Set(command.variables.map(nameOf));
  const ofModel = environmentSettings(input, setByCommand, variablesOf);
  return { program, settings: [...settings, ...exec, ...ofModel, ...variables] };
}

/** Returns the place of a word of a command in the file, or nothing if it came from a macro. */
function placeIn(
  { node: { place } }: Entry,
  word: string,
  texts: ReadonlyMap<string, string>,
): Place | undefined {
  const lines = (texts.get(place.file) ?? "").split("\n");
  for (let line = place.start.line; line <= place.end.line; line++) {
    const text = lines[line - 1] ?? "";
    const from = line === place.start.line ? place.start.column - 1 : 0;
    for (let at = text.indexOf(word, from); at >= 0; at = text.indexOf(word, at + 1)) {
      if (!/^[\s"'=]?$/.test(text[at - 1] ?? "")) continue;
      const start = { line, column: at + 1 };
      return { file: place.file, start, end: { line, column: start.column + word.length } };
    }
  }
  return undefined;
}

function setting(key: string, value: string, item: Item, change?: string): Setting {
  return { section: "Container", key, value, item, change };
}

/** Returns an image for a program of the host, and the folders of its files. */
function hostSettings(
  { program, words, doubt }: Extract<Program, { kind: "host" }>,
  image: string,
  { context: { home }, report }: ModelInput,
  add: (text: string) => Item,
): Setting[] {
  const { mounts, unmounted } = neededFiles(words);
  for (const file of unmounted) {
    report.lost(add(file), "mount its folder in `volumes`, and write the path in the container");
  }
  const other = command`--image ${program}=IMAGE`.line;
  const change = join(
    "an image replaces the program of this host",
    doubt,
    `use ${other} for another one`,
  );
  return [
    setting("Image", image, add(program), change),
    ...mounts.map((one) => mountSetting(one, add(one.path), home)),
  ];
}

function pairsOf({ model, reader }: ModelInput) {
  const entry = model.settings.get("env");
  return entry === undefined ? [] : textsOf(entry.node, "`env`", reader);
}

/** Returns the variables of a model, without those that its command sets. */
function environmentSettings(
  input: ModelInput,
  setByCommand: ReadonlySet<string>,
  variablesOf: (pair: string, item: Item) => Setting[],
): Setting[] {
  const { report } = input;
  const entry = input.model.settings.get("env");
  if (entry === undefined) return [];
  const pairs = pairsOf(input);
  const items = report.split(
    entry.item,
    pairs.map(({ text, place }) => ({ text: `env: ${text}`, place })),
  );
  const last = new Map(pairs.map(({ text }, i) => [nameOf(text), i]));
  return pairs.flatMap(({ text }, i) => {
    const item = items[i] ?? entry.item;
    const pair = expand(input, text);
    if (!pair.includes("=")) report.lost(item, "it is not NAME=VALUE");
    else if (last.get(nameOf(text)) !== i) {
      report.record(item, "carried", { why: "it has no effect: it is set again below" });
    } else if (setByCommand.has(nameOf(pair))) {
      report.record(item, "carried", { why: "it has no effect: `cmd` sets it again" });
    } else return variablesOf(pair, item);
    return [];
  });
}

/** Variables that describe the host, where an image has values of its own. */
const OF_HOST =
  /^(?:PATH|(?:LD_)?LIBRARY_PATH|LD_PRELOAD|C(?:PLUS_INCLUDE_)?PATH|PYTHON(?:HOME|PATH)|VIRTUAL_ENV|UV_\w+|CONDA_\w+|(?:CUDA|ROCM|HIP|ONEAPI|VULKAN)_(?:HOME|PATH|ROOT|SDK)|HOME|USER|LOGNAME|SHELL|PWD|TERM|DISPLAY|TMPDIR|XDG_RUNTIME_DIR)$/;

/** Variables that name a folder where an engine keeps what it has downloaded or compiled. */
const CACHE =
  /^(?:HF_HOME|TORCH_HOME|VLLM_CONFIG_ROOT|XDG_CACHE_HOME|OLLAMA_MODELS|[A-Z0-9_]*CACHE(?:_DIR|_ROOT|_PATH|_HOME)?)$/;

/** Variables of llama.cpp that name a file or a folder, as its flags do. */
const PATH_VARIABLE = /^LLAMA_ARG_(?:\w*_)?(?:MODEL|MMPROJ|FILE|DIR|PATH|PRESET)$/;

/** Returns a variable as a setting, with the volume of its folder, or records why there is none. */
function variableSettings(
  pair: string,
  item: Item,
  program: Program,
  { report, context: { home } }: ModelInput,
): Setting[] {
  const [name, given] = splitPair(pair);
  const isHost = program.kind === "host";
  const isOption = program.kind === "container" &&
    program.options.some((option) => option.name === "env" && option.value === pair);
  if (isOption) {
    report.record(item, "carried", { why: "an option of the container has it" });
    return [];
  }
  const isPassed = program.kind !== "container" ||
    program.options.some((option) => option.name === "env" && option.value === name);
  const why = !isPassed
    ? "it is a variable of Docker itself, which passes only those of `-e`"
    : environmentIn(pair).length > 0
    ? secretInstead(name)
    : isHost && OF_HOST.test(name)
    ? "the image has its own"
    : /^LLAMA_ARG_SSL_/.test(name)
    ? "lychd reaches engines over HTTP"
    : undefined;
  if (why !== undefined) {
    report.lost(item, why);
    return [];
  }
  // Libraries expand the home folder in the names of caches.
  const isOfHome = isHost && CACHE.test(name) && home !== undefined && given.startsWith("~/");
  const value = isHost ? normalPath(isOfHome ? home + given.slice(1) : given) : given;
  const [file] = isHost && PATH_VARIABLE.test(name)
    ? neededFiles(["--file", value]).mounts
    : isHost && CACHE.test(name) && /^\/[^/]+\/./.test(value)
    ? [{ path: value, isWritten: true }]
    : [];
  const isUnmounted = isHost && file === undefined && /^\/[^/]+\/./.test(value);
  const change = isUnmounted
    ? "the container has no such path without `volumes`"
    : value === given
    ? undefined
    : `the same path is ${value}`;
  return [
    setting("Environment", `${name}=${value}`, item, change),
    ...file === undefined ? [] : [mountSetting(file, item, home)],
  ];
}

/** Returns the volume of a file or folder that has the same path in the container. */
function mountSetting(
  { path, isWritten }: { readonly path: string; readonly isWritten: boolean },
  item: Item,
  home: string | undefined,
): Setting {
  const isAtHome = home !== undefined && path.startsWith(`${home}/`);
  const source = isAtHome ? `~${path.slice(home.length)}` : path;
  const volume = `${source}:${path}${isWritten ? "" : ":ro"}`;
  return setting("Volume", volume, item, "mounted into the container");
}

function nameOf(pair: string): string {
  return pair.replace(/=.*$/s, "");
}
