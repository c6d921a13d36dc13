/** Quadlet units as files: their kinds, their drop-ins, and the lines that have an effect. */
import { basename } from "node:path/posix";
import { type Finding, finding, type Place, startOf } from "../../report/mod.ts";
import { QUADLET_KEYS, readQuadletUnit, SYSTEMD_LISTS } from "../../rune/mod.ts";
import { type ImportFile, readText } from "../imported.ts";
import type { ImportReport, Item } from "../report.ts";

const UNIT_KINDS = [
  "container",
  "pod",
  "volume",
  "image",
  "network",
  "build",
  "kube",
  "artifact",
] as const;

/** The kind of a Quadlet unit. */
export type UnitKind = (typeof UNIT_KINDS)[number];

/** A unit to import, and the drop-ins that are merged into it. */
export interface UnitInput {
  readonly file: ImportFile;
  /** The absolute folder of the file, for relative paths. */
  readonly folder: string;
  /** In the order in which Quadlet reads them. */
  readonly dropIns: readonly ImportFile[];
}

/** One line of a unit. */
export interface Line {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  readonly item: Item;
}

/** A readable unit. */
export interface QuadletUnit {
  readonly kind: UnitKind;
  /** The name of its file without the kind. */
  readonly base: string;
  readonly folder: string;
  /** The operator's own spelling of its file. */
  readonly path: string;
  readonly lines: readonly Line[];
}

/** Reads a unit with its drop-ins, and adds every line to the report. */
export function readUnitInput(
  { file, folder, dropIns }: UnitInput,
  sources: Map<string, string>,
  report: ImportReport,
): { unit: QuadletUnit } | { errors: Finding[] } {
  const kind = UNIT_KINDS.find((suffix) => basename(file.path).endsWith(`.${suffix}`));
  if (kind === undefined) {
    return { errors: [finding("import-kind", startOf(file.path), { kinds: UNIT_KINDS })] };
  }
  const errors: Finding[] = [];
  const lines: Line[] = [];
  for (const part of [file, ...dropIns]) {
    const read = readText(part);
    if ("error" in read) {
      errors.push(read.error);
      continue;
    }
    sources.set(part.path, read.text);
    const unit = readQuadletUnit(read.text);
    const physical = read.text.split("\n");
    if ("badLine" in unit) {
      errors.push(finding("unit-broken", lineAt(part.path, physical, unit.badLine), {}));
      continue;
    }
    for (const { section, key, value, line } of unit.lines) {
      const item = report.add(lineAt(part.path, physical, line), `${key}=${value}`);
      lines.push({ section, key, value, item });
    }
  }
  if (errors.length > 0) return { errors };
  const base = basename(file.path).slice(0, -kind.length - 1);
  return { unit: { kind, base, folder, path: file.path, lines } };
}

/** Returns the place of a whole line, without surrounding white space. */
function lineAt(file: string, lines: readonly string[], line: number): Place {
  const content = lines[line - 1]?.trimEnd() ?? "";
  const start = { line, column: content.length - content.trimStart().length + 1 };
  return { file, start, end: { line, column: Math.max(content.length, start.column) + 1 } };
}

/** Dependencies, which an empty line does not clear. */
const NEVER_CLEARED =
  /^(?:After|Before|BindsTo|Conflicts|OnFailure|OnSuccess|PartOf|Requires|Requisite|Upholds|Wants)$/;

/** The meaning of an empty `Entrypoint=`, observed with 5.4.2 and 5.8.6. */
export const EMPTY_ENTRYPOINT =
  "Podman 5.4 ignores it, later versions run the command without the entrypoint of the image: " +
  "then set `quadlet.Container.Entrypoint` to the program";

/**
 * Returns the lines of a unit that have an effect: the last one of a key with one value, and of a
 * list those after its last empty line. Records the others.
 */
export function effectiveLines({ kind, lines }: QuadletUnit, report: ImportReport): Line[] {
  const groups = Map.groupBy(lines, ({ section, key }) => `${section}.${key}`);
  const kept = new Set([...groups.values()].flatMap((group) => {
    const [{ section, key } = { section: "", key: "" }] = group;
    const lastEmpty = NEVER_CLEARED.test(key) ? -1 : group.findLastIndex((l) => l.value === "");
    const last = isList(kind, section, key) ? group.slice(lastEmpty + 1) : group.slice(-1);
    return last.filter((line) => line.value !== "");
  }));
  return lines.filter((line) => {
    if (kept.has(line)) return true;
    if (line.section === "Container" && line.key === "Entrypoint" && line.value === "") {
      report.lost(line.item, EMPTY_ENTRYPOINT);
      return false;
    }
    report.record(line.item, "carried", { why: "it has no effect in the unit either" });
    return false;
  });
}

function isList(kind: UnitKind, section: string, key: string): boolean {
  const group = { container: "Container", pod: "Pod", volume: "Volume", image: "Image" } as const;
  const own = kind in group ? group[kind as keyof typeof group] : undefined;
  if (section !== own && section !== "Quadlet") return SYSTEMD_LISTS.has(key);
  const table = QUADLET_KEYS[section];
  return Object.hasOwn(table, key) && table[key]?.list === true;
}
