import { type Codex, NAME, watchersOf } from "../codex/mod.ts";
import { covensOf } from "../compile/mod.ts";
import { CHECKS } from "../doctor/mod.ts";
import { GPU_EXPORTER, HARVESTER, SCRIBE, VESSEL } from "../rune/mod.ts";
import type { Candidate } from "./question.ts";
import type { Lookup } from "./tree.ts";

/**
 * Returns the words of a Codex that fit after `taken`. After a capability only other capabilities
 * fit. An ambiguous name has a prefix.
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
  // An invalid Codex may have invalid names.
  const named = codex.soulstones.filter(({ name }) => NAME.test(name));
  const coven = covensOf(named).map(({ name, members }) => ({
    word: name,
    about: `Coven of ${members.join(", ")}`,
  }));
  const soulstone = named.map(({ name, description, model, image, unknown }) => {
    const about = description ?? model ?? (unknown.includes("image") ? undefined : image);
    return { word: name, about: about === undefined ? "Soulstone" : `Soulstone: ${about}` };
  });
  const on = watchersOf(codex.settings);
  const service = [
    { word: "pod", about: "the pod of all engines" },
    ...codex.settings.vessel.enabled ? [{ word: VESSEL.name, about: "the front door" }] : [],
    ...on.harvester ? [{ word: HARVESTER.name, about: "Watcher: Prometheus" }] : [],
    ...on.scribe ? [{ word: SCRIBE.name, about: "Watcher: Grafana" }] : [],
    ...on.gpuExporter ? [{ word: GPU_EXPORTER.name, about: "Watcher: metrics of GPUs" }] : [],
  ];
  const capability = [...new Set(named.flatMap((s) => s.capabilities))].sort().map((word) => {
    const offering = named.filter((s) => s.capabilities.includes(word)).map((s) => s.name);
    return { word, about: `capability of ${offering.join(", ")}` };
  });
  const slot = [...new Set(named.flatMap((s) => s.slot ?? []))].sort().map((word) => {
    const members = named.filter((s) => s.slot === word).map((s) => s.name);
    return { word, about: `slot of ${members.join(", ")}` };
  });
  switch (lookup) {
    case "wish":
      return taken.length === 0
        ? unambiguous({ coven, soulstone, capability })
        : untaken(capability, taken);
    case "name":
      return taken.length === 0 ? unambiguous({ coven, soulstone }) : [];
    case "soulstone":
      return taken.length === 0 ? soulstone : [];
    case "shown":
      return taken.length === 0 ? unambiguous({ coven, soulstone, service }) : [];
    case "coven":
      return coven;
    case "slot":
      return slot;
    case "capability":
      return capability;
    case "check":
      return untaken(checks(), taken);
  }
}

function unambiguous(kinds: Readonly<Record<string, readonly Candidate[]>>): Candidate[] {
  const words = Object.values(kinds).flat().map(({ word }) => word);
  const isUnique = (word: string) => words.indexOf(word) === words.lastIndexOf(word);
  return Object.entries(kinds).flatMap(([kind, candidates]) =>
    candidates.map(({ word, about }) => ({
      word: isUnique(word) ? word : `${kind}:${word}`,
      about,
    }))
  );
}

function untaken(candidates: readonly Candidate[], taken: readonly string[]): Candidate[] {
  const bare = taken.map((word) => word.replace(/^capability:/, ""));
  return candidates.filter(({ word }) => !bare.includes(word));
}

/** Returns the groups of checks, then each check. */
function checks(): Candidate[] {
  const groups = [...new Set(CHECKS.map(({ id }) => id.split(".")[0] ?? id))];
  return [
    ...groups.map((word) => ({ word, about: "all checks of this group" })),
    ...CHECKS.map(({ id, about }) => ({ word: id, about })),
  ];
}
