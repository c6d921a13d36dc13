import { type Facts, whyUnknown } from "../../facts.ts";
import { type Command, command } from "../../report/mod.ts";
import { QUADLET_KEYS, type QuadletGroup } from "../../rune/mod.ts";
import { type Check, error, ok, skipped, type Verdict } from "../check.ts";
import { installCommand, type Os, osOf, upgradeCommand } from "../read/os.ts";
import { OLDEST_PODMAN, podmanVersionOf } from "../read/podman.ts";
import { compareVersions, readVersion, writeVersion } from "../read/version.ts";
import { hasWrongSession } from "./systemd.ts";

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
    if (podmanVersionOf(facts) === undefined && !isMissing(facts) && hasWrongSession(facts)) {
      return [skipped("see systemd.session")];
    }
    const version = podmanVersionOf(facts);
    const os = osOf(facts);
    if (version === undefined) {
      return [unusable(facts)];
    }
    if (compareVersions(version, OLDEST_PODMAN) >= 0) {
      return [ok(`Podman ${writeVersion(version)}`)];
    }
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

function isMissing(facts: Facts): boolean {
  const fact = facts.commands["podman-info"];
  return fact !== undefined && "failed" in fact && /no such program/.test(fact.failed);
}

function unusable(facts: Facts): Verdict {
  const fact = facts.commands["podman-info"];
  if (fact === undefined || isMissing(facts)) {
    return error("there is no Podman", installCommand(osOf(facts), "podman"));
  }
  return "failed" in fact
    ? error(
      "Podman does not answer in time",
      command`podman --log-level=debug info    # shows where it waits`,
    )
    : error(
      `it fails: ${whyUnknown(facts, "podman-info")}`,
      command`podman --log-level=debug info`,
    );
}

/** How a distribution comes to Podman 5.4: Debian 13, Ubuntu 25.04 and Fedora 42 have it. */
function upgrade(os: Os): Command {
  if (os.isImage || os.id === "debian" || os.id === "ubuntu") return upgradeCommand(os);
  if (os.family.some((id) => id === "fedora" || id === "rhel")) {
    return command`sudo dnf upgrade podman`;
  }
  if (os.family.includes("arch")) return command`sudo pacman -Syu podman`;
  if (os.family.some((id) => /suse/.test(id))) return command`sudo zypper update podman`;
  return installCommand(os, "podman");
}
