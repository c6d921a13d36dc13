import { QUADLET_KEYS, type QuadletGroup } from "../../rune/mod.ts";
import { command, countOf } from "../../report/mod.ts";
import { type Check, error, ok, skipped } from "../check.ts";
import { podmanVersionOf } from "../read/podman.ts";
import { compareVersions, readVersion, writeVersion } from "../read/version.ts";

/** Whether this Podman knows what the Codex passes through. */
export const CODEX_KEYS: Check = {
  id: "codex.keys",
  about: "this Podman knows every key that the Codex passes through",
  why: "a generator that does not know a key leaves the whole unit out",
  run({ facts, codex }) {
    if (codex.kind === "none") return [skipped(codex.reason)];
    const version = podmanVersionOf(facts);
    if (version === undefined) return [skipped("Podman's version is not known")];
    const keys = codex.codex.soulstones.flatMap((s) =>
      Object.entries(s.quadlet).flatMap(([section, values]) =>
        Object.keys(values).map((key) => ({ soulstone: s.name, section, key }))
      )
    );
    if (keys.length === 0) return [skipped("the Codex passes none through")];
    const verdicts = keys.flatMap(({ soulstone, section, key }) => {
      const since = QUADLET_KEYS[section as QuadletGroup]?.[key]?.since;
      const needed = readVersion(since);
      return needed !== undefined && compareVersions(version, needed) < 0
        ? [error(
          `${soulstone}: ${section}.${key} came with Podman ${since}, here is ${
            writeVersion(version)
          }`,
          command`lychd check    # then give it by PodmanArgs= in quadlet.${section}`,
        )]
        : [];
    });
    return verdicts.length > 0 ? verdicts : [ok(`Podman knows ${countOf(keys.length, "key")}`)];
  },
};
