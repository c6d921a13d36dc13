import { isGroupOwned } from "../../compile/mod.ts";
import { type Check, error, ok, skipped } from "../check.ts";
import { installCommand, osOf } from "../read/os.ts";
import { podmanInfoOf } from "../read/podman.ts";
import { readVersion, writeVersion } from "../read/version.ts";

/** The program below Podman that makes containers. */
export const PODMAN_RUNTIME: Check = {
  id: "podman.runtime",
  about: "the OCI runtime hands groups through to containers",
  why: "GPU nodes of AMD and Intel are opened by a group, which only crun keeps in a container",
  run({ facts, wants }) {
    const runtime = podmanInfoOf(facts)?.host?.ociRuntime;
    if (runtime?.name === undefined) return [skipped("see podman.version")];
    const version = readVersion(runtime.version);
    const shown = `${runtime.name}${version === undefined ? "" : ` ${writeVersion(version)}`}`;
    const needsGroups = wants.devices.some(isGroupOwned);
    if (runtime.name === "crun" || !needsGroups) return [ok(`runtime ${shown}`)];
    return [error(`the runtime is ${shown}`, installCommand(osOf(facts), "crun"))];
  },
};
