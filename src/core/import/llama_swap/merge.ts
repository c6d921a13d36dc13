import { type Finding, finding } from "../../report/mod.ts";
import type { YamlEntry, YamlNode } from "./yaml.ts";

/** The mappings whose keys are names: each may be in one file only. */
const NAMED = new Set(["groups", "matrix", "models", "peers", "profiles", "selectors"]);

/**
 * Joins the files of one configuration, as `-config-dir` of llama-swap does: mappings are joined, lists follow
 * one another. Two values for one setting, or a name in two files, are errors. Source:
 * mostlygeek/llama-swap, internal/config/merge.go.
 *
 * @example
 * ```ts
 * import { mergeFiles } from "./merge.ts";
 * import { readYaml } from "./yaml.ts";
 * const roots = ["apiKeys: [x]\nlogLevel: info", "apiKeys: [y]\nlogLevel: debug"].map((text, i) => {
 *   const read = readYaml(`${i}.yaml`, text);
 *   if ("error" in read) throw new Error(read.error.message);
 *   return read.root;
 * });
 * mergeFiles(roots).findings.map(({ message }) => message);
 * // ["`logLevel` has another value in 0.yaml:2:1"]
 * ```
 */
export function mergeFiles(
  roots: readonly YamlNode[],
): { root: YamlNode; findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const [first, ...others] = roots;
  if (first === undefined) throw new Error("no file");
  const root = others.reduce((all, next) => merge(all, next, [], findings), first);
  return { root, findings };
}

function merge(
  a: YamlNode,
  b: YamlNode,
  path: readonly string[],
  findings: Finding[],
): YamlNode {
  const size = a.size + b.size;
  if (a.kind === "map" && b.kind === "map") {
    const entries = new Map<string, YamlEntry>(a.entries.map((entry) => [entry.key, entry]));
    for (const entry of b.entries) {
      const before = entries.get(entry.key);
      entries.set(
        entry.key,
        before === undefined ? entry : mergeEntries(before, entry, path, findings),
      );
    }
    return { ...a, size, entries: [...entries.values()] };
  }
  if (a.kind === "list" && b.kind === "list") {
    return { ...a, size, items: [...a.items, ...b.items] };
  }
  return a;
}

function mergeEntries(
  before: YamlEntry,
  entry: YamlEntry,
  path: readonly string[],
  findings: Finding[],
): YamlEntry {
  const own = [...path, entry.key];
  const [a, b] = [before.node, entry.node];
  const isName = path.length === 1 && NAMED.has(path[0] ?? "");
  const isOne = a.kind === "scalar" && b.kind === "scalar" && a.value === b.value && !isName;
  if (isOne) return before;
  if (isName || a.kind !== b.kind || a.kind === "scalar") {
    const { file, start } = before.place;
    const problem = `\`${own.join(".")}\` ${isName ? "is also" : "has another value"} in ` +
      `${file}:${start.line}:${start.column}`;
    findings.push(finding("llama-swap-invalid", entry.place, { problem }));
    return before;
  }
  const isAnchored = before.isAnchored || entry.isAnchored;
  return { ...before, isAnchored, node: merge(a, b, own, findings) };
}
