import { type Codex, NAME } from "../codex/mod.ts";
import { covensOf } from "../compile/mod.ts";
import { CHECKS } from "../doctor/mod.ts";
import type { Candidate } from "./question.ts";
import type { Lookup } from "./tree.ts";

/**
 * The words of a Codex that fit where `taken` stands before: what a wish can name, or one of its
 * parts. Behind one capability stand only others. A name that is several things is offered with the
 * prefix that tells which.
 *
 * @example
 * ```ts
 * import { readCodex } from "../codex/mod.ts";
 * import { lookUp } from "./lookup.ts";
 * const bytes = new TextEncoder().encode('[eye]\nimage = "x"\nport = 1\ngroups = ["vision"]\n');
 * const { codex } = readCodex({ folder: "", files: [{ path: "soulstones/eye.toml", bytes }] });
 * lookUp(codex, "wish", []).map(({ word }) => word); // ["vision", "eye"]
 * ```
 */
export function lookUp(codex: Codex, lookup: Lookup, taken: readonly string[]): Candidate[] {
  const { covens, soulstones, capabilities } = wordsOf(codex);
  switch (lookup) {
    case "wish":
      return taken.length === 0
        ? unambiguous({ coven: covens, soulstone: soulstones, capability: capabilities })
        : untaken(capabilities, taken);
    case "name":
      return taken.length === 0 ? unambiguous({ coven: covens, soulstone: soulstones }) : [];
    case "coven":
      return covens;
    case "capability":
      return capabilities;
    case "check":
      return untaken(checks(), taken);
  }
}

function wordsOf({ soulstones }: Codex) {
  // Of a Codex with faults only what can be named.
  const named = soulstones.filter(({ name }) => NAME.test(name));
  const capabilities = [...new Set(named.flatMap((s) => s.capabilities))].sort();
  return {
    covens: covensOf(named).map(({ name, members }) => ({
      word: name,
      about: `Coven of ${members.join(", ")}`,
    })),
    soulstones: named.map(({ name, description, model, image, unknown }) => {
      const what = description ?? model ?? (unknown.includes("image") ? undefined : image);
      return { word: name, about: what === undefined ? "Soulstone" : `Soulstone: ${what}` };
    }),
    capabilities: capabilities.map((word) => ({
      word,
      about: `capability of ${
        named.filter((s) => s.capabilities.includes(word)).map((s) => s.name).join(", ")
      }`,
    })),
  };
}

function unambiguous(kinds: Readonly<Record<string, readonly Candidate[]>>): Candidate[] {
  const counts = new Map<string, number>();
  for (const { word } of Object.values(kinds).flat()) counts.set(word, (counts.get(word) ?? 0) + 1);
  return Object.entries(kinds).flatMap(([kind, candidates]) =>
    candidates.map(({ word, about }) => ({
      word: counts.get(word) === 1 ? word : `${kind}:${word}`,
      about,
    }))
  );
}

function untaken(candidates: readonly Candidate[], taken: readonly string[]): Candidate[] {
  const bare = taken.map((word) => word.replace(/^capability:/, ""));
  return candidates.filter(({ word }) => !bare.includes(word));
}

/** Groups of checks, then each check. */
function checks(): Candidate[] {
  const groups = [...new Set(CHECKS.map(({ id }) => id.split(".")[0] ?? id))];
  return [
    ...groups.map((word) => ({ word, about: "all of this group" })),
    ...CHECKS.map(({ id, about }) => ({ word: id, about })),
  ];
}
