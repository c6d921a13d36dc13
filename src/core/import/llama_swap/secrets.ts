/** The secrets of a configuration, which no report and no error may show. */
import { isSecretName, secretsIn } from "../../report/mod.ts";
import type { YamlNode } from "./yaml.ts";

/** The least characters of a secret that is hidden wherever it is: shorter ones are words of other texts. */
const LEAST_LENGTH = 6;

/** A macro as the value of a name, such as `--api-key ${key}`. */
const MACRO_OF_NAME = /(?<![\w-])-{0,2}([A-Za-z][\w-]*)(?:=|:?\s+)["']?\$\{([\w-]+)\}/g;

/** A text that is only a macro. */
const ONLY_MACRO = /^\$\{([\w.-]+)\}$/;

/** Returns true if the values below a key are secret. */
export function isSecretKey(key: string): boolean {
  return /^secrets?$/i.test(key) || isSecretName(key);
}

/**
 * Returns a function that replaces the secrets of a configuration in a text with as many `*`: values below keys
 * such as `apiKeys`, values with a name such as `HF_TOKEN=`, and macros that stand for one. `variables` are
 * those that `${env.NAME}` stood for.
 *
 * @example
 * ```ts
 * import { hiderOf } from "./secrets.ts";
 * import { readYaml } from "./yaml.ts";
 * const read = readYaml("a.yaml", "macros: {k: hunter2}\nmodels: {a: {cmd: 'x --api-key ${k}'}}");
 * "root" in read ? hiderOf(read.root)("k: hunter2") : ""; // "k: *******"
 * ```
 */
export function hiderOf(
  root: YamlNode,
  variables: ReadonlyMap<string, string> = new Map(),
): (text: string) => string {
  const values = new Set<string>();
  const secretMacros = new Set<string>();
  const byKey = new Map<string, string[]>();
  const addSecret = (text: string) => {
    const macro = ONLY_MACRO.exec(text)?.[1];
    if (macro !== undefined) secretMacros.add(macro);
    else if (text.length >= LEAST_LENGTH) values.add(text);
  };
  const visit = (node: YamlNode, key: string, isSecret: boolean): void => {
    if (node.kind === "map") {
      for (const entry of node.entries) {
        visit(entry.node, entry.key, isSecret || isSecretKey(entry.key));
      }
    } else if (node.kind === "list") { for (const item of node.items) visit(item, key, isSecret); }
    else {
      const text = String(node.value ?? "");
      const texts = byKey.get(key);
      if (texts === undefined) byKey.set(key, [text]);
      else texts.push(text);
      if (isSecret) addSecret(text);
      else for (const secret of secretsIn(text)) addSecret(secret);
      for (const [, name = "", macro = ""] of text.matchAll(MACRO_OF_NAME)) {
        if (isSecretKey(name)) secretMacros.add(macro);
      }
    }
  };
  visit(root, "", false);
  for (const [name, value] of variables) if (isSecretKey(name)) addSecret(value);
  // A macro can stand for another one, which is then added to the set.
  for (const macro of secretMacros) for (const text of byKey.get(macro) ?? []) addSecret(text);
  if (values.size === 0) return (text) => text;
  const longestFirst = [...values].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(
    longestFirst.map((value) => value.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|"),
    "g",
  );
  return (text) => text.replace(pattern, (secret) => secret.replace(/[^\r\n]/g, "*"));
}

/**
 * Returns the text of a file with `*` for the lines below a key such as `apiKeys:`, so that an error can show
 * its line before the file is read.
 *
 * @example
 * ```ts
 * import { hideLists } from "./secrets.ts";
 * hideLists("apiKeys:\n  - hunter2\nmodels:\n"); // "apiKeys:\n  - *******\nmodels:\n"
 * ```
 */
export function hideLists(text: string): string {
  let below: number | undefined;
  return text.split("\n").map((line) => {
    const indent = line.search(/\S/);
    if (indent < 0) return line;
    const isItem = /^\s*-(?:\s|$)/.test(line);
    if (below !== undefined && (indent > below || indent === below && isItem)) {
      return line.replace(/[^\s-]/g, "*");
    }
    const [, head = "", key = ""] =
      /^(\s*(?:-\s+)?)["']?([\w-]+)["']?\s*:\s*(?:[|>][+\-\d]*)?\s*(?:#.*)?$/.exec(line) ?? [];
    below = isSecretKey(key) ? head.length : undefined;
    return line;
  }).join("\n");
}
