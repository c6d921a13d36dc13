import { outputOf } from "../../facts.ts";
import { command } from "../../report/mod.ts";
import { type Check, error, ok, see, skipped, unknown, warning } from "../check.ts";
import { podmanVersionOf } from "../read/podman.ts";
import { GENERATOR_PLACES, generatorOf } from "../read/system.ts";
import { compareVersions, isOlder, readVersion } from "../read/version.ts";
import { remedy } from "../remedies.ts";

/** The checks of the Quadlet generator. */
export const QUADLET_CHECKS: readonly Check[] = [
  {
    id: "quadlet.generator",
    about: "systemd finds the Quadlet generator",
    why: 'without it systemd knows none of lychd\'s units, and only reports "not found"',
    run({ facts }) {
      const version = podmanVersionOf(facts);
      if (version === undefined || isOlder(version, "4.4")) return see("podman.version");
      const { path, isMasked = false } = generatorOf(facts) ?? {};
      const reload = command`systemctl --user daemon-reload`;
      if (path !== undefined) {
        return isMasked
          ? error(`the generator is masked by ${path}`, command`sudo rm ${path} && ${reload}`)
          : ok(path);
      }
      const program = outputOf(facts, "generator-version") !== undefined
        ? facts.commands["generator-version"]?.command.split(" ")[0]
        : undefined;
      return error(
        "none of systemd's user generator folders contains podman-user-generator",
        program === undefined
          ? command`${remedy(facts, "reinstall", { packages: "podman" })} && ${reload}`
          : command`sudo ln -sf ${program} ${GENERATOR_PLACES.at(-1) ?? ""} && ${reload}`,
      );
    },
  },
  {
    id: "quadlet.version",
    about: "the generator has the same version as Podman",
    why: "another version may reject keys that Podman supports, or write options it does not know",
    run({ facts }) {
      const podman = podmanVersionOf(facts);
      const generator = readVersion(outputOf(facts, "generator-version"));
      if (podman === undefined) return skipped("Podman's version is unknown");
      if (generator === undefined) return unknown(facts, "generator-version");
      const shown = generator.join(".");
      return compareVersions(podman, generator) === 0 ? ok(`generator ${shown}`) : warning(
        `the generator has version ${shown}, but Podman has ${podman.join(".")}`,
        remedy(facts, "reinstall", { packages: "podman" }),
      );
    },
  },
];
