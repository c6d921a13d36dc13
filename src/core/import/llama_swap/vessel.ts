/** The settings of llama-swap that the Vessel, the front door of lychd, has too. */
import { createHash } from "node:crypto";
import { type Plain, soulstoneSchema } from "../../codex/mod.ts";
import type { ImportReport, Item } from "../report.ts";
import type { Assignment, Proposal } from "../resolve.ts";
import { all } from "../setting.ts";
import type { Fields } from "../toml_text.ts";
import { environmentIn, helpForVariable } from "./macros.ts";
import type { Model } from "./config.ts";
import { type ModelInput, settingText } from "./model.ts";
import {
  entriesOf,
  type Entry,
  find,
  numberOf,
  type Reader,
  textOf,
  textsOf,
  truthOf,
} from "./reader.ts";
import type { PlacedModel, Top } from "./placed_model.ts";
import type { YamlEntry, YamlNode } from "./yaml.ts";

/** The most minutes and requests that a Soulstone may have. */
const [MINUTE_LIMIT, REQUEST_LIMIT] = [10_080, 10_000];

const SAME_FOR_ALL =
  "the Vessel changes the requests to an engine alike, whatever its name in them";

/** The reasons why settings are lost. */
const LOST: Readonly<Record<string, string>> = {
  metadata: "the list of models has none",
  timeouts: "the Vessel has no such limits; `wait_seconds` of [vessel] is the longest wait",
  unlisted: "the list of models has every Soulstone",
};

/** Returns what a setting of a model becomes, or nothing if the Vessel has no part in it. */
export function vesselProposals(
  placed: PlacedModel,
  entry: Entry,
  top: Top,
): Proposal[] | undefined {
  const { report, reader } = placed;
  const { key, node, item } = entry;
  switch (key) {
    case "aliases":
      return aliasesOf(placed, entry);
    case "compat":
      for (const own of parts(entry, report)) {
        if (own.entry.key === "ignoreWebsockets") {
          report.record(own.item, "changed", { why: "no WebSocket starts an engine" });
        }
      }
      return [];
    case "concurrencyLimit": {
      const limit = numberOf(settingText(placed, key), entry, reader) ?? 0;
      if (limit === 0) return undefined;
      const change = "more requests wait; llama-swap refuses them with status 429";
      const value = Math.min(limit, REQUEST_LIMIT);
      return [{ item, alternatives: [{ assign: [{ path: ["concurrency"], value }], change }] }];
    }
    case "filters":
      return filtersOf(placed, entry);
    case "sendLoadingState": {
      const isWanted = truthOf(node, `\`${key}\``, reader);
      if (isWanted === top.hasLoadingMessage) {
        report.record(item, "carried", { why: "`loading_message` of [vessel] is the same" });
      } else report.lost(item, "`loading_message` of [vessel] is the same for all models");
      return [];
    }
    case "ttl": {
      const own = numberOf(settingText(placed, key), entry, reader, -1) ?? -1;
      const seconds = own < 0 ? top.ttlSeconds : own;
      if (seconds > 0) return [{ item, alternatives: [idleAfter(seconds)] }];
      report.record(item, "carried", { why: "no engine is stopped without `idle_minutes`" });
      return [];
    }
    case "useModelName":
      return nameOfModel(placed, entry);
    default:
      if (!Object.hasOwn(LOST, key) || isUnset(node)) return undefined;
      report.lost(item, LOST[key] ?? "");
      return [];
  }
}

function isUnset(node: YamlNode): boolean {
  return node.kind === "scalar" ? !node.value || node.value === "false" : node.size === 1;
}

/** Returns the fields of a model without a `ttl` of its own. */
export function fieldsWithoutTtl(
  { model }: ModelInput,
  { ttlSeconds }: Top,
): readonly Assignment[] {
  return ttlSeconds > 0 && !model.settings.has("ttl") ? idleAfter(ttlSeconds).assign : [];
}

/** Returns the field for a time without requests, and the difference. */
export function idleAfter(seconds: number): { assign: Assignment[]; change: string | undefined } {
  const value = Math.min(Math.ceil(seconds / 60), MINUTE_LIMIT);
  return {
    assign: [{ path: ["idle_minutes"], value }],
    change: value * 60 === seconds ? undefined : `${value} minutes instead of ${seconds} seconds`,
  };
}

