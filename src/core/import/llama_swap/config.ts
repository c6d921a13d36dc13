/** llama-swap's configuration with its macros and its routing. */
import type { Place } from "../../report/mod.ts";
import type { Item } from "../report.ts";
import { expandMacros, expandNode, type Macro, mergeMacros, withoutComments } from "./macros.ts";
import { enter, enterOthers, entriesOf, type Entry, find, type Reader, textsOf } from "./reader.ts";
import { type Routed, routingOf } from "./routing_config.ts";
import type { YamlEntry, YamlNode } from "./yaml.ts";

/** One model. */
export interface Model {
  readonly id: string;
  readonly place: Place;
  readonly settings: ReadonlyMap<string, Entry>;
}

/** A configuration. */
export interface SwapConfig extends Routed {
  readonly models: readonly Model[];
  /** The settings outside models. */
  readonly settings: ReadonlyMap<string, Entry>;
  readonly preload: readonly { readonly model: string; readonly item: Item }[];
}

/** Reads a configuration, expands its macros, and adds every setting to the report. */
export function readConfig(root: YamlNode, reader: Reader): SwapConfig {
  const written = entriesOf(root, "the configuration", reader);
  const macros = macrosOf(find(written, "macros")?.node, "macros.", reader);
  const top = written.map((entry) => MACROS_INSIDE.has(entry.key) ? entry : expand(entry, macros));
  const settings = new Map<string, Entry>();
  for (const entry of top) {
    if (STRUCTURED.has(entry.key)) continue;
    const read = enter(entry, "", reader, { isKnown: KNOWN.has(entry.key) });
    if (entry.isAnchored && !KNOWN.has(entry.key)) {
      reader.report.record(read.item, "carried", { why: "used where the file refers to it" });
    }
    settings.set(entry.key, read);
  }
  const below = (key: string) => find(top, key)?.node;
  const models = entriesOf(below("models"), "`models`", reader).map(
    ({ key: id, node, place }): Model => {
      const entries = entriesOf(node, `model \`${id}\``, reader);
      const own = find(entries, "macros")?.node;
      // A model's macro that is not a scalar hides the global one too.
      const hidden = own?.kind === "map" ? own.entries.filter((e) => e.node.kind !== "scalar") : [];
      const global = [{ name: "MODEL_ID", value: id }, ...macros]
        .filter(({ name }) => !hidden.some(({ key }) => key === name));
      const all = mergeMacros(global, macrosOf(own, `${id}.macros.`, reader));
      const settings = entries.filter(({ key }) => key !== "macros")
        .map((entry) => {
          const { key } = entry;
          const isKnown = KNOWN_OF_MODEL.has(key);
          return enter(expand(entry, all), `${id}.`, reader, { setting: key, isKnown });
        });
      return { id, place, settings: new Map(settings.map((entry) => [entry.key, entry])) };
    },
  );
  const routed = routingOf(top, models.map(({ id }) => id), reader);
  return { models, settings, ...routed, preload: preloadOf(below("hooks"), reader) };
}

/** The keys at the top level in which global macros alone are not expanded. */
const MACROS_INSIDE = new Set(["macros", "models"]);

/** Expands macros in a setting: not those in comments of commands. */
function expand(entry: YamlEntry, macros: readonly Macro[]): YamlEntry {
  const { key, node } = entry;
  const isCommand = key === "cmd" || key === "cmdStop";
  if (isCommand && node.kind === "scalar" && typeof node.value === "string") {
    const value = expandMacros(withoutComments(node.value), macros);
    return { ...entry, node: { ...node, value, written: node.value } };
  }
  const expanded = expandNode(node, macros);
  return { ...entry, node: key === "filters" ? withExpandedIds(expanded, macros) : expanded };
}

/** Expands macros in the keys of `setParamsByID`, the only ones in which llama-swap expands them. */
function withExpandedIds(filters: YamlNode, macros: readonly Macro[]): YamlNode {
  if (filters.kind !== "map") return filters;
  const entries = filters.entries.map((entry) => {
    const { key, node } = entry;
    if (key !== "setParamsByID" || node.kind !== "map") return entry;
    const byId = node.entries.map((own) => ({ ...own, key: expandMacros(own.key, macros) }));
    return { ...entry, node: { ...node, entries: byId } };
  });
  return { ...filters, entries };
}

/** The keys at the top level whose values are read one by one. */
const STRUCTURED = new Set(["groups", "hooks", "macros", "matrix", "models", "routing"]);

/** The other keys at the top level that llama-swap knows. */
export const KNOWN: ReadonlySet<string> = new Set(
  (
    "apiKeys captureBuffer globalTTL healthCheckTimeout includeAliasesInList logLevel logRequests " +
    "logTimeFormat logToStdout metricsMaxInMemory peers performance profiles selectors " +
    "sendLoadingState startPort store tailcat ui unloadTimeout upstream"
  ).split(" "),
);

/** The keys of a model that llama-swap knows. */
const KNOWN_OF_MODEL: ReadonlySet<string> = new Set(
  (
    "aliases capabilities checkEndpoint cmd cmdStop compat concurrencyLimit description env filters macros " +
    "metadata name proxy sendLoadingState timeouts ttl unlisted unloadTimeout useModelName"
  ).split(" "),
);

function macrosOf(node: YamlNode | undefined, path: string, reader: Reader): Macro[] {
  return entriesOf(node, "`macros`", reader).flatMap((entry) => {
    const { item } = enter(entry, path, reader);
    // Newer versions accept mappings too, which cannot be part of a text.
    if (entry.node.kind !== "scalar") {
      reader.report.lost(
        item,
        "only scalar macros are supported: write the value where it is used",
      );
      return [];
    }
    reader.report.record(item, "carried", { why: "expanded where it is used" });
    return [{ name: entry.key, value: entry.node.value }];
  });
}

function preloadOf(node: YamlNode | undefined, reader: Reader): SwapConfig["preload"] {
  const hooks = entriesOf(node, "`hooks`", reader);
  const startup = entriesOf(find(hooks, "on_startup")?.node, "`hooks.on_startup`", reader);
  enterOthers(hooks, ["on_startup"], "hooks.", reader);
  enterOthers(startup, ["preload"], "hooks.on_startup.", reader);
  const preload = find(startup, "preload");
  const models = preload === undefined ? [] : textsOf(preload.node, "`preload`", reader);
  return models.map(({ text, place }) => {
    return { model: text.trim(), item: reader.report.add(place, `preload: ${text}`) };
  });
}
