/**
 * Chooses the fields of imported Soulstones. The importer proposes what each item can become, best
 * first, and the compiler decides. If it refuses all alternatives, the item is lost for the
 * compiler's own reason. So an imported Codex always compiles.
 */
import { type CodexFile, type Plain, readCodex, type Soulstone } from "../codex/mod.ts";
import { compile } from "../compile/mod.ts";
import type { Finding, Place } from "../report/mod.ts";
import type { ImportReport, Item } from "./report.ts";
import { type Fields, soulstoneText } from "./toml_text.ts";

/** One value for a field, such as `["env", "A"]`; it is appended if the field is a list. */
export interface Assignment {
  readonly path: readonly string[];
  readonly value: Plain;
}

/** One form in which an item can be carried over. */
export interface Alternative {
  readonly assign: readonly Assignment[];
  /** The difference from the input, if any. */
  readonly change?: string | undefined;
}

/** An item and what it can become, best first. */
export interface Proposal {
  readonly item: Item;
  readonly alternatives: readonly Alternative[];
}

/** A Soulstone before its fields are chosen. */
export interface Candidate {
  readonly name: string;
  /** Fields that do not depend on the proposals. */
  readonly fixed: readonly Assignment[];
  readonly proposals: readonly Proposal[];
  /** Comment lines above its table. */
  readonly heading: readonly string[];
}

/** A Soulstone with its chosen fields. */
export interface Resolved {
  readonly name: string;
  readonly fields: Fields;
  readonly heading: readonly string[];
}

/** A proposal with the alternatives that the compiler has not refused. */
interface Choice {
  readonly item: Item;
  readonly left: Alternative[];
  /** The first reason of the compiler. */
  refusal: string | undefined;
}

/** A candidate with what is left of its proposals. */
type Open = Omit<Candidate, "proposals"> & { readonly choices: readonly Choice[] };

/** A Soulstone, and the choice that each field came from. */
interface Layout extends Resolved {
  readonly origins: readonly { path: readonly (string | number)[]; choice: Choice }[];
}

/** The fields of a Soulstone that are lists; so is every key of `quadlet`. */
const LISTS = new Set(["aliases", "capabilities", "devices", "groups", "secrets", "volumes"]);

/** The error of a Codex that an import does not avoid: without the word, the engine would do something else. */
export const LEFT_TO_OPERATOR = "llama-swap-variable";

/** The most characters of one value, the same as for a line of a Codex. */
const VALUE_LIMIT = 60_000;

/**
 * Chooses the first alternative of each proposal that the compiler accepts, and records the outcome.
 * Returns a finding if the Soulstones are more than a Codex can hold.
 */
export async function resolve(
  candidates: readonly Candidate[],
  report: ImportReport,
): Promise<{ resolved: Resolved[] } | { tooLarge: Finding }> {
  const open = candidates.map(({ proposals, ...candidate }): Open => ({
    ...candidate,
    choices: proposals.map(({ item, alternatives }) => {
      return { item, left: alternatives.filter(isWritable), refusal: undefined };
    }),
  }));
  for (;;) {
    const layouts = open.map(layOut);
    const refused = await judge(layouts);
    if ("tooLarge" in refused) return refused;
    for (const { choice, finding } of refused) {
      choice.refusal ??= reasonOf(finding);
      choice.left.shift();
    }
    if (refused.length > 0) continue;
    for (const { name, choices } of open) record(choices, report.of(name));
    return { resolved: layouts };
  }
}

/** Returns false for what would break the TOML as a whole. */
function isWritable({ assign }: Alternative): boolean {
  return assign.every(({ path, value }) =>
    !path.includes("__proto__") &&
    [value].flat().every((v) => {
      const text = typeof v === "object" ? JSON.stringify(v) : String(v);
      return text.length <= VALUE_LIMIT && !text.includes('"__proto__":');
    })
  );
}

function layOut({ name, heading, fixed, choices }: Open): Layout {
  const fields = emptyTable();
  for (const assignment of fixed) assign(fields, assignment);
  const origins = choices.flatMap((choice) =>
    (choice.left[0]?.assign ?? []).map((assignment) => ({
      path: [...assignment.path, ...assign(fields, assignment)],
      choice,
    }))
  );
  return { name, heading, fields, origins };
}

/** Returns a table without inherited keys. */
function emptyTable(): Record<string, Plain | Fields> {
  return Object.create(null);
}

