import { type Facts, partOf } from "../../facts.ts";

/** What `stat` tells of a path, links followed. */
export interface FileFact {
  /** `regular file`, `character special file`, `directory`, `socket` … */
  readonly kind: string;
  /** Permission bits in octal digits. */
  readonly mode: string;
  readonly owner: number;
  readonly group: string;
  /** Of a device. */
  readonly major: number;
  readonly minor: number;
}

/** The format that {@linkcode filesOf} reads; major and minor come in hexadecimal digits. */
export const STAT_FORMAT = "--format=%F|%a|%u|%G|%t|%T|%n";

/** Reads `stat -L` of many paths; one that is not there is not in the result. */
export function filesOf(facts: Facts, id: string): ReadonlyMap<string, FileFact> {
  return new Map(
    (partOf(facts, id) ?? "").split("\n").flatMap((line) => {
      const [kind, mode, owner, group, major, minor, ...path] = line.split("|");
      if (path.length === 0) return [];
      return [
        [path.join("|"), {
          kind: kind ?? "",
          mode: mode ?? "",
          owner: Number(owner),
          group: group ?? "",
          major: parseInt(major ?? "", 16),
          minor: parseInt(minor ?? "", 16),
        }] as const,
      ];
    }),
  );
}
