/**
 * A Soulstone in the making. The importer proposes what each thing of the input could become, best
 * first; the compiler decides: what it refuses takes its next way, or is told as lost, in the
 * compiler's own words. So whatever is imported is a Codex without faults.
 */
import { type CodexFile, readCodex, type Soulstone, type TomlText } from "../codex/mod.ts";
import { compile } from "../compile/mod.ts";
import { type Finding, hasErrors, type Place } from "../report/mod.ts";
import type { Item, Ledger } from "./ledger.ts";
import { type Fields, soulstoneText } from "./toml_text.ts";

/** A field below the Soulstone: `["volumes"]`, `["env", "A"]`, `["quadlet", "Container", "Label"]`. */
export type FieldPath = readonly string[];

/** One value for a field; a field that takes a list gets it added. */
export interface Assignment {
  readonly path: FieldPath;
  readonly value: TomlText;
}

/** One way in which an item can be carried over. */
export interface Way {
  readonly assign: readonly Assignment[];
  /** What is different from the input; nothing when it is the same. */
  readonly how?: string | undefined;
}

/** An item and the ways it can go, best first. */
export interface Proposal {
  readonly item: Item;
  readonly ways: readonly Way[];
}

/** A Soulstone in the making. */
export interface Draft {
  readonly name: string;
  /** What is so whatever becomes of the proposals. */
  readonly fixed: readonly Assignment[];
  readonly proposals: readonly Proposal[];
  /** Lines above its table. */
  readonly heading: readonly string[];
}

/** A Soulstone as it came out. */
export interface Settled {
  readonly name: string;
  readonly fields: Fields;
  readonly heading: readonly string[];
}

/** Where each draft stands while the compiler judges. */
interface Trial {
  readonly draft: Draft;
  /** The way that each proposal goes; as many as it has when none is left. */
  readonly ways: number[];
  /** Why the last way of a proposal was refused. */
  readonly refusals: (string | undefined)[];
}

/** The fields of which a Soulstone takes several values, and keys of `quadlet` always. */
const LISTS = new Set(["capabilities", "devices", "groups", "secrets", "volumes"]);

/** The most characters of one value: a Codex line has no more. */
const VALUE_LIMIT = 60_000;

/**
 * Settles drafts: finds for every proposal the first way that the compiler takes, and enters in the
 * ledger what became of each; or tells that they are more than a Codex may have.
 */
export async function settle(
  drafts: readonly Draft[],
  ledger: Ledger,
): Promise<{ settled: Settled[] } | { tooLarge: Finding }> {
  const trials = drafts.map((draft): Trial => ({
    draft,
    ways: draft.proposals.map((p) => p.ways.findIndex(isWritable)).map((at, i) =>
      at < 0 ? draft.proposals[i]?.ways.length ?? 0 : at
    ),
    refusals: draft.proposals.map(() => undefined),
  }));
  for (;;) {
    const laid = trials.map(layOut);
    const faults = await judge(trials, laid);
    if ("tooLarge" in faults) return faults;
    if (faults.length === 0) break;
    for (const { trial, proposal, finding } of faults) advance(trial, proposal, finding);
  }
  for (const trial of trials) enter(trial, ledger);
  const settled = trials.map((trial) => ({
    name: trial.draft.name,
    fields: layOut(trial).fields,
    heading: trial.draft.heading,
  }));
  return { settled };
}

/** False for what would break the TOML as a whole. */
function isWritable(way: Way): boolean {
  return way.assign.every(({ path, value }) =>
    !path.includes("__proto__") &&
    [value].flat().every((v) => typeof v !== "string" || v.length <= VALUE_LIMIT)
  );
}

/** The fields of a trial, and which proposal each came from, by its path in the TOML. */
interface LaidOut {
  readonly fields: Fields;
  readonly origins: readonly { readonly path: readonly (string | number)[]; proposal: number }[];
}

function layOut({ draft, ways }: Trial): LaidOut {
  const fields = emptyTable();
  const origins: { path: (string | number)[]; proposal: number }[] = [];
  const put = ({ path, value }: Assignment, proposal: number | undefined) => {
    const index = assign(fields, path, value);
    if (proposal !== undefined) {
      origins.push({ path: index === undefined ? [...path] : [...path, index], proposal });
    }
  };
  for (const assignment of draft.fixed) put(assignment, undefined);
  draft.proposals.forEach((proposal, i) => {
    for (const assignment of proposal.ways[ways[i] ?? 0]?.assign ?? []) put(assignment, i);
  });
  return { fields, origins };
}

/** A table in which no key is there but those that are put into it. */
function emptyTable(): Record<string, TomlText | Fields> {
  return Object.create(null);
}

