/** Shows where each line of a rendered unit comes from. */
import { basename } from "node:path/posix";
import { nearest } from "../report/nearest.ts";
import { type Place, quoted } from "../report/mod.ts";
import {
  BOOT_DROP_IN,
  covenOf,
  covenTarget,
  soulstoneOf,
  soulstoneUnit,
  unitOf,
} from "../rune/mod.ts";
import type { Rune } from "./compile.ts";

/** One line of a unit; `from` is the Codex value that it comes from. */
export interface ExplainedLine {
  readonly text: string;
  readonly from: Place | undefined;
}

/** Returns the lines of a Rune with their Codex places. Defaults that no file sets have no place. */
export function explainLines({ text, provenance }: Rune): ExplainedLine[] {
  return text.trimEnd().split("\n").map((line, i) => {
    const from = provenance.get(i + 1);
    const isSet = from !== undefined &&
      (from.start.line !== from.end.line || from.start.column !== from.end.column);
    return { text: line, from: isSet ? from : undefined };
  });
}

/**
 * Finds a unit by the name of its file, its name in systemd, or the name of its Soulstone, Coven or
 * service. A name of several of them needs the prefix `soulstone:`, `coven:` or `service:`.
 */
export function unitNamed(
  name: string,
  runes: readonly Rune[],
): { rune: Rune } | { problem: string; hint?: string } {
  const byName = new Map<string, Rune>();
  for (const rune of runes) {
    const unit = unitOf(rune.path);
    if (unit === undefined && !rune.path.endsWith(BOOT_DROP_IN)) continue;
    byName.set(basename(rune.path), rune).set(unit ?? basename(rune.path), rune);
  }
  const [, kind, bare = name] = /^(soulstone|coven|service):(.+)$/.exec(name) ?? [];
  const named = [
    { kind: "soulstone", title: "a Soulstone", rune: byName.get(soulstoneUnit(bare).service) },
    { kind: "coven", title: "a Coven", rune: byName.get(covenTarget(bare)) },
    { kind: "service", title: "a service", rune: byName.get(`${bare}.service`) },
  ].filter((each) => each.rune !== undefined && (kind ?? each.kind) === each.kind);
  const rune = byName.get(name) ?? named[0]?.rune;
  if (!byName.has(name) && named.length > 1) {
    return {
      problem: `${quoted(name)} is ${named.map(({ title }) => title).join(" and ")}`,
      hint: `use ${named.map(({ kind }) => `${kind}:${name}`).join(" or ")}`,
    };
  }
  if (rune !== undefined) return { rune };
  const short = [...byName.keys()].flatMap((unit) => soulstoneOf(unit) ?? covenOf(unit) ?? []);
  const near = nearest(name, [...short, ...byName.keys()]);
  return {
    problem: `no unit is named ${quoted(name)}`,
    hint: near === undefined
      ? "name a Soulstone, a Coven or a file such as lychd.pod; `lychd list` shows all names"
      : `lychd explain ${near}`,
  };
}
