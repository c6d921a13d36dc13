/** Reads the routing from the top level of the file or from `routing.router`. */
import { type Expression, NOTHING, readExpression } from "./matrix.ts";
import {
  enter,
  enterOthers,
  entriesOf,
  type Entry,
  find,
  invalid,
  type Reader,
  textOf,
  textsOf,
  truthOf,
} from "./reader.ts";
import { routeGroups, routeMatrix, type Routing, type SwapGroup } from "./routing.ts";
import type { YamlEntry, YamlNode } from "./yaml.ts";

/** The routing and its settings. */
export interface Routed {
  /** Returns the routing of the imported models. */
  readonly route: (imported: readonly string[]) => Routing;
  /** The settings by their group or set. */
  readonly routed: readonly { readonly name: string; readonly entry: Entry }[];
}

/** Reads the routing. Records settings that llama-swap ignores. */
export function routingOf(
  top: readonly YamlEntry[],
  models: readonly string[],
  reader: Reader,
): Routed {
  const routing = mapAt(top, "routing", reader);
  const router = mapAt(routing, "router", reader);
  const settings = mapAt(router, "settings", reader);
  enterOthers(routing, ["router"], "routing.", reader);
  enterOthers(router, ["settings", "use"], "router.", reader);
  enterOthers(settings, ["groups", "matrix"], "router.settings.", reader);
  const use = find(router, "use");
  const chosen = use === undefined ? undefined : textOf(use.node, "`use`", reader);
  const used = use === undefined ? [] : [{ name: "", entry: enter(use, "router.", reader) }];
  const groups = find(top, "groups") ?? find(settings, "groups");
  const matrix = find(top, "matrix") ?? find(settings, "matrix");
  const isMatrix = find(top, "matrix") !== undefined || chosen === "matrix";
  const ignored = isMatrix ? groups : matrix;
  if (ignored !== undefined) {
    const { item } = enter(ignored, "", reader);
    reader.report.record(item, "carried", { why: "llama-swap ignores it" });
  }
  const { route, routed } = isMatrix && matrix !== undefined
    ? readMatrix(matrix.node, models, reader)
    : readGroups(isMatrix ? undefined : groups?.node, models, reader);
  return { route, routed: [...used, ...routed] };
}

function mapAt(entries: readonly YamlEntry[], key: string, reader: Reader) {
  return entriesOf(find(entries, key)?.node, `\`${key}\``, reader);
}

function readGroups(
  node: YamlNode | undefined,
  models: readonly string[],
  reader: Reader,
): Routed {
  const routed: { name: string; entry: Entry }[] = [];
  const owners = new Map<string, string>();
  const groups = entriesOf(node, "`groups`", reader).map(
    ({ key: name, node: group }): SwapGroup => {
      const entries = entriesOf(group, `group \`${name}\``, reader);
      for (const entry of entries) {
        routed.push({ name, entry: enter(entry, `groups.${name}.`, reader) });
      }
      const truth = (key: string, fallback: boolean) => {
        const entry = find(entries, key);
        const read = entry === undefined ? undefined : truthOf(entry.node, `\`${key}\``, reader);
        return read ?? fallback;
      };
      const members = find(entries, "members");
      const named = members === undefined ? [] : textsOf(members.node, "`members`", reader);
      for (const { text, place } of named) {
        const owner = owners.get(text);
        if (!models.includes(text)) {
          const item = reader.report.add(place, `groups.${name}.members: ${text}`);
          reader.report.lost(item, `there is no model \`${text}\``);
        } else if (owner !== undefined) {
          invalid(reader, place, `model \`${text}\` is already in group \`${owner}\``);
        }
        owners.set(text, name);
      }
      return {
        name,
        members: named.map(({ text }) => text).filter((member) => models.includes(member)),
        swap: truth("swap", true),
        exclusive: truth("exclusive", true),
        persistent: truth("persistent", false),
      };
    },
  );
  return { route: (imported) => routeGroups(models, groups, imported), routed };
}

function readMatrix(node: YamlNode, models: readonly string[], reader: Reader): Routed {
  const entries = entriesOf(node, "`matrix`", reader);
  const vars = new Map<string, string>();
  const routed: { name: string; entry: Entry }[] = [];
  for (const entry of mapAt(entries, "vars", reader)) {
    const model = textOf(entry.node, "a variable", reader) ?? "";
    if (!models.includes(model)) invalid(reader, entry.place, `there is no model \`${model}\``);
    vars.set(entry.key, model);
    routed.push({ name: entry.key, entry: enter(entry, "matrix.vars.", reader) });
  }
  for (const { item } of enterOthers(entries, ["vars", "sets"], "matrix.", reader)) {
    reader.report.lost(item, "a start always stops every engine that shares no group with it");
  }
  const sets = mapAt(entries, "sets", reader).map((entry) => ({
    name: entry.key,
    place: entry.place,
    entry: enter(entry, "matrix.sets.", reader),
    text: textOf(entry.node, `set \`${entry.key}\``, reader) ?? "",
  }));
  const done = new Map<string, Expression>();
  const open = new Set<string>();
  /** A set may refer to a later one, but not to itself. */
  function expand(name: string): Expression | undefined {
    const set = sets.find((other) => other.name === name);
    const known = done.get(name);
    if (known !== undefined || set === undefined || open.has(name)) return known;
    if (open.size > SET_DEPTH_LIMIT) return undefined;
    open.add(name);
    const read = readExpression(set.text, {
      modelOf: (word) => vars.get(word) ?? (models.includes(word) ? word : undefined),
      setOf: expand,
    });
    open.delete(name);
    if ("problem" in read) invalid(reader, set.place, `set \`${name}\`: ${read.problem}`);
    const expression = "problem" in read ? NOTHING : read.expression;
    done.set(name, expression);
    return expression;
  }
  const expanded = sets.map(({ name }) => ({ name, expression: expand(name) ?? NOTHING }));
  return { route: (imported) => routeMatrix(imported, expanded), routed: [...routed, ...sets] };
}

/** The longest chain of sets of which each refers to a later one. */
const SET_DEPTH_LIMIT = 100;
