import { outputOf, whyUnknown } from "../../facts.ts";
import { type Check, ok, skipped, warning } from "../check.ts";
import { osOf, reinstallCommand } from "../read/os.ts";
import { podmanVersionOf } from "../read/podman.ts";
import { compareVersions, readVersion, writeVersion } from "../read/version.ts";

/** Whether Podman and its generator are of one version. */
export const QUADLET_VERSION: Check = {
  id: "quadlet.version",
  about: "the generator is of Podman's own version",
  why: "another generator refuses keys that Podman takes, or writes options that it does not know",
  run({ facts }) {
    const podman = podmanVersionOf(facts);
    const quadlet = readVersion(outputOf(facts, "generator-version"));
    if (podman === undefined) return [skipped("Podman's version is not known")];
    if (quadlet === undefined) return [skipped(whyUnknown(facts, "generator-version"))];
    if (compareVersions(podman, quadlet) === 0) return [ok(`generator ${writeVersion(quadlet)}`)];
    return [warning(
      `the generator is ${writeVersion(quadlet)}, Podman is ${writeVersion(podman)}`,
      reinstallCommand(osOf(facts), "podman"),
    )];
  },
};
