import { trimEnd } from "../../report/mod.ts";
import type { EngineProfile, Flag } from "./profile.ts";

/**
 * TabbyAPI: its image runs `python3`, so a command begins with `main.py`; it exports no metrics.
 * It runs ExLlamaV3, and ExLlamaV2 by an image digest from before 2026-07-14, when that was removed.
 * Source: theroyallab/tabbyAPI, docker/Dockerfile, config_sample.yml and main.py, e632af4.
 */
export const TABBYAPI: EngineProfile = {
  name: "tabbyapi",
  title: "TabbyAPI",
  matches: (repository) => /tabby-?api/i.test(repository),
  head: () => ["main.py"],
  entrypoint: ["python3", "python"],
  flags: (port, model) => [
    ...modelFlags(model),
    { names: ["--host"], values: ["0.0.0.0"] },
    { names: ["--port"], values: [String(port)] },
  ],
  portFlag: "--port",
  needsModel: false,
  needsGpu: () => true,
  healthPath: "/health",
  metricsPath: () => undefined,
  metricsNeedKey: () => false,
  caches: () => [],
  shmMib: 8192,
  startTimeoutSeconds: 900,
};

/** A model is a folder below the model folder, so a path is cut in two. */
function modelFlags(model: string | undefined): Flag[] {
  if (model === undefined) return [];
  const path = trimEnd(model, /\//);
  const cut = path.startsWith("/") ? path.lastIndexOf("/") : -1;
  const name: Flag = { names: ["--model-name"], values: [path.slice(cut + 1)] };
  return cut < 0 ? [name] : [{ names: ["--model-dir"], values: [path.slice(0, cut) || "/"] }, name];
}