/** Returns the other names of a model: its aliases, and the keys of `setParamsByID`. */
export function aliasesIn({ settings }: Pick<Model, "settings">): readonly string[] {
  const aliases = settings.get("aliases")?.node;
  const filters = settings.get("filters")?.node;
  const byId = filters?.kind === "map" ? find(filters.entries, "setParamsByID")?.node : undefined;
  return [
    ...aliases?.kind === "list" ? aliases.items : [],
    ...byId?.kind === "map" ? byId.entries.map(({ key }) => key) : [],
  ].flatMap((each) =>
    typeof each === "string" ? [each] : each.kind === "scalar" ? [String(each.value ?? "")] : []
  );
}

/** Returns the names that clients use. */
function aliasesOf({ report, reader }: PlacedModel, { node, item }: Entry): Proposal[] {
  const names = textsOf(node, "`aliases`", reader);
  const items = report.split(
    item,
    names.map(({ text, place }) => ({ text: `alias: ${text}`, place, setting: "alias" })),
  );
  return names.map(({ text }, i) => {
    return { item: items[i] ?? item, alternatives: [{ assign: [aliasFor(text)] }] };
  });
}

/** Returns the assignment of a name that clients use. */
export function aliasFor(name: string): Assignment {
  return { path: ["aliases"], value: name };
}

/** Returns the alias for a model name that a Soulstone cannot have, if it can be an alias. */
export function aliasOfRenamed(id: string, item: Item): Proposal {
  const why = "a name has letters, digits, `-`, `_` and `.`";
  const isAlias = soulstoneSchema.shape.aliases.safeParse([id]).success;
  return {
    item,
    alternatives: [
      ...isAlias ? [{ assign: [aliasFor(id)], change: `${why}; clients may use either name` }] : [],
      { assign: [], change: why },
    ],
  };
}

/** `useModelName` is the name that the engine expects; the Vessel reads it from the command. */
function nameOfModel(placed: PlacedModel, { key, item }: Entry): Proposal[] | undefined {
  const { plan: { command: { profile, forms } }, given, report } = placed;
  const name = settingText(placed, key) ?? "";
  if (name === "") return undefined;
  const { exec = [], model } = forms(given.port)[0] ?? {};
  const served = profile.served(exec, model);
  if (served === name || served === undefined && profile.name !== "generic") {
    report.record(item, "carried", { why: "the Vessel sends the name that the engine expects" });
    return [];
  }
  if (served !== undefined) {
    report.lost(item, `the engine calls its model \`${served}\`, so the Vessel sends that`);
    return [];
  }
  const change = "the Vessel sends what the client sent: use this name in requests";
  return [{ item, alternatives: [{ assign: [aliasFor(name)], change }] }];
}

/** A part of a setting with its own item. */
interface Part {
  readonly entry: YamlEntry;
  readonly item: Item;
}

/** Splits a mapping into its parts in the report. */
function parts({ key, node, item }: Pick<Entry, "key" | "node" | "item">, report: ImportReport) {
  const entries = node.kind === "map" ? node.entries : [];
  if (entries.length === 0) return [];
  const items = report.split(
    item,
    entries.map((entry) => ({
      text: `${key}.${entry.key}`,
      place: entry.place,
      setting: `${key}.${entry.key}`,
    })),
  );
  return entries.map((entry, i): Part => ({ entry, item: items[i] ?? item }));
}

/** `setParams` and `stripParams` become `request`. */
function filtersOf(placed: PlacedModel, filters: Entry): Proposal[] | undefined {
  const { report, reader } = placed;
  const own = parts(filters, report);
  if (own.length === 0) return undefined;
  const setOf = (name: string) => own.find(({ entry }) => entry.key === name)?.entry.node;
  const isSet = new Set(
    entriesOf(setOf("setParams"), "`setParams`", reader).map(({ key }) => key),
  );
  return own.flatMap(({ entry: { key, node }, item }): Proposal[] => {
    switch (key) {
      case "stripParams":
      case "strip_params": {
        const names = (textOf(node, `\`${key}\``, reader) ?? "").split(",")
          .map((name) => name.trim());
        const value = [...new Set(names)]
          .filter((name) => name !== "" && name !== "model" && !isSet.has(name));
        if (value.length === 0) report.record(item, "carried", { why: "it has no effect" });
        return value.length === 0
          ? []
          : [{ item, alternatives: [{ assign: [{ path: ["request", "strip"], value }] }] }];
      }
      case "setParams":
        return parameters({ key, node, item }, report);
      case "setParamsByID":
        return variantsOf(placed, { key, node, item });
      default:
        return [];
    }
  });
}

