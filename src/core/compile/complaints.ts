/** Finds the Codex places of what the Quadlet generator and `systemd-analyze verify` report. */
import { basename } from "node:path/posix";
import { type Finding, finding, type Place, startOf } from "../report/finding.ts";
import { unitOf } from "../rune/names.ts";
import { readUnit, type UnitLine } from "../rune/unit.ts";
import type { Rune } from "./compile.ts";

/** The report of a verification about rendered units. */
export interface Complaints {
  /** Lines about units that are refused. */
  readonly refused: readonly string[];
  /** Lines about directives that systemd ignores. */
  readonly ignored: readonly string[];
  /** The generated services by name; systemd counts the lines of these texts. */
  readonly services: ReadonlyMap<string, string>;
}

/**
 * Returns a finding for each complaint about one of `runes`, at the Codex value of its directive. If a
 * refusal names no directive, the place is the table that defines the unit. Ignored directives that
 * do not come from the Codex are skipped.
 */
export function complaintFindings(
  { refused, ignored, services }: Complaints,
  runes: readonly Rune[],
): Finding[] {
  const located = (complaints: readonly string[]) =>
    complaints.flatMap((complaint) => locate(complaint, runes, services) ?? []);
  return [
    ...located(refused).map(({ rune, place, problem }) =>
      finding("unit-refused", place ?? tableOf(rune), { unit: basename(rune.path), problem })
    ),
    ...located(ignored).flatMap(({ rune, place, problem }) =>
      place === undefined
        ? []
        : [finding("directive-ignored", place, { unit: basename(rune.path), problem })]
    ),
  ];
}

interface Located {
  readonly rune: Rune;
  readonly place: Place | undefined;
  readonly problem: string;
}

function locate(
  complaint: string,
  runes: readonly Rune[],
  services: ReadonlyMap<string, string>,
): Located | undefined {
  // The unit is a word of the complaint, as the name of its file or of its service.
  const words = new Set(complaint.split(/[^\w.@-]+/));
  const rune = runes.find(({ path }) => {
    const unit = unitOf(path);
    return unit !== undefined && (words.has(unit) || words.has(basename(path)));
  });
  if (rune === undefined) return undefined;
  // systemd writes `UNIT:LINE: PROBLEM`, Quadlet `converting "FILE": PROBLEM in PATH`.
  const [, line] = /^\S+?:(\d+): /.exec(complaint) ?? [];
  const problem = complaint.replace(/^\S+: /, "").replace(/^converting "[^"]*": /, "")
    .replace(/ in \/\S+$/, "");
  if (line !== undefined) {
    const text = services.get(unitOf(rune.path) ?? "") ?? rune.text;
    const at = linesOf(text).find((l) => l.line === Number(line));
    const isSame = (l: UnitLine) =>
      l.section === at?.section && l.key === at.key && l.value === at.value;
    return { rune, place: placeOf(rune, isSame), problem };
  }
  const keys = new Set(problem.split(/[^\w-]+/));
  return { rune, place: placeOf(rune, ({ key }) => keys.has(key)), problem };
}

function linesOf(text: string): readonly UnitLine[] {
  const read = readUnit(text);
  return "lines" in read ? read.lines : [];
}

/** Returns the Codex place of the first matching line that has one. */
function placeOf({ text, provenance }: Rune, matches: (line: UnitLine) => boolean) {
  return linesOf(text).filter(matches).flatMap(({ line }) => provenance.get(line) ?? [])[0];
}

/** Returns the table that defines a unit. */
function tableOf(rune: Rune): Place {
  return placeOf(rune, ({ key }) => /^(?:Container|Pod)Name$/.test(key)) ?? startOf("lychd.toml");
}
