import { nearest } from "../report/nearest.ts";
import { quoted } from "../report/printable.ts";
import {
  capabilityIndex,
  type Engine,
  enginesNamed,
  type Inventory,
  withoutConflicts,
} from "./inventory.ts";

/** A Coven or a Soulstone. */
export type Name =
  | { readonly kind: "coven"; readonly name: string }
  | { readonly kind: "soulstone"; readonly name: string };

/** A Coven, a Soulstone, or a service beside the engines: the pod or a Watcher. */
export type ShownName = Name | { readonly kind: "service"; readonly name: string };

/** The argument of `lychd summon`: a Coven, a Soulstone, or capabilities. */
export type Wish =
  | Name
  /** Sorted, without duplicates, at least one. */
  | { readonly kind: "capabilities"; readonly names: readonly string[] };

/** The reason why a wish cannot be fulfilled. */
export interface WishProblem {
  readonly reason:
    | "unknown"
    | "ambiguous"
    | "combined"
    | "not-offered"
    | "never-together"
    | "incomplete"
    | "capability";
  readonly message: string;
  readonly hint?: string;
}

type Kind = ShownName["kind"] | "capability";

const WISHES = ["coven", "soulstone", "capability"] as const;

const KINDS: readonly Kind[] = ["coven", "soulstone", "service", "capability"];

const TITLES: Readonly<Record<Kind, string>> = {
  coven: "Coven",
  soulstone: "Soulstone",
  service: "service",
  capability: "capability",
};

/** The most suggestions in a hint. */
const NEAR_LIMIT = 5;

/**
 * Reads a wish: the name of a Coven or of a Soulstone, or one or more capabilities. Refuses a name
 * that has several meanings; `coven:NAME`, `soulstone:NAME` and `capability:NAME` select one.
 *
 * @example
 * ```ts
 * import { readWish } from "./wish.ts";
 * readWish(["vision"], { engines: [], covens: [{ name: "vision", target: "", members: [], conflicts: [] }] });
 * // { wish: { kind: "coven", name: "vision" } }
 * ```
 */
export function readWish(
  words: readonly string[],
  inventory: Inventory,
): { wish: Wish } | { problem: WishProblem } {
  const known = knownNames(inventory);
  const names: string[] = [];
  for (const word of words) {
    const read = readWord(word, known, words.length > 1 ? ["capability"] : WISHES);
    if ("problem" in read) {
      if (read.problem.reason !== "combined") return read;
      return { problem: { ...read.problem, hint: combinedHint(words, word, inventory) } };
    }
    const { kind, name } = read;
    if (kind !== "capability") return { wish: { kind, name } };
    names.push(name);
  }
  return { wish: { kind: "capabilities", names: [...new Set(names)].sort() } };
}

/**
 * Reads the name of a Coven or a Soulstone; a capability of the same name does not matter.
 *
 * @example
 * ```ts
 * import { readName } from "./wish.ts";
 * readName("vision", { engines: [], covens: [{ name: "vision", target: "", members: [], conflicts: [] }] });
 * // { name: { kind: "coven", name: "vision" } }
 * ```
 */
export function readName(
  word: string,
  inventory: Inventory,
): { name: Name } | { problem: WishProblem } {
  const read = readWord(word, knownNames(inventory), ["coven", "soulstone"]);
  return "problem" in read ? read : { name: read };
}

/**
 * Reads the name of a Coven, a Soulstone or one of `services`.
 *
 * @example
 * ```ts
 * import { readShownName } from "./wish.ts";
 * readShownName("pod", { engines: [], covens: [] }, ["pod"]); // { name: { kind: "service", name: "pod" } }
 * ```
 */
export function readShownName(
  word: string,
  inventory: Inventory,
  services: readonly string[],
): { name: ShownName } | { problem: WishProblem } {
  const known = { ...knownNames(inventory), service: services };
  const read = readWord(word, known, ["coven", "soulstone", "service"]);
  return "problem" in read ? read : { name: read };
}

/**
 * Returns the wish for a Soulstone alone: its name, with a prefix if the name has another meaning too.
 *
 * @example
 * ```ts
 * import { wishFor } from "./wish.ts";
 * const eye = { name: "eye", target: "", members: [], conflicts: [] };
 * wishFor("eye", { engines: [], covens: [eye] }); // "soulstone:eye"
 * ```
 */
