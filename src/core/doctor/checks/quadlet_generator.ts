import { type Check, error, ok, skipped } from "../check.ts";
import { GENERATOR_PLACES } from "../probes.ts";
import { filesOf } from "../read/files.ts";
import { podmanVersionOf } from "../read/podman.ts";
import { osOf, reinstallCommand } from "../read/os.ts";

/** Whether systemd finds the generator. */
export const QUADLET_GENERATOR: Check = {
  id: "quadlet.generator",
  about: "the Quadlet generator is where systemd looks for it",
  why: "without it systemd knows no unit of lychd, and says only “not found”",
  run({ facts }) {
    if (podmanVersionOf(facts) === undefined) return [skipped("there is no Podman")];
    const places = filesOf(facts, "generator-places");
    // systemd.generator(7): the first folder that has the name counts; a link to /dev/null masks it.
    const first = GENERATOR_PLACES.find((place) => places.has(place));
    if (first !== undefined) {
      return places.get(first)?.kind === "regular file"
        ? [ok(`the generator is ${first}`)]
        : [error(`the generator is masked by ${first}`, `sudo rm ${first}`)];
    }
    const program = generatorProgram(facts.commands["generator-version"]);
    const what = "there is no podman-user-generator in any folder of systemd's user generators";
    return [error(
      what,
      program === undefined
        ? reinstallCommand(osOf(facts), "podman")
        : `sudo ln -s ${program} ${GENERATOR_PLACES[3]} && systemctl --user daemon-reload`,
    )];
  },
};

/** The path of the generator, by the command that asked its version. */
function generatorProgram(fact: { command: string; exit?: number } | undefined) {
  return fact?.exit === 0 ? fact.command.split(" ")[0] : undefined;
}
