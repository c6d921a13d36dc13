/**
 * What became of everything that stood in the input. Each thing is entered once when it is read; one
 * that nobody spoke for until the end counts as lost, so that nothing gets lost in silence.
 */
import { type Place, quoted } from "../report/mod.ts";

/** One thing of the input: a line, a word of it, a key with its value. */
export interface Item {
  readonly place: Place;
  /** As the operator would recognise it, such as `Volume=/srv:/models`. */
  readonly text: string;
}

/** Carried as it is; carried in another form; or not carried over. */
export type Outcome = "carried" | "changed" | "lost";

/** What became of one item. */
export interface Note {
  readonly outcome: Outcome;
  readonly place: Place;
  readonly item: string;
  /** The Soulstone that it is about. */
  readonly soulstone: string | undefined;
  /** The field that has it now, below its Soulstone. */
  readonly to: string | undefined;
  /** How it changed, why it is lost, and what helps; empty for what is as it was. */
  readonly why: string;
}

/** What is known of an item's fate besides its outcome. */
export interface Fate {
  readonly soulstone?: string | undefined;
  readonly to?: string | undefined;
  readonly why?: string | undefined;
}

/** The book in which every item and its fate are entered. */
export interface Ledger {
  /** Enters an item that must not get lost. */
  enter(place: Place, text: string): Item;
  /** Enters the parts of an item, which take its place. */
  split(item: Item, parts: readonly (string | Item)[]): Item[];
  /** Enters what became of it; an item may have several fates. */
  note(item: Item, outcome: Outcome, fate?: Fate): void;
  /** Whether anything became of it yet. */
  has(item: Item): boolean;
  /** Every fate, in the order of the input; items without one are lost. */
  close(): Note[];
}

/**
 * Opens an empty ledger.
 *
 * @example
 * ```ts
 * import { startOf } from "../report/mod.ts";
 * import { openLedger } from "./ledger.ts";
 * const ledger = openLedger();
 * ledger.enter(startOf("a.container"), "Foo=bar");
 * ledger.close()[0]?.outcome; // "lost"
 * ```
 */
export function openLedger(): Ledger {
  const items: Item[] = [];
  const whole = new Set<Item>();
  const notes = new Map<Item, Note[]>();
  function note(item: Item, outcome: Outcome, fate: Fate = {}): void {
    const { soulstone, to, why = "" } = fate;
    const entry = { outcome, place: item.place, item: item.text, soulstone, to, why };
    notes.set(item, [...notes.get(item) ?? [], entry]);
  }
  function enter(place: Place, text: string): Item {
    const item = { place, text };
    items.push(item);
    return item;
  }
  return {
    enter,
    split(item, parts) {
      if (parts.length === 0) note(item, "carried", { why: "it is empty" });
      whole.add(item);
      return parts.map((part) =>
        typeof part === "string" ? enter(item.place, part) : enter(part.place, part.text)
      );
    },
    note,
    has: (item) => notes.has(item) || whole.has(item),
    close() {
      for (const item of items) {
        if (!notes.has(item) && !whole.has(item)) {
          note(item, "lost", { why: "lychd has no field for it" });
        }
      }
      const all = items.flatMap((item) => notes.get(item) ?? []);
      const distinct = new Map(all.map((one) => [JSON.stringify(one), one]));
      return [...distinct.values()].sort(byPlace);
    },
  };
}

function byPlace(a: Note, b: Note): number {
  return (a.place.file < b.place.file ? -1 : a.place.file > b.place.file ? 1 : 0) ||
    a.place.start.line - b.place.start.line || a.place.start.column - b.place.start.column;
}

/** A note as one line: where, what, and why. */
export function noteLine({ place, item, to, outcome, why }: Note): string {
  const where = `${place.file}:${place.start.line}:${place.start.column}`;
  const target = outcome === "lost" || to === undefined ? "" : ` → ${to}`;
  return `${where} ${quoted(item)}${target}${why === "" ? "" : `: ${why}`}`;
}