/** Puts a value at its path; the index it has when the field takes several. */
function assign(
  fields: Record<string, TomlText | Fields>,
  path: FieldPath,
  value: TomlText,
): number | undefined {
  const name = path.at(-1) ?? "";
  let table = fields;
  for (const step of path.slice(0, -1)) {
    table = (table[step] ??= emptyTable()) as Record<string, TomlText | Fields>;
  }
  // A list that is given as a whole begins the field; values are added to it.
  if (Array.isArray(value)) {
    table[name] = [...value];
    return undefined;
  }
  const takesSeveral = path[0] === "quadlet" || path.length === 1 && LISTS.has(name);
  if (takesSeveral) return ((table[name] ??= []) as string[]).push(String(value)) - 1;
  table[name] = value;
  return undefined;
}

interface Fault {
  readonly trial: Trial;
  readonly proposal: number;
  readonly finding: Finding;
}

/** What the compiler refuses of the drafts as they stand. */
async function judge(
  trials: readonly Trial[],
  laid: readonly LaidOut[],
): Promise<Fault[] | { tooLarge: Finding }> {
  const encoder = new TextEncoder();
  const files = trials.map(({ draft: { name } }, i): CodexFile => ({
    path: `soulstones/${name}.toml`,
    bytes: encoder.encode(soulstoneText(name, laid[i]?.fields ?? {}, [])),
  }));
  const { codex, findings } = readCodex({ folder: "", files });
  const tooLarge = findings.find(({ code }) => /^(?:codex|file)-too-large$/.test(code));
  if (tooLarge !== undefined) return { tooLarge };
  const all = [...findings, ...hasErrors(findings) ? [] : (await compile(codex)).findings];
  return all.filter((f) => f.severity === "error").flatMap((finding) => {
    const at = trials.findIndex(({ draft }) =>
      finding.place.file === `soulstones/${draft.name}.toml`
    );
    const trial = trials[at];
    const soulstone = codex.soulstones.find((s) => s.name === trial?.draft.name);
    const origins = laid[at]?.origins ?? [];
    const proposals = soulstone === undefined ? [] : proposalsAt(soulstone, origins, finding.place);
    if (trial === undefined || proposals.length === 0) {
      throw new Error(`an imported Codex is refused: ${finding.message}`);
    }
    return proposals.map((proposal) => ({ trial, proposal, finding }));
  });
}

/** The proposals of the innermost field that stands at `place`. */
function proposalsAt(
  soulstone: Soulstone,
  origins: LaidOut["origins"],
  place: Place,
): number[] {
  const depthOf = (path: readonly (string | number)[]) => {
    if (isWithin(place, soulstone.placeOf(path))) return path.length;
    for (let depth = path.length; depth > 0; depth--) {
      const part = path.slice(0, depth);
      if (isSame(soulstone.placeOf(part), place) || isSame(soulstone.keyOf(part), place)) {
        return depth;
      }
    }
    return 0;
  };
  const depths = origins.map(({ path, proposal }) => ({ proposal, depth: depthOf(path) }));
  const deepest = Math.max(0, ...depths.map((d) => d.depth));
  return deepest === 0
    ? []
    : [...new Set(depths.filter((d) => d.depth === deepest).map((d) => d.proposal))];
}

function isSame(a: Place, b: Place): boolean {
  return a.start.line === b.start.line && a.start.column === b.start.column &&
    a.end.line === b.end.line && a.end.column === b.end.column;
}

function isWithin(inner: Place, outer: Place): boolean {
  const starts = inner.start.line - outer.start.line || inner.start.column - outer.start.column;
  const ends = outer.end.line - inner.end.line || outer.end.column - inner.end.column;
  return starts >= 0 && ends >= 0;
}

/** Sends a proposal on its next way. */
function advance(trial: Trial, proposal: number, finding: Finding): void {
  const ways = trial.draft.proposals[proposal]?.ways ?? [];
  const at = trial.ways[proposal] ?? 0;
  if (at >= ways.length) return;
  // What stood first says best why it cannot be.
  trial.refusals[proposal] ??= reasonOf(finding);
  const next = ways.findIndex((way, i) => i > at && isWritable(way));
  trial.ways[proposal] = next < 0 ? ways.length : next;
}

/** Why the compiler refused, without naming a field that the operator never wrote. */
function reasonOf({ message }: Finding): string {
  return message.replace(/^.* cannot be (?:set through `quadlet`|written into a unit): /, "");
}

function enter({ draft, ways, refusals }: Trial, ledger: Ledger): void {
  draft.proposals.forEach(({ item, ways: all }, i) => {
    const way = all[ways[i] ?? 0];
    const soulstone = draft.name;
    if (way === undefined) {
      ledger.note(item, "lost", { soulstone, why: refusals[i] ?? "lychd cannot hold it" });
      return;
    }
    const to = [...new Set(way.assign.map(({ path }) => path.join(".")))].join(", ");
    ledger.note(item, way.how === undefined ? "carried" : "changed", {
      soulstone,
      to: to === "" ? undefined : `${soulstone}.${to}`,
      why: way.how,
    });
  });
}
