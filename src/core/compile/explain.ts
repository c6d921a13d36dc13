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
 * Finds a unit by the name of its file, its name in systemd, or the name of its Soulstone or Coven. A
 * name of both a Soulstone and a Coven needs the prefix `soulstone:` or `coven:`.
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
  const [, kind, bare = name] = /^(soulstone|coven):(.+)$/.exec(name) ?? [];
  const soulstone = kind === "coven" ? undefined : byName.get(soulstoneUnit(bare).service);
  const coven = kind === "soulstone" ? undefined : byName.get(covenTarget(bare));
  const other = kind === undefined ? byName.get(name) ?? byName.get(`${name}.service`) : undefined;
  const rune = other ?? soulstone ?? coven;
  if (soulstone !== undefined && coven !== undefined && rune === soulstone) {
    return {
      problem: `${quoted(name)} is a Soulstone and a Coven`,
      hint: `lychd explain soulstone:${name}`,
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
