/** One model of llama-swap as a container. */
import { split as splitLikeAShell } from "shlex";
import type { Place } from "../../report/mod.ts";
import type { Setting } from "../setting.ts";
import type { ImportContext } from "../imported.ts";
import { isImage } from "../imported.ts";
import type { Item, Ledger } from "../ledger.ts";
import type { Model } from "./config.ts";
import { environmentIn, fillMacros, macrosIn } from "./macros.ts";
import { neededFiles, type Program, programOf, secretInstead, translateOption } from "./program.ts";
import { type Entry, invalid, type Reader, textOf, textsOf } from "./reader.ts";
import { unwrap } from "./wrappers.ts";

/** What is known around a model. */
export interface ModelWorld {
  readonly context: ImportContext;
  /** Images that the operator named for programs of the host. */
  readonly images: ReadonlyMap<string, string>;
  /** What `${PORT}` is for it. */
  readonly port: number;
  /** The text of the file. */
  readonly source: string;
}

/** A text with its macros filled in; those of the environment stay as they are. */
export function fill(model: Model, { context, port }: ModelWorld, text: string): string {
  const filled = fillMacros(text, [{ name: "PORT", value: String(port) }, ...model.macros]);
  return context.home === undefined ? filled : filled.replaceAll("${env.HOME}", context.home);
}

/** Whether a model's command uses `${PORT}`: then llama-swap gives it the next one. */
export function usesPort(model: Model): boolean {
  const cmd = model.settings.get("cmd")?.node;
  const text = cmd?.kind === "scalar" ? String(cmd.value) : "";
  return fillMacros(withoutComments(text), model.macros).includes("${PORT}");
}

/** The words of a model's command; nothing, with a fault, when llama-swap would refuse it. */
export function wordsOf(
  model: Model,
  world: ModelWorld,
  reader: Reader,
): readonly string[] | undefined {
  const entry = model.settings.get("cmd");
  const text = entry === undefined ? undefined : textOf(entry.node, "`cmd`", reader);
  const place = entry?.node.place ?? model.place;
  if (entry === undefined || text?.trim() === "") {
    invalid(reader, place, `model \`${model.id}\` has no \`cmd\``);
    return undefined;
  }
  const filled = fill(model, world, withoutComments(text ?? ""));
  const unknown = macrosIn(filled);
  for (const name of unknown) {
    invalid(reader, place, `model \`${model.id}\` uses a macro \`${name}\` that is not there`);
  }
  try {
    // A backslash at the end of a line is a space to llama-swap, wherever it stands.
    const lines = withoutComments(filled).split("\n")
      .map((line) => line.trim().endsWith("\\") ? `${line.trim().slice(0, -1)} ` : line);
    return unknown.length > 0 ? undefined : splitLikeAShell(lines.join("\n"));
  } catch {
    invalid(reader, place, `\`cmd\` of model \`${model.id}\` has a quote that is not closed`);
    return undefined;
  }
}

function withoutComments(text: string): string {
  return text.split("\n").filter((line) => !line.trim().startsWith("#")).join("\n");
}

/** The program that a model runs, and its settings; or why it can be no Soulstone. */
export function containerSettings(
  model: Model,
  name: string,
  words: readonly string[],
  world: ModelWorld,
  reader: Reader,
): { program: Program; settings: Setting[] } | { problem: string } {
  const { ledger } = reader;
  const cmd = model.settings.get("cmd");
  if (cmd === undefined) return { problem: "it has no `cmd`" };
  const command = unwrap(words);
  const program = programOf(command.words, world.images);
  if (program.kind === "none") return program;
  if (program.image === undefined) {
    const named = program.kind === "host" ? program.program : "";
    return {
      problem: `no image is known for \`${named}\` of this host; --image ${named}=IMAGE names one`,
    };
  }
  if (!isImage(program.image)) return { problem: `\`${program.image}\` is no image name` };
  const enter = (text: string, first = text) =>
    ledger.enter(placeIn(cmd, first, world.source) ?? cmd.item.place, text);
  const settings = program.kind === "container"
    ? [
      setting("Image", program.image, enter(program.given), program.how),
      ...program.options.flatMap((option) =>
        optionSettings(option, enter(option.words.join(" "), option.words[0]), name, ledger)
      ),
    ]
    : hostSettings(program, program.image, name, cmd, world, ledger);
  for (const { words: own, why } of command.lost) {
    ledger.note(enter(own.join(" "), own[0]), "lost", { soulstone: name, why });
  }
  const variables = command.variables.flatMap((pair) =>
    commandVariable(pair, program, enter(pair), name, ledger)
  );
  for (const variable of environmentIn(command.words.join(" "))) {
    ledger.note(enter(`\${env.${variable}}`), "lost", {
      soulstone: name,
      why: "llama-swap fills it in from its own environment: write the value in its place",
    });
  }
  const exec: Setting[] = program.words.length === 0
    ? []
    : [{ ...setting("Exec", "", cmd.item), words: program.words }];
  if (exec.length === 0) ledger.note(cmd.item, "carried", { soulstone: name, to: `${name}.image` });
  return {
    program,
    settings: [
      ...settings,
      ...exec,
      ...variableSettings(model, name, world, reader, new Set(variables.map(variableOf))),
      ...variables,
    ],
  };
}

