import type { Codex } from "../../codex/mod.ts";
import { GPU_EXPORTER } from "../../rune/mod.ts";
import { says, type Watcher } from "./watcher.ts";

/**
 * The exporter of GPUs of NVIDIA: it runs the `nvidia-smi` that CDI brings into the container, and
 * needs no privilege. It has no health to be asked: without a GPU it runs all the same and says so.
 * Source: utkuozdemir/nvidia_gpu_exporter, docs/INSTALL.md, 1.14.
 */
export function gpuExporterOf(codex: Codex): Watcher {
  const { gpu_exporter } = codex.settings;
  const from = (field: string) => codex.settingsPlaceOf(["gpu_exporter", field]);
  return {
    section: "gpu_exporter",
    names: GPU_EXPORTER,
    description: "LychD GPU exporter",
    facts: {},
    unit: {
      Container: {
        Exec: says(`--web.listen-address=:${gpu_exporter.port}`, from("port")),
        AddDevice: gpu_exporter.devices.flatMap((device) => says(device, from("devices"))),
      },
    },
  };
}