/** Sets the value at its path. Returns its index if the field is a list. */
function assign(
  fields: Record<string, Plain | Fields>,
  { path, value }: Assignment,
): readonly number[] {
  const name = path.at(-1) ?? "";
  let table = fields;
  for (const step of path.slice(0, -1)) {
    table = (table[step] ??= emptyTable()) as Record<string, Plain | Fields>;
  }
  const isList = path[0] === "quadlet" || path.length === 1 && LISTS.has(name);
  if (isList && !Array.isArray(value)) {
    return [((table[name] ??= []) as string[]).push(String(value)) - 1];
  }
  table[name] = Array.isArray(value) ? [...value] : value;
  return [];
}

/** Compiles the layouts. Returns the choices that the compiler refuses. */
async function judge(
  layouts: readonly Layout[],
): Promise<{ choice: Choice; finding: Finding }[] | { tooLarge: Finding }> {
  const encoder = new TextEncoder();
  const files = layouts.map(({ name, fields }): CodexFile => ({
    path: `soulstones/${name}.toml`,
    bytes: encoder.encode(soulstoneText(name, fields, [])),
  }));
  const { codex, findings } = readCodex({ folder: "", files });
  const tooLarge = findings.find(({ code }) => /^(?:codex|file)-too-large$/.test(code));
  if (tooLarge !== undefined) return { tooLarge };
  const isFatal = ({ severity, code }: Finding) =>
    severity === "error" && code !== LEFT_TO_OPERATOR;
  const all = [...findings, ...findings.some(isFatal) ? [] : (await compile(codex)).findings];
  const choicesAt = new Map(layouts.flatMap((layout) => {
    const soulstone = codex.soulstones.find(({ name }) => name === layout.name);
    return soulstone === undefined ? [] : [[soulstone.file, indexChoices(layout, soulstone)]];
  }));
  return all.filter(isFatal).flatMap((finding) => {
    const refused = choicesAt.get(finding.place.file)?.(finding.place) ?? [];
    if (refused.length === 0) {
      throw new Error(`the compiler refuses an imported Codex: ${finding.message}`);
    }
    return refused.map((choice) => ({ choice, finding }));
  });
}

/**
 * Returns a function that finds the choices of the innermost field at a place. A unit may have thousands
 * of lines that are all refused, so the places are looked up once.
 */
function indexChoices({ origins }: Layout, soulstone: Soulstone): (place: Place) => Choice[] {
  interface Field {
    readonly choice: Choice;
    readonly place: Place;
    readonly depth: number;
  }
  const onLine = new Map<number, Field[]>();
  const exactly = new Map<string, Field[]>();
  for (const { path, choice } of origins) {
    const field = { choice, place: soulstone.placeOf(path), depth: path.length };
    for (let line = field.place.start.line; line <= field.place.end.line; line++) {
      append(onLine, line, field);
    }
    for (let depth = path.length; depth > 0; depth--) {
      const part = path.slice(0, depth);
      for (const place of [soulstone.placeOf(part), soulstone.keyOf(part)]) {
        append(exactly, positionsOf(place), { choice, place, depth });
      }
    }
  }
  return (place) => {
    const around = onLine.get(place.start.line) ?? [];
    const fields = [
      ...around.filter((field) => isWithin(place, field.place)),
      ...exactly.get(positionsOf(place)) ?? [],
    ];
    const deepest = Math.max(...fields.map(({ depth }) => depth));
    return [...new Set(fields.filter((f) => f.depth === deepest).map(({ choice }) => choice))];
  };
}

function append<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

function positionsOf({ start, end }: Place): string {
  return [start.line, start.column, end.line, end.column].join();
}

function isWithin(inner: Place, outer: Place): boolean {
  const starts = inner.start.line - outer.start.line || inner.start.column - outer.start.column;
  const ends = outer.end.line - inner.end.line || outer.end.column - inner.end.column;
  return starts >= 0 && ends >= 0;
}

/** Returns the compiler's reason without a field that the operator never wrote. */
function reasonOf({ message }: Finding): string {
  return message.replace(
    /^.*? cannot (?:be (?:set with `quadlet`|written to a unit)|contain `.*?`): /s,
    "",
  );
}

function record(choices: readonly Choice[], report: ImportReport): void {
  for (const { item, left: [chosen], refusal } of choices) {
    if (chosen === undefined) report.lost(item, refusal ?? "a Codex cannot hold this value");
    else {
      const to = [...new Set(chosen.assign.map(({ path }) => path.join(".")))].join(", ");
      report.record(item, chosen.change === undefined ? "carried" : "changed", {
        to: to === "" ? undefined : to,
        why: chosen.change,
      });
    }
  }
}
