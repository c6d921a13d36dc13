import type { Fact } from "../../facts.ts";
import { command } from "../../report/mod.ts";
import { type Check, error, ok, skipped } from "../check.ts";
import { GENERATOR_PLACES } from "../probes.ts";
import { generatorOf } from "../read/generator.ts";
import { osOf, reinstallCommand } from "../read/os.ts";
import { podmanVersionOf } from "../read/podman.ts";
import { compareVersions } from "../read/version.ts";

/** Whether systemd finds the generator. */
export const QUADLET_GENERATOR: Check = {
  id: "quadlet.generator",
  about: "the Quadlet generator is where systemd looks for it",
  why: "without it systemd knows no unit of lychd, and says only “not found”",
  run({ facts }) {
    const version = podmanVersionOf(facts);
    if (version === undefined) return [skipped("see podman.version")];
    if (compareVersions(version, [4, 4, 0]) < 0) return [skipped("see podman.version")];
    const generator = generatorOf(facts);
    const reload = command`systemctl --user daemon-reload`;
    if (generator?.isMasked === true) {
      const { path } = generator;
      return [error(`the generator is masked by ${path}`, command`sudo rm ${path} && ${reload}`)];
    }
    if (generator !== undefined) return [ok(`the generator is ${generator.path}`)];
    const program = placeOf(facts.commands["generator-version"]);
    const last = GENERATOR_PLACES.at(-1) ?? "";
    return [error(
      "no folder of systemd's user generators has podman-user-generator",
      program === undefined
        ? command`${reinstallCommand(osOf(facts), "podman")} && ${reload}`
        : command`sudo ln -sf ${program} ${last} && ${reload}`,
    )];
  },
};

/** The path of the generator, by the command that asked its version. */
function placeOf(fact: Fact | undefined): string | undefined {
  return fact !== undefined && "exit" in fact && fact.exit === 0
    ? fact.command.split(" ")[0]
    : undefined;
}
