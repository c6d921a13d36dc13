import { nearest } from "../report/nearest.ts";
import { quoted } from "../report/mod.ts";
import { capabilityIndex, type Inventory } from "./inventory.ts";

/** What somebody wants to have running. */
export type Wish =
  | { readonly kind: "coven"; readonly name: string }
  | { readonly kind: "soulstone"; readonly name: string }
  /** Sorted, each once, at least one. */
  | { readonly kind: "capabilities"; readonly names: readonly string[] };

/** Why a wish cannot be granted, and what helps. */
export interface Refusal {
  readonly reason:
    | "unknown"
    | "ambiguous"
    | "not-offered"
    | "never-together"
    | "incomplete"
    | "capability";
  readonly message: string;
  readonly hint?: string;
}

type Kind = "coven" | "soulstone" | "capability";

const TITLES: Readonly<Record<Kind, string>> = {
  coven: "Coven",
  soulstone: "Soulstone",
  capability: "capability",
};

/** How many near names are told. */
const NEAR_LIMIT = 5;

/**
 * Reads the words of a wish: the name of a Coven, of a Soulstone or of a capability, or several
 * capabilities. A name that is more than one of these is refused with all of them; `coven:NAME`,
 * `soulstone:NAME` and `capability:NAME` say which is meant.
 *
 * @example
 * ```ts
 * import { readWish } from "./wish.ts";
 * readWish(["vision"], { engines: [], covens: [{ name: "vision", target: "", members: [] }] });
 * // { wish: { kind: "coven", name: "vision" } }
 * ```
 */
export function readWish(
  words: readonly string[],
  inventory: Inventory,
): { wish: Wish } | { refusal: Refusal } {
  const known = knownNames(inventory);
  const names: string[] = [];
  for (const word of words) {
    const read = readWord(word, known, words.length > 1 ? ["capability"] : KINDS);
    if ("refusal" in read) return read;
    if (read.kind !== "capability") return { wish: { kind: read.kind, name: read.name } };
    names.push(read.name);
  }
  return { wish: { kind: "capabilities", names: [...new Set(names)].sort() } };
}

/** A Coven or a Soulstone. */
export type Name = Exclude<Wish, { readonly kind: "capabilities" }>;

/**
 * Reads a word that names a Coven or a Soulstone, where a capability is of no use: then one of the
 * same name is not in the way.
 *
 * @example
 * ```ts
 * import { readName } from "./wish.ts";
 * readName("vision", { engines: [], covens: [{ name: "vision", target: "", members: [] }] });
 * // { name: { kind: "coven", name: "vision" } }
 * ```
 */
export function readName(
  word: string,
  inventory: Inventory,
): { name: Name } | { refusal: Refusal } {
  const known = knownNames(inventory);
  const read = readWord(word, known, ["coven", "soulstone"]);
  if ("refusal" in read) return read;
  return { name: { kind: read.kind === "coven" ? "coven" : "soulstone", name: read.name } };
}

const KINDS: readonly Kind[] = ["coven", "soulstone", "capability"];

type Known = Readonly<Record<Kind, readonly string[]>>;

function knownNames(inventory: Inventory): Known {
  return {
    coven: inventory.covens.map((coven) => coven.name),
    soulstone: inventory.engines.map((engine) => engine.name),
    capability: [...capabilityIndex(inventory).keys()],
  };
}

function readWord(
  word: string,
  known: Known,
  allowed: readonly Kind[],
): { kind: Kind; name: string } | { refusal: Refusal } {
  const [, prefix, rest] = /^(coven|soulstone|capability):(.*)$/.exec(word) ?? [];
  const name = rest ?? word;
  const kinds = (prefix === undefined ? KINDS : [prefix as Kind])
    .filter((kind) => known[kind].includes(name));
  const fitting = kinds.filter((kind) => allowed.includes(kind));
  const [kind] = fitting;
  if (fitting.length === 1 && kind !== undefined) return { kind, name };
  if (fitting.length > 1) return { refusal: ambiguous(name, fitting) };
  if (kinds[0] === "capability") return { refusal: onlyACapability(name) };
  if (kinds[0] !== undefined) return { refusal: notOneOfSeveral(name, kinds[0]) };
  return { refusal: unknown(word, name, known, prefix === undefined ? allowed : kindsOf(prefix)) };
}

function kindsOf(prefix: string): Kind[] {
  return KINDS.filter((kind) => kind === prefix);
}

function ambiguous(name: string, kinds: readonly Kind[]): Refusal {
  return {
    reason: "ambiguous",
    message: `${quoted(name)} is ${kinds.map((kind) => `a ${TITLES[kind]}`).join(" and ")}`,
    hint: `say which: ${kinds.map((kind) => `${kind}:${name}`).join(", or ")}`,
  };
}

function notOneOfSeveral(name: string, kind: Kind): Refusal {
  return {
    reason: "ambiguous",
    message: `${quoted(name)} is a ${TITLES[kind]}; several words name capabilities`,
    hint: `wish for ${quoted(name)} alone`,
  };
}

function onlyACapability(name: string): Refusal {
  return {
    reason: "capability",
    message: `${quoted(name)} is a capability, and neither a Coven nor a Soulstone`,
    hint: "lychd list shows who offers it",
  };
}

function unknown(word: string, name: string, known: Known, kinds: readonly Kind[]): Refusal {
  const near = kinds.flatMap((kind) =>
    nearNames(name, known[kind]).map((found) => `${quoted(found)} (${TITLES[kind]})`)
  );
  const what = kinds.map((kind) => TITLES[kind]).join(", ").replace(/, (?=[^,]*$)/, " or ");
  return {
    reason: "unknown",
    message: `there is no ${what} ${quoted(word)}`,
    hint: near.length === 0
      ? "lychd list shows what there is"
      : `did you mean ${near.slice(0, NEAR_LIMIT).join(" or ")}?`,
  };
}

/** Names that are a slip away, or that begin or end with the word. */
function nearNames(word: string, known: readonly string[]): string[] {
  const slip = nearest(word, known);
  const lower = word.toLowerCase();
  const parts = (name: string) => name.toLowerCase().split(/[-._]/);
  const related = known.filter((name) => parts(name).includes(lower));
  return [...new Set([...slip === undefined ? [] : [slip], ...related])];
}
