/** The routing, from the top of the file or from `routing.router`. */
import { type Combinations, combinationsOf, newTally } from "./matrix.ts";
import {
  enter,
  entriesOf,
  type Entry,
  invalid,
  type Reader,
  textOf,
  textsOf,
  truthOf,
} from "./reader.ts";
import { routeGroups, routeMatrix, type Routing, type SwapGroup } from "./routing.ts";
import type { YamlEntry, YamlNode } from "./yaml.ts";

/** Who runs beside whom, and the settings that say so. */
export interface Routed {
  /** Of those models that are imported. */
  readonly route: (among: readonly string[]) => Routing;
  /** By the group or set they are of. */
  readonly routed: readonly { readonly name: string; readonly entry: Entry }[];
}

/** Reads the routing; what is not in use is noted as such. */
export function routingOf(
  top: readonly YamlEntry[],
  models: readonly string[],
  reader: Reader,
): Routed {
  const at = (entries: readonly YamlEntry[], key: string) => entries.find((e) => e.key === key);
  const mapAt = (entries: readonly YamlEntry[], key: string) => {
    const entry = at(entries, key);
    return entry === undefined ? [] : entriesOf(entry.node, `\`${key}\``, reader);
  };
  const routing = mapAt(top, "routing");
  const router = mapAt(routing, "router");
  const settings = mapAt(router, "settings");
  for (const entry of routing) if (entry.key !== "router") enter(entry, "routing.", reader.ledger);
  for (const entry of router) {
    if (entry.key !== "settings" && entry.key !== "use") enter(entry, "router.", reader.ledger);
  }
  for (const entry of settings) {
    if (entry.key !== "groups" && entry.key !== "matrix") {
      enter(entry, "router.settings.", reader.ledger);
    }
  }
  const use = at(router, "use");
  const chosen = use === undefined ? undefined : textOf(use.node, "`use`", reader);
  if (use !== undefined) {
    reader.ledger.note(enter(use, "router.", reader.ledger).item, "carried", { to: "groups" });
  }
  const groups = at(top, "groups") ?? at(settings, "groups");
  const matrix = at(top, "matrix") ?? at(settings, "matrix");
  const isMatrix = at(top, "matrix") !== undefined || chosen === "matrix";
  const idle = isMatrix ? groups : matrix;
  if (idle !== undefined) {
    const { item } = enter(idle, "", reader.ledger);
    reader.ledger.note(item, "carried", { why: "llama-swap does not use it" });
  }
  return isMatrix && matrix !== undefined
    ? readMatrix(matrix.node, models, reader)
    : readGroups(groups === undefined || isMatrix ? undefined : groups.node, models, reader);
}

function readGroups(
  node: YamlNode | undefined,
  models: readonly string[],
  reader: Reader,
): Routed {
  const routed: { name: string; entry: Entry }[] = [];
  const owners = new Map<string, string>();
  const groups = node === undefined ? [] : entriesOf(node, "`groups`", reader).map(
    ({ key: name, node: group }): SwapGroup => {
      const entries = entriesOf(group, `group \`${name}\``, reader);
      for (const entry of entries) {
        routed.push({ name, entry: enter(entry, `groups.${name}.`, reader.ledger) });
      }
      const truth = (key: string, otherwise: boolean) => {
        const entry = entries.find((e) => e.key === key);
        return entry === undefined
          ? otherwise
          : truthOf(entry.node, `\`${key}\``, reader) ?? otherwise;
      };
      const members = entries.find((e) => e.key === "members");
      const named = members === undefined ? [] : textsOf(members.node, "`members`", reader);
      for (const { text, place } of named) {
        const owner = owners.get(text);
        if (!models.includes(text)) invalid(reader, place, `there is no model \`${text}\``);
        else if (owner !== undefined) {
          invalid(reader, place, `model \`${text}\` is in group \`${owner}\` already`);
        }
        owners.set(text, name);
      }
      return {
        name,
        members: named.map(({ text }) => text),
        swap: truth("swap", true),
        exclusive: truth("exclusive", true),
        persistent: truth("persistent", false),
      };
    },
  );
  return { route: (among) => routeGroups(models, groups, among), routed };
}

function readMatrix(node: YamlNode, models: readonly string[], reader: Reader): Routed {
  const routed: { name: string; entry: Entry }[] = [];
  const entries = entriesOf(node, "`matrix`", reader);
  const table = (key: string) => {
    const entry = entries.find((e) => e.key === key);
    return entry === undefined ? [] : entriesOf(entry.node, `\`${key}\``, reader);
  };
  const vars = new Map<string, string>();
  for (const entry of table("vars")) {
    const model = textOf(entry.node, "a variable", reader) ?? "";
    if (!models.includes(model)) invalid(reader, entry.place, `there is no model \`${model}\``);
    vars.set(entry.key, model);
    const { item } = enter(entry, "matrix.vars.", reader.ledger);
    reader.ledger.note(item, "carried", { to: "groups" });
  }
  for (const entry of entries) {
    if (entry.key === "vars" || entry.key === "sets") continue;
    const { item } = enter(entry, "matrix.", reader.ledger);
    const why = "lychd never chooses whom to stop: a start stops whoever shares no group with it";
    reader.ledger.note(item, "lost", { why });
  }
  const sets = table("sets").map((entry) => {
    routed.push({ name: entry.key, entry: enter(entry, "matrix.sets.", reader.ledger) });
    return { entry, text: textOf(entry.node, `set \`${entry.key}\``, reader) ?? "" };
  });
  const done = new Map<string, Combinations>();
  const open = new Set<string>();
  const tally = newTally();
  /** A set may refer to one that is defined behind it, but not to itself. */
  function expand(name: string): Combinations | undefined {
    const set = sets.find(({ entry }) => entry.key === name);
    const known = done.get(name);
    if (known !== undefined || set === undefined || open.has(name)) return known;
    open.add(name);
    const read = combinationsOf(set.text, {
      modelOf: (word) => vars.get(word) ?? (models.includes(word) ? word : undefined),
      setOf: expand,
      tally,
    });
    open.delete(name);
    if ("problem" in read) {
      const problem = `set \`${name}\`: ${read.problem}`;
      if (!done.has(name)) invalid(reader, set.entry.place, problem);
    }
    const combinations = "problem" in read ? [] : read.combinations;
    done.set(name, combinations);
    return combinations;
  }
  const expanded = sets.map(({ entry }) => ({
    name: entry.key,
    combinations: expand(entry.key) ?? [],
  }));
  return { route: (among) => routeMatrix(among, expanded), routed };
}
