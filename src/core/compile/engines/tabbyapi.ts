import { trimEnd } from "../../report/mod.ts";
import { type EngineProfile, type Flag, listenFlags, SERVER } from "./profile.ts";

/**
 * TabbyAPI. Its image runs `python3`, so a command starts with `main.py`; it exports no metrics. It
 * runs ExLlamaV3. Images from before 2026-07-14 also run ExLlamaV2, which was removed then.
 * Source: theroyallab/tabbyAPI, docker/Dockerfile, config_sample.yml and main.py, e632af4.
 */
export const TABBYAPI: EngineProfile = {
  ...SERVER,
  name: "tabbyapi",
  title: "TabbyAPI",
  matches: (repository) => /tabby-?api/i.test(repository),
  head: () => ["main.py"],
  entrypoint: ["python3", "python"],
  flags: (port, model) => [...modelFlags(model), ...listenFlags(port)],
  shmMib: 8192,
};

/** Splits a path: TabbyAPI expects a model as a folder in the model folder. */
function modelFlags(model: string | undefined): Flag[] {
  if (model === undefined) return [];
  const path = trimEnd(model, /\//);
  const cut = path.startsWith("/") ? path.lastIndexOf("/") : -1;
  const name: Flag = { names: ["--model-name"], values: [path.slice(cut + 1)] };
  return cut < 0 ? [name] : [{ names: ["--model-dir"], values: [path.slice(0, cut) || "/"] }, name];
}
