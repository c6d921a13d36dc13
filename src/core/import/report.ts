/**
 * The import report: what became of each line and value of the input. Each one is added when it is
 * read. What has no entry at the end is lost, so no value disappears silently.
 */
import { maskWords, type Palette, type Place, printable, quoted } from "../report/mod.ts";

/** A line, word or key of the input. */
export interface Item {
  readonly place: Place;
  /** Text that the operator recognizes, such as `Volume=/srv:/models`. The report masks secrets. */
  readonly text: string;
}

/** Carried over unchanged, carried over in another form, or not carried over. */
export type Outcome = "carried" | "changed" | "lost";

/** The outcome of one item. */
export interface ReportEntry {
  readonly outcome: Outcome;
  readonly place: Place;
  readonly item: string;
  readonly soulstone: string | undefined;
  /** The field that holds it now, after the name of its Soulstone. */
  readonly to: string | undefined;
  /** The change, or the reason for the loss, and a remedy; empty if nothing changed. */
  readonly why: string;
}

/** Collects items and what became of them. */
export interface ImportReport {
  /** Adds an item. */
  add(place: Place, text: string): Item;
  /** Adds the parts of an item, which replace it. */
  split(item: Item, parts: readonly (string | Item)[]): Item[];
  /** Records an outcome; an item can have several. */
  record(
    item: Item,
    outcome: Outcome,
    details?: { to?: string | undefined; why?: string | undefined },
  ): void;
  /** Records that an item is lost. */
  lost(item: Item, why: string): void;
  /** Returns true if an outcome of the item is recorded. */
  has(item: Item): boolean;
  /** Returns the same report for one Soulstone: `to` is a field of it, or empty for itself. */
  of(soulstone: string): ImportReport;
  /** Returns every entry in the order of the input; items without an outcome are lost. */
  entries(): ReportEntry[];
}

/**
 * Returns an empty report.
 *
 * @example
 * ```ts
 * import { startOf } from "../report/mod.ts";
 * import { newReport } from "./report.ts";
 * const report = newReport();
 * report.add(startOf("a.container"), "Foo=bar");
 * report.entries()[0]?.outcome; // "lost"
 * ```
 */
export function newReport(): ImportReport {
  const items: Item[] = [];
  const recorded = new Map<Item, ReportEntry[]>();
  function add(place: Place, text: string): Item {
    const item = { place, text };
    items.push(item);
    return item;
  }
  const reportOf = (soulstone: string | undefined): ImportReport => ({
    add,
    split(item, parts) {
      if (parts.length === 0) this.record(item, "carried", { why: "it is empty" });
      else recorded.set(item, recorded.get(item) ?? []);
      return parts.map((part) =>
        typeof part === "string" ? add(item.place, part) : add(part.place, part.text)
      );
    },
    record(item, outcome, { to, why = "" } = {}) {
      const path = soulstone === undefined || to === undefined
        ? to
        : to === ""
        ? soulstone
        : `${soulstone}.${to}`;
      const shown = maskWords(item.text);
      const entry = { outcome, place: item.place, item: shown, soulstone, to: path, why };
      recorded.set(item, [...recorded.get(item) ?? [], entry]);
    },
    lost(item, why) {
      this.record(item, "lost", { why });
    },
    has: (item) => recorded.has(item),
    of: reportOf,
    entries() {
      for (const item of items) {
        if (!recorded.has(item)) this.lost(item, "lychd has no field for it");
      }
      const all = items.flatMap((item) => recorded.get(item) ?? []);
      const distinct = new Map(all.map((entry) => [JSON.stringify(entry), entry]));
      return [...distinct.values()].sort(byPlace);
    },
  });
  return reportOf(undefined);
}

function byPlace({ place: a }: ReportEntry, { place: b }: ReportEntry): number {
  return (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) ||
    a.start.line - b.start.line || a.start.column - b.start.column;
}

/** Returns an entry as one line: place, item, field and reason. */
export function entryLine({ place, item, to, outcome, why }: ReportEntry): string {
  const where = `${place.file}:${place.start.line}:${place.start.column}`;
  const target = outcome === "lost" || to === undefined ? "" : ` -> ${to}`;
  return `${where} ${quoted(item)}${target}${why === "" ? "" : `: ${why}`}`;
}

/** Returns the report as text: lost, changed, and with `all` also what was carried over unchanged. */
export function reportText(
  entries: readonly ReportEntry[],
  { all, palette }: { readonly all: boolean; readonly palette: Palette },
): string {
  const section = (title: string, outcome: Outcome) => {
    const own = entries.filter((entry) => entry.outcome === outcome);
    // The same words about several models are printed once.
    const alike = Map.groupBy(own, ({ item, why }) => JSON.stringify([item, why]));
    const lines = [...alike.values()].flatMap(([first, ...more]) =>
      first === undefined ? [] : [
        `  ${printable(entryLine(first))}${more.length === 0 ? "" : `; and ${more.length} more`}\n`,
      ]
    );
    return own.length === 0 ? "" : `${title} (${own.length}):\n${lines.join("")}`;
  };
  const carried = entries.filter(({ outcome }) => outcome === "carried").length;
  return section(palette.error("not carried over"), "lost") +
    section(palette.warning("changed"), "changed") +
    (all
      ? section("carried over unchanged", "carried")
      : `carried over unchanged: ${carried} (--all lists them)\n`);
}

/** Returns an entry as the JSON output has it. */
export function entryJson({ outcome, place, item, soulstone, to, why }: ReportEntry) {
  return {
    outcome,
    file: place.file,
    line: place.start.line,
    column: place.start.column,
    item,
    ...soulstone === undefined ? {} : { soulstone },
    ...to === undefined ? {} : { to },
    ...why === "" ? {} : { why },
  };
}
