import { type Facts, outputOf } from "../../facts.ts";

/** Who runs lychd. */
export interface User {
  readonly id: number;
  readonly name: string;
  readonly groups: readonly string[];
}

/** Reads `id`: `uid=1000(lich) gid=1000(lich) groups=1000(lich),44(video)`. */
export function userOf(facts: Facts): User | undefined {
  const text = outputOf(facts, "id") ?? "";
  const user = /uid=(\d+)\(([^)]+)\)/.exec(text);
  if (user === null) return undefined;
  // Names of a directory may hold spaces.
  const groups = /groups=(.*?)(?: context=.*)?$/.exec(text.trim())?.[1] ?? "";
  return {
    id: Number(user[1]),
    name: user[2] ?? "",
    groups: [...groups.matchAll(/\(([^)]+)\)/g)].map((found) => found[1] ?? ""),
  };
}
