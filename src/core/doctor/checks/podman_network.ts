import { type Check, error, ok, skipped } from "../check.ts";
import { installCommand, osOf } from "../read/os.ts";
import { podmanInfoOf } from "../read/podman.ts";

/** Whether a rootless pod can publish its ports. */
export const PODMAN_NETWORK: Check = {
  id: "podman.network",
  about: "the program of rootless networks is there",
  why: "the pod publishes every engine's port through it, and does not start without",
  run({ facts }) {
    const host = podmanInfoOf(facts)?.host;
    if (host === undefined) return [skipped("see podman.version")];
    // Before 5.0 it is not told, and slirp4netns is the default.
    const name = host.rootlessNetworkCmd ?? "slirp4netns";
    const executable = name === "pasta" ? host.pasta?.executable : host.slirp4netns?.executable;
    if (executable !== undefined && executable !== "") return [ok(`network by ${name}`)];
    return [error(
      `there is no ${name}`,
      installCommand(osOf(facts), name === "pasta" ? "passt" : name),
    )];
  },
};
