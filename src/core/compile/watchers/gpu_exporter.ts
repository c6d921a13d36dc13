import type { Codex } from "../../codex/mod.ts";
import { directive, GPU_EXPORTER } from "../../rune/mod.ts";
import type { Watcher } from "./watcher.ts";

/**
 * Returns the exporter of NVIDIA GPU metrics. It runs the `nvidia-smi` that CDI mounts into the
 * container and needs no privileges. It has no health check, because it also runs without a GPU.
 * Source: utkuozdemir/nvidia_gpu_exporter, docs/INSTALL.md, 1.14.
 */
export function gpuExporterOf(codex: Codex): Watcher {
  const { port, devices } = codex.settings.gpu_exporter;
  const at = (field: string) => codex.settingsPlaceOf(["gpu_exporter", field]);
  return {
    section: "gpu_exporter",
    names: GPU_EXPORTER,
    description: "LychD GPU exporter",
    facts: {},
    unit: {
      Container: {
        Exec: directive(`--web.listen-address=:${port}`, at("port")),
        AddDevice: devices.flatMap((device) => directive(device, at("devices"))),
      },
    },
  };
}