/** A variable that the command itself sets for its program. */
function commandVariable(
  pair: string,
  program: Program,
  item: Item,
  soulstone: string,
  ledger: Ledger,
): Setting[] {
  const why = program.kind === "container"
    ? "it is Docker's own variable, and not the container's"
    : environmentIn(pair).length > 0
    ? secretInstead(pair.replace(/=.*$/s, ""))
    : undefined;
  if (why === undefined) return [setting("Environment", pair, item)];
  ledger.note(item, "lost", { soulstone, why });
  return [];
}

/** The name of a variable that a setting gives. */
function variableOf({ value }: Setting): string {
  return value.replace(/=.*$/s, "");
}

/** Where a word of a command stands in the file; nothing when a macro brought it. */
function placeIn({ node: { place } }: Entry, word: string, source: string): Place | undefined {
  const lines = source.split("\n");
  for (let line = place.start.line; line <= place.end.line; line++) {
    const text = lines[line - 1] ?? "";
    const from = line === place.start.line ? place.start.column - 1 : 0;
    for (let at = text.indexOf(word, from); at >= 0; at = text.indexOf(word, at + 1)) {
      const isWord = /^[\s"'=]?$/.test(text[at - 1] ?? "");
      if (!isWord) continue;
      const start = { line, column: at + 1 };
      return { file: place.file, start, end: { line, column: start.column + word.length } };
    }
  }
  return undefined;
}

function setting(key: string, value: string, item: Item, how?: string): Setting {
  return { section: "Container", key, value, item, ...how === undefined ? {} : { how } };
}

function optionSettings(
  option: Parameters<typeof translateOption>[0],
  item: Item,
  soulstone: string,
  ledger: Ledger,
): Setting[] {
  const translated = translateOption(option);
  if ("settings" in translated) {
    return translated.settings.map(({ key, value }) => setting(key, value, item, translated.how));
  }
  ledger.note(item, translated.outcome, { soulstone, why: translated.why });
  return [];
}

/** An image in the place of a program of the host, with the folders of its files. */
function hostSettings(
  program: Extract<Program, { kind: "host" }>,
  image: string,
  soulstone: string,
  cmd: Entry,
  { context, source }: ModelWorld,
  ledger: Ledger,
): Setting[] {
  const enter = (text: string) => ledger.enter(placeIn(cmd, text, source) ?? cmd.item.place, text);
  const { folders, unseen } = neededFiles(program.words);
  for (const file of unseen) {
    ledger.note(enter(file), "lost", {
      soulstone,
      why: "the container does not see it: mount its folder by `volumes`, and write the path there",
    });
  }
  const home = context.home;
  const mounted = (folder: string) =>
    home !== undefined && folder.startsWith(`${home}/`) ? `~${folder.slice(home.length)}` : folder;
  return [
    setting(
      "Image",
      image,
      enter(program.program),
      `the program of this host becomes an image; --image ${program.program}=IMAGE names another`,
    ),
    ...folders.map(({ folder, isWritten }) =>
      setting(
        "Volume",
        `${mounted(folder)}:${folder}${isWritten ? "" : ":ro"}`,
        enter(folder),
        "mounted, so that the container sees it",
      )
    ),
  ];
}

/** The variables of a model, without those that its command sets itself. */
function variableSettings(
  model: Model,
  soulstone: string,
  world: ModelWorld,
  reader: Reader,
  setByCommand: ReadonlySet<string>,
): Setting[] {
  const { ledger } = reader;
  const entry = model.settings.get("env");
  if (entry === undefined) return [];
  const pairs = textsOf(entry.node, "`env`", reader);
  const items = ledger.split(
    entry.item,
    pairs.map(({ text, place }) => ({ text: `env: ${text}`, place })),
  );
  const last = new Map(pairs.map(({ text }, i) => [text.replace(/=.*$/s, ""), i]));
  return pairs.flatMap(({ text }, i) => {
    const item = items[i] ?? entry.item;
    const pair = fill(model, world, text);
    const variable = pair.replace(/=.*$/s, "");
    const [unknown] = environmentIn(pair);
    const note = (outcome: "carried" | "lost", why: string) => {
      ledger.note(item, outcome, { soulstone, why });
      return [];
    };
    if (!pair.includes("=")) return note("lost", "it is no NAME=VALUE");
    if (last.get(text.replace(/=.*$/s, "")) !== i) {
      return note("carried", "it has no effect: it is set again behind");
    }
    if (setByCommand.has(variable)) {
      return note("carried", "it has no effect: `cmd` sets it again");
    }
    if (unknown !== undefined) return note("lost", secretInstead(variable));
    return [setting("Environment", pair, item)];
  });
}