/** Returns a proposal for each parameter that is set. */
function parameters(all: Pick<Entry, "key" | "node" | "item">, report: ImportReport): Proposal[] {
  return parts(all, report).flatMap(({ entry: { key: name, node }, item }): Proposal[] => {
    const value = plainOf(node);
    if (name === "model") {
      report.record(item, "carried", { why: "llama-swap ignores it" });
    } else if (value === undefined) report.lost(item, "TOML cannot write null");
    else return [{ item, alternatives: [{ assign: [{ path: ["request", "set", name], value }] }] }];
    return [];
  });
}

/** The keys of `setParamsByID` are aliases too; only parameters for all names can be carried over. */
function variantsOf(
  placed: PlacedModel,
  variants: Pick<Entry, "key" | "node" | "item">,
): Proposal[] {
  const { model, report } = placed;
  const own = parts(variants, report);
  const isOnlyName = own.length === 1 && model.settings.get("aliases") === undefined;
  return own.flatMap(({ entry: { key: id, node, place }, item }): Proposal[] => {
    if (id === model.id && isOnlyName) return parameters({ key: variants.key, node, item }, report);
    report.lost(item, SAME_FOR_ALL);
    if (id === model.id) return [];
    const alias = report.add(place, `alias: ${id}`, "alias");
    return [{ item: alias, alternatives: [{ assign: [aliasFor(id)] }] }];
  });
}

/** Returns a value of YAML for TOML, or nothing for null. */
function plainOf(node: YamlNode): Plain | undefined {
  if (node.kind === "scalar") return node.value ?? undefined;
  if (node.kind === "list") {
    const items = node.items.map(plainOf);
    const known = items.filter((item) => item !== undefined);
    return known.length === items.length ? known : undefined;
  }
  const entries = node.entries.map(({ key, node: below }) => [key, plainOf(below)] as const);
  return entries.some(([, value]) => value === undefined)
    ? undefined
    : Object.fromEntries(entries) as Plain;
}

/** The tokens of context that the Vessel lists, read from the command. */
export function contextOf({ plan: { command: { profile } }, settings }: PlacedModel) {
  return profile.contextTokens(all({ settings }, "Exec")[0]?.words ?? []);
}

/** A key with fewer characters can be found from its digest by trying. */
const KEY_LENGTH = 20;

/** Returns the digests of the keys of clients, and records what became of each. */
export function keysOf(entry: Entry | undefined, { report, findings }: Reader): Fields {
  if (entry === undefined) return {};
  const given = textsOf(entry.node, "`apiKeys`", { report, findings });
  const items = report.split(
    entry.item,
    given.map(({ place }, i) => ({ text: `apiKeys[${i}]`, place })),
  );
  const names = new Map<string, string>();
  const isOpen = given.every(({ text }) => environmentIn(text).length > 0);
  for (const [i, { text }] of given.entries()) {
    const item = items[i] ?? entry.item;
    const [variable] = environmentIn(text);
    const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
    if (variable !== undefined) {
      const open = isOpen ? "; until then clients of this host need no key" : "";
      report.lost(item, helpForVariable(variable) + open);
    } else if (text === "") report.lost(item, "it is empty");
    else {
      const name = names.get(digest) ?? `key-${names.size + 1}`;
      names.set(digest, name);
      const isShort = text.length < KEY_LENGTH;
      const why = "as its SHA-256 digest" +
        (isShort
          ? "; it is so short that it can be found from that: make a new one with openssl rand -hex 32"
          : "");
      report.record(item, "changed", { to: `vessel.keys.${name}`, why });
    }
  }
  return Object.fromEntries([...names].map(([digest, name]) => [name, digest]));
}
