/** llama-swap's configuration as it means it: defaults, macros and both places of the routing. */
import type { Place } from "../../report/mod.ts";
import type { Item } from "../ledger.ts";
import { type Macro, mergeMacros } from "./macros.ts";
import { enter, entriesOf, type Entry, type Reader, textsOf } from "./reader.ts";
import { type Routed, routingOf } from "./routing_config.ts";
import type { YamlNode } from "./yaml.ts";

/** One model, as it stands. */
export interface Model {
  readonly id: string;
  readonly place: Place;
  readonly settings: ReadonlyMap<string, Entry>;
  /** Its macros and the global ones, in the order in which they are filled in from behind. */
  readonly macros: readonly Macro[];
}

/** A configuration. */
export interface SwapConfig extends Routed {
  readonly models: readonly Model[];
  readonly settings: ReadonlyMap<string, Entry>;
  readonly macros: readonly { readonly macro: Macro; readonly item: Item }[];
  readonly preload: readonly { readonly model: string; readonly item: Item }[];
}

/** Reads the top of a configuration; what is not known here is entered as a whole. */
export function readConfig(root: YamlNode, reader: Reader): SwapConfig {
  const { ledger } = reader;
  const top = entriesOf(root, "the configuration", reader);
  const settings = new Map<string, Entry>();
  for (const entry of top) {
    if (STRUCTURED.has(entry.key)) continue;
    const read = enter(entry, "", ledger);
    if (entry.isAnchored && !KNOWN.has(entry.key)) {
      ledger.note(read.item, "carried", { why: "it is read where the file refers to it" });
    }
    settings.set(entry.key, read);
  }
  const below = (key: string) => top.find((entry) => entry.key === key)?.node;
  const macros = macrosOf(below("macros"), "macros.", reader);
  const own = macros.map(({ macro }) => macro);
  const modelsNode = below("models");
  const models = modelsNode === undefined ? [] : entriesOf(modelsNode, "`models`", reader).map(
    ({ key: id, node, place }): Model => {
      const entries = entriesOf(node, `model \`${id}\``, reader);
      const macrosNode = entries.find(({ key }) => key === "macros")?.node;
      return {
        id,
        place,
        settings: new Map(
          entries.filter(({ key }) => key !== "macros")
            .map((entry) => [entry.key, enter(entry, `${id}.`, ledger)]),
        ),
        macros: mergeMacros(
          [{ name: "MODEL_ID", value: id }, ...own].filter(({ name }) => !hides(macrosNode, name)),
          macrosOf(macrosNode, `${id}.macros.`, reader).map(({ macro, item }) => {
            ledger.note(item, "carried", { why: "filled in where it is used" });
            return macro;
          }),
        ),
      };
    },
  );
  const routed = routingOf(top, models.map(({ id }) => id), reader);
  return { models, settings, macros, ...routed, preload: preloadOf(below("hooks"), reader) };
}

/** Settings of the top that are read key by key. */
const STRUCTURED = new Set(["groups", "hooks", "macros", "matrix", "models", "routing"]);

/** Other settings of the top that llama-swap knows. */
export const KNOWN: ReadonlySet<string> = new Set([
  "apiKeys",
  "captureBuffer",
  "globalTTL",
  "healthCheckTimeout",
  "includeAliasesInList",
  "logLevel",
  "logRequests",
  "logTimeFormat",
  "logToStdout",
  "metricsMaxInMemory",
  "peers",
  "performance",
  "profiles",
  "selectors",
  "sendLoadingState",
  "startPort",
  "store",
  "tailcat",
  "ui",
  "unloadTimeout",
  "upstream",
]);

function macrosOf(
  node: YamlNode | undefined,
  path: string,
  reader: Reader,
): { macro: Macro; item: Item }[] {
  if (node === undefined) return [];
  return entriesOf(node, "`macros`", reader).flatMap((entry) => {
    const { item } = enter(entry, path, reader.ledger);
    // Newer versions take mappings too, which have no meaning in a text.
    if (entry.node.kind !== "scalar") {
      const why = "a macro is a text, a number or a truth: write its value where it is used";
      reader.ledger.note(item, "lost", { why });
      return [];
    }
    return [{ macro: { name: entry.key, value: String(entry.node.value ?? "") }, item }];
  });
}

/** Whether a model's macro that is no scalar stands in front of the global one of its name. */
function hides(own: YamlNode | undefined, name: string): boolean {
  return own?.kind === "map" &&
    own.entries.some(({ key, node }) => key === name && node.kind !== "scalar");
}

function preloadOf(node: YamlNode | undefined, reader: Reader): SwapConfig["preload"] {
  if (node === undefined) return [];
  return entriesOf(node, "`hooks`", reader).flatMap((hook) => {
    if (hook.key !== "on_startup") {
      enter(hook, "hooks.", reader.ledger);
      return [];
    }
    return entriesOf(hook.node, "`hooks.on_startup`", reader).flatMap((entry) => {
      if (entry.key !== "preload") {
        enter(entry, "hooks.on_startup.", reader.ledger);
        return [];
      }
      return textsOf(entry.node, "`preload`", reader).map(({ text, place }) => ({
        model: text.trim(),
        item: reader.ledger.enter(place, `preload: ${text}`),
      }));
    });
  });
}
