import { command } from "../../report/mod.ts";
import { type Check, ok, skipped, warning } from "../check.ts";
import { podmanInfoOf } from "../read/podman.ts";

/** How Podman keeps images. */
export const PODMAN_STORAGE: Check = {
  id: "podman.storage",
  about: "images are kept by a fast driver",
  why: "the driver vfs copies every layer whole: an image of 10 GB takes many times as much",
  run({ facts }) {
    const store = podmanInfoOf(facts)?.store;
    const driver = store?.graphDriverName;
    if (driver === undefined) return [skipped("see podman.version")];
    if (driver !== "vfs") return [ok(`storage ${driver} in ${store?.graphRoot}`)];
    return [warning(
      `images are kept by the driver vfs in ${store?.graphRoot}`,
      command`podman system reset    # removes all images and containers, and takes overlay`,
    )];
  },
};
