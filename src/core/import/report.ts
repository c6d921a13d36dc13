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
  /** The name of the setting, such as `ttl`: the report groups those of several Soulstones. */
  readonly setting?: string;
}

/** Carried over unchanged, carried over in another form, or not carried over. */
export type Outcome = "carried" | "changed" | "lost";

/** The outcome of one item. */
export interface ReportEntry {
  readonly outcome: Outcome;
  readonly place: Place;
  readonly item: string;
  /** The name under which the report groups it with those of other Soulstones. */
  readonly setting: string;
  readonly soulstone: string | undefined;
  /** The field that holds it now, after the name of its Soulstone. */
  readonly to: string | undefined;
  /** The change, or the reason for the loss, and a remedy; empty if nothing changed. */
  readonly why: string;
}

/** Collects items and what became of them. */
export interface ImportReport {
  /** Adds an item. */
  add(place: Place, text: string, setting?: string): Item;
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
  /** Leaves an item out, because the outcome of a larger one includes it. */
  leaveOut(item: Item): void;
  /** Leaves out every outcome of this Soulstone, which was not made. */
  leaveOutAll(): void;
  /** Returns true if an outcome of the item is recorded. */
  has(item: Item): boolean;
  /** Returns the same report for one Soulstone: `to` is a field of it, or empty for itself. */
  of(soulstone: string): ImportReport;
  /** Returns every entry in the order of the input; items without an outcome are lost. */
  entries(): ReportEntry[];
}

/**
 * Returns an empty report. `hide` removes further secrets from its texts.
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
export function newReport(hide: (text: string) => string = (text) => text): ImportReport {
  const items: Item[] = [];
  const recorded = new Map<Item, ReportEntry[]>();
  function add(place: Place, text: string, setting?: string): Item {
    const item = { place, text, ...setting === undefined ? {} : { setting } };
    items.push(item);
    return item;
  }
  const reportOf = (soulstone: string | undefined): ImportReport => ({
    add,
    split(item, parts) {
      if (parts.length === 0) this.record(item, "carried", { why: "it is empty" });
      else this.leaveOut(item);
      return parts.map((part) =>
        typeof part === "string" ? add(item.place, part) : add(part.place, part.text, part.setting)
      );
    },
    record(item, outcome, { to, why = "" } = {}) {
      const path = soulstone === undefined || to === undefined
        ? to
        : to === ""
        ? soulstone
        : `${soulstone}.${to}`;
      const { place } = item;
      const shown = hide(maskWords(item.text));
      const setting = item.setting ?? shown;
      const entry = { outcome, place, item: shown, setting, soulstone, to: path, why: hide(why) };
      recorded.set(item, [...recorded.get(item) ?? [], entry]);
    },
    lost(item, why) {
      this.record(item, "lost", { why });
    },
    leaveOut(item) {
      recorded.set(item, recorded.get(item) ?? []);
    },
    leaveOutAll() {
      for (const [item, entries] of recorded) {
        recorded.set(item, entries.filter((entry) => entry.soulstone !== soulstone));
      }
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
export function entryLine(entry: ReportEntry): string {
  return lineOf(entry, quoted(entry.item));
}

function lineOf({ place, to, outcome, why }: Omit<ReportEntry, "item">, shown: string): string {
  const where = `${place.file}:${place.start.line}:${place.start.column}`;
  const target = outcome === "lost" || to === undefined ? "" : ` -> ${to}`;
  return `${where} ${shown}${target}${why === "" ? "" : `: ${why}`}`;
}

/** Returns the lines of one setting with one outcome: a single one if several models have it. */
function groupLines(group: readonly ReportEntry[], noun: string): string[] {
  const [first, ...others] = group;
  if (first === undefined) return [];
  const owners = new Set(group.map(({ soulstone }) => soulstone)).size;
  if (owners < 2) {
    return [...Map.groupBy(group, ({ item }) => item).values()].flatMap(([entry, ...more]) =>
      entry === undefined
        ? []
        : [entryLine(entry) + (more.length === 0 ? "" : `; and ${more.length} more`)]
    );
  }
  const fieldOf = ({ to, soulstone }: ReportEntry) => to?.replace(`${soulstone}.`, "");
  const field = fieldOf(first);
  const to = others.every((entry) => fieldOf(entry) === field) ? field : undefined;
  return [lineOf({ ...first, to }, `${quoted(first.setting)} of ${owners} ${noun}s`)];
}

/** The result of an import, as far as its report depends on it. */
export interface Reported {
  /** The input of one Soulstone: a model or a container. */
  readonly noun: "model" | "container";
  /** The number of them in the input. */
  readonly total: number;
  readonly soulstones: readonly unknown[];
  readonly report: readonly ReportEntry[];
}

/** Returns the report as text: lost, changed, and with `all` also what was carried over unchanged. */
export function reportText(
  { noun, total, soulstones, report }: Reported,
  { all, palette }: { readonly all: boolean; readonly palette: Palette },
): string {
  const section = (title: string, outcome: Outcome) => {
    const own = report.filter((entry) => entry.outcome === outcome);
    const alike = Map.groupBy(own, ({ setting, why }) => JSON.stringify([setting, why]));
    const lines = [...alike.values()].flatMap((group) => groupLines(group, noun))
      .map((line) => `  ${printable(line)}\n`);
    return own.length === 0 ? "" : `${title} (${own.length}):\n${lines.join("")}`;
  };
  const carried = report.filter(({ outcome }) => outcome === "carried").length;
  const inputs = total === 1 ? noun : `${noun}s`;
  const outputs = soulstones.length === 1 ? "a Soulstone" : "Soulstones";
  return `${soulstones.length} of ${total} ${inputs} became ${outputs}\n` +
    section(palette.error("not carried over"), "lost") +
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