export function wishFor(soulstone: string, inventory: Inventory): string {
  const { coven, capability } = knownNames(inventory);
  return [...coven, ...capability].includes(soulstone) ? `soulstone:${soulstone}` : soulstone;
}

type Known = Readonly<Record<Kind, readonly string[]>>;

function knownNames(inventory: Inventory): Known {
  return {
    coven: inventory.covens.map((coven) => coven.name),
    soulstone: inventory.engines.map((engine) => engine.name),
    service: [],
    capability: [...capabilityIndex(inventory).keys()],
  };
}

function readWord<Allowed extends Kind>(
  word: string,
  known: Known,
  allowed: readonly Allowed[],
): { kind: Allowed; name: string } | { problem: WishProblem } {
  const [, prefix, rest] = /^(coven|soulstone|service|capability):(.*)$/.exec(word) ?? [];
  const name = rest ?? word;
  const meant = KINDS.filter((kind) => prefix === undefined || kind === prefix);
  const found = meant.filter((kind) => known[kind].includes(name));
  const fitting = allowed.filter((kind) => found.includes(kind));
  const [kind] = fitting;
  if (fitting.length === 1 && kind !== undefined) return { kind, name };
  if (fitting.length > 1) {
    const message = `${quoted(name)} is ${
      fitting.map((kind) => `a ${TITLES[kind]}`).join(" and ")
    }`;
    const hint = `use ${fitting.map((kind) => `${kind}:${name}`).join(" or ")}`;
    return { problem: { reason: "ambiguous", message, hint } };
  }
  const [other] = found;
  if (other === undefined) {
    return { problem: unknown(word, name, known, prefix === undefined ? allowed : meant) };
  }
  return {
    problem: other === "capability"
      ? {
        reason: "capability",
        message: `${quoted(name)} is a capability, not a Coven or a Soulstone`,
        hint: "lychd list shows which Soulstones offer it",
      }
      : {
        reason: "combined",
        message: `${quoted(name)} is a ${TITLES[other]}; only capabilities can be combined`,
      },
  };
}

/** Returns how to run `words` together, of which `named` is the first that is not a capability. */
function combinedHint(words: readonly string[], named: string, inventory: Inventory): string {
  const names = words.map((word) => readName(word, inventory)).flatMap((read) =>
    "name" in read && read.name.kind === "soulstone" ? [read.name.name] : []
  );
  if (names.length < words.length) return `use ${quoted(named)} alone`;
  const coven = inventory.covens.find(({ members }) => names.every((n) => members.includes(n)));
  return coven !== undefined
    ? `use the Coven ${quoted(coven.name)}: they run together in it`
    : inTurnHint(enginesNamed(inventory, names)) ??
      `to run ${names.join(" and ")} together, give them a group in common, or different slots`;
}

/**
 * Returns the commands that start engines one after the other; undefined if a start would stop one
 * of them.
 *
 * @example
 * ```ts
 * import { inTurnHint } from "./wish.ts";
 * inTurnHint([]); // undefined
 * ```
 */
export function inTurnHint(engines: readonly Engine[]): string | undefined {
  if (engines.length === 0 || withoutConflicts([], engines).length < engines.length) {
    return undefined;
  }
  const commands = engines.map(({ name }) => `lychd summon soulstone:${name}`);
  return `they may run together: ${commands.join(" && ")}`;
}

function unknown(word: string, name: string, known: Known, kinds: readonly Kind[]): WishProblem {
  const near = kinds.flatMap((kind) =>
    nearNames(name, known[kind]).map((found) => `${quoted(found)} (${TITLES[kind]})`)
  );
  const titles = kinds.map((kind) => TITLES[kind]).join(", ").replace(/, (?=[^,]*$)/, " or ");
  return {
    reason: "unknown",
    message: `there is no ${titles} ${quoted(word)}`,
    hint: near.length === 0
      ? "lychd list shows all names"
      : `did you mean ${near.slice(0, NEAR_LIMIT).join(" or ")}?`,
  };
}

/** Returns names that are a typo away, and names that have the word as a part. */
function nearNames(word: string, known: readonly string[]): string[] {
  const lower = word.toLowerCase();
  const parts = (name: string) => name.toLowerCase().split(/[-._]/);
  const related = known.filter((name) => parts(name).includes(lower));
  return [...new Set([nearest(word, known) ?? [], related].flat())];
}
