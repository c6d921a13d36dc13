/** Quadlet units as files: their kinds, their drop-ins, and the lines that have an effect. */
import { basename } from "node:path/posix";
import { type Finding, finding, startOf } from "../../report/mod.ts";
import { QUADLET_KEYS, readQuadletUnit, SYSTEMD_LISTS } from "../../rune/mod.ts";
import { type ImportFile, lineAt, readText } from "../imported.ts";
import type { Item, Ledger } from "../ledger.ts";

/** The kinds of Quadlet units. */
export const UNIT_KINDS = [
  "container",
  "pod",
  "volume",
  "image",
  "network",
  "build",
  "kube",
] as const;

/** One of {@linkcode UNIT_KINDS}. */
export type UnitKind = (typeof UNIT_KINDS)[number];

/** A unit to import: its file, and those that are merged into it. */
export interface UnitInput {
  readonly file: ImportFile;
  /** The folder of the file, absolute: for paths that are relative to it. */
  readonly folder: string;
  /** In the order in which they count. */
  readonly dropIns: readonly ImportFile[];
}

/** One line of a unit, that counts. */
export interface Line {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  readonly item: Item;
}

/** A unit that could be read. */
export interface QuadletUnit {
  readonly kind: UnitKind;
  /** The name of its file without the kind. */
  readonly base: string;
  readonly folder: string;
  /** How the operator calls its file. */
  readonly path: string;
  readonly lines: readonly Line[];
}

/** Reads a unit with its drop-ins; every line is entered in the ledger. */
export function readUnitInput(
  { file, folder, dropIns }: UnitInput,
  sources: Map<string, string>,
  ledger: Ledger,
): { unit: QuadletUnit } | { faults: Finding[] } {
  const kind = UNIT_KINDS.find((ending) => basename(file.path).endsWith(`.${ending}`));
  if (kind === undefined) {
    return { faults: [finding("import-kind", startOf(file.path), { kinds: UNIT_KINDS })] };
  }
  const faults: Finding[] = [];
  const lines: Line[] = [];
  for (const part of [file, ...dropIns]) {
    const read = readText(part);
    if ("fault" in read) {
      faults.push(read.fault);
      continue;
    }
    sources.set(part.path, read.text);
    const unit = readQuadletUnit(read.text);
    const physical = read.text.split("\n");
    if ("badLine" in unit) {
      faults.push(finding("unit-broken", lineAt(part.path, physical, unit.badLine), {}));
      continue;
    }
    for (const { section, key, value, line } of unit.lines) {
      const item = ledger.enter(lineAt(part.path, physical, line), `${key}=${value}`);
      lines.push({ section, key, value, item });
    }
  }
  if (faults.length > 0) return { faults };
  const base = basename(file.path).slice(0, -kind.length - 1);
  return { unit: { kind, base, folder, path: file.path, lines } };
}

/** Keys of which an empty line takes nothing back: what depends on what. */
const NEVER_CLEARED =
  /^(?:After|Before|BindsTo|Conflicts|OnFailure|OnSuccess|PartOf|Requires|Requisite|Upholds|Wants)$/;

/**
 * The lines of a unit that have an effect: of a key that takes one value the last, of a list all
 * behind its last empty line. Those without effect are noted as such.
 */
export function effectiveLines({ kind, lines }: QuadletUnit, ledger: Ledger): Line[] {
  const idle = (line: Line) =>
    ledger.note(line.item, "carried", { why: "it has no effect in the unit itself" });
  const kept = new Set<Line>();
  const groups = new Map<string, Line[]>();
  for (const line of lines) {
    const name = `${line.section}.${line.key}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [line]);
    else group.push(line);
  }
  for (const group of groups.values()) {
    const [{ section, key } = { section: "", key: "" }] = group;
    const lastEmpty = group.findLastIndex((line) => line.value === "");
    const counting = isList(kind, section, key)
      ? group.slice(NEVER_CLEARED.test(key) ? 0 : lastEmpty + 1)
      : group.slice(-1);
    for (const line of counting) if (line.value !== "") kept.add(line);
  }
  for (const line of lines) if (!kept.has(line)) idle(line);
  return lines.filter((line) => kept.has(line));
}

function isList(kind: UnitKind, section: string, key: string): boolean {
  const group = { container: "Container", pod: "Pod", volume: "Volume", image: "Image" } as const;
  const own = kind in group ? group[kind as keyof typeof group] : undefined;
  if (section !== own && section !== "Quadlet") return SYSTEMD_LISTS.has(key);
  const table = QUADLET_KEYS[section];
  return Object.hasOwn(table, key) && table[key]?.list === true;
}
