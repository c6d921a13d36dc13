import { command } from "../../report/mod.ts";
import { type Check, ok, skipped, warning } from "../check.ts";
import { STANDARD_FOLDERS } from "../read/cdi.ts";
import { hasNvidia } from "../read/gpus.ts";
import { propertiesOf } from "../read/units.ts";
import { generateNvidia } from "./cdi.ts";

/** Whether NVIDIA's toolkit keeps its specification fresh. */
export const CDI_REFRESH: Check = {
  id: "cdi.refresh",
  about: "NVIDIA's toolkit keeps its specification fresh",
  why:
    "else it is stale after the next update of the driver (nvidia-container-toolkit 1.18 and later)",
  run(subject) {
    const { facts } = subject;
    if (!hasNvidia(facts)) return [skipped("there is no NVIDIA driver")];
    const units = propertiesOf(facts, "nvidia-refresh");
    const path = units.get("nvidia-cdi-refresh.path");
    const service = units.get("nvidia-cdi-refresh.service");
    if (path?.get("LoadState") !== "loaded") {
      return [skipped("this toolkit has no nvidia-cdi-refresh.path")];
    }
    if (service?.get("ActiveState") === "failed") {
      return [warning(
        `nvidia-cdi-refresh.service failed (${service.get("Result")})`,
        command`sudo systemctl restart nvidia-cdi-refresh.service`,
        "at boot it can run before the driver is loaded; then there is no specification",
      )];
    }
    if (service?.get("Result") === "exec-condition") {
      return [warning(
        "nvidia-cdi-refresh.service was passed over: its condition did not hold",
        generateNvidia(facts, undefined),
        "it ran before the driver was loaded, and wrote no specification",
      )];
    }
    const state = path.get("UnitFileState");
    const fix =
      command`sudo systemctl enable --now nvidia-cdi-refresh.path nvidia-cdi-refresh.service`;
    if (state !== "enabled") return [warning(`nvidia-cdi-refresh.path is ${state}`, fix)];
    // It writes into the second folder, which Podman 5.5 does not read: cdi.folders tells.
    return [ok(`nvidia-cdi-refresh.path writes ${STANDARD_FOLDERS[1]}/nvidia.yaml`)];
  },
};
