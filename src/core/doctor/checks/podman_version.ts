import { whyUnknown } from "../../facts.ts";
import { QUADLET_KEYS, type QuadletGroup } from "../../rune/mod.ts";
import { type Check, error, ok } from "../check.ts";
import { installCommand, type Os, osOf } from "../read/os.ts";
import { podmanVersionOf } from "../read/podman.ts";
import { compareVersions, readVersion, type Version, writeVersion } from "../read/version.ts";

/** The oldest Podman whose Quadlet reads everything that lychd writes. */
const OLDEST: Version = [5, 4, 0];

/** What every set of Runes is made of. */
const WRITTEN: readonly (readonly [QuadletGroup, string])[] = [
  ["Container", "HealthStartupCmd"],
  ["Container", "Pod"],
  ["Container", "StartWithPod"],
  ["Pod", "ShmSize"],
  ["Quadlet", "DefaultDependencies"],
];

/** Whether there is a Podman that can run the units. */
export const PODMAN_VERSION: Check = {
  id: "podman.version",
  about: "Podman is there and new enough",
  why: "its Quadlet generator turns the units into services",
  run({ facts }) {
    const version = podmanVersionOf(facts);
    const os = osOf(facts);
    if (version === undefined) {
      const fact = facts.commands["podman-info"];
      if (fact !== undefined && "failed" in fact && /no answer/.test(fact.failed)) {
        const words = "Podman does not answer in time";
        return [error(words, "podman --log-level=debug info    # shows where it waits")];
      }
      return [error(
        `Podman cannot be run (${whyUnknown(facts, "podman-info")})`,
        installCommand(os, "podman"),
      )];
    }
    if (compareVersions(version, OLDEST) >= 0) return [ok(`Podman ${writeVersion(version)}`)];
    const lacks = WRITTEN.flatMap(([group, key]) => {
      const since = QUADLET_KEYS[group][key]?.since ?? "";
      const needed = readVersion(since);
      return needed !== undefined && compareVersions(version, needed) < 0
        ? [`${group}.${key} (${since})`]
        : [];
    });
    const quadlet = compareVersions(version, [4, 4, 0]) < 0 ? ["Quadlet itself (4.4)"] : [];
    return [error(
      `Podman ${writeVersion(version)} is older than 5.4: it lacks ${
        [...quadlet, ...lacks].join(", ")
      }`,
      upgrade(os),
    )];
  },
};

/** How a distribution comes to Podman 5.4 (its versions: repology.org, 2026-11). */
function upgrade(os: Os): string {
  if (os.id === "debian") return "upgrade to Debian 13 or later: Debian 12 has Podman 4.3";
  if (os.id === "ubuntu") return "sudo do-release-upgrade    # Ubuntu 25.04 and later have it";
  if (os.isImage) return "rpm-ostree upgrade";
  if (os.family.some((id) => id === "fedora" || id === "rhel")) return "sudo dnf upgrade podman";
  if (os.family.includes("arch")) return "sudo pacman -Syu podman";
  if (os.family.some((id) => /suse/.test(id))) return "sudo zypper update podman";
  return installCommand(os, "podman");
}
