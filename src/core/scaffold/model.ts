import { basename, dirname } from "node:path/posix";
import type { EngineName } from "../codex/mod.ts";

/**
 * Returns the model of a Soulstone, and the volume that mounts it into the container. A repository id stays unchanged. For a path of the host, the folder
 * is mounted read-only where the engine expects models. The home folder and the root are never
 * mounted: for a file directly in them, only the file is.
 *
 * Refuses a relative path, which has no meaning in a Codex.
 *
 * @example
 * ```ts
 * import { placeModel } from "./model.ts";
 * const at = { engine: "llamacpp", home: "/home/lich", isSelinuxEnforcing: false } as const;
 * placeModel("/home/lich/models/gpt-oss-20b.gguf", at);
 * // { model: "/models/gpt-oss-20b.gguf", volume: "~/models:/models:ro" }
 * ```
 */
export function placeModel(
  model: string,
  { engine, home, isSelinuxEnforcing }: {
    readonly engine: EngineName;
    readonly home: string | undefined;
    readonly isSelinuxEnforcing: boolean;
  },
): { model: string; volume: string | undefined } | { problem: string } {
  if (engine === "ollama") {
    return /^[.~/]/.test(model)
      ? { problem: "a model of Ollama has a name such as qwen3:8b, not a path" }
      : { model, volume: undefined };
  }
  if (!/^~?\//.test(model)) {
    // A repository id has one `/` and does not end like a file.
    return /^[.~]|\/.*\/|\.gguf$/i.test(model)
      ? { problem: "the path of a model must start with / or ~/" }
      : { model, volume: undefined };
  }
  const path = underHome(model.replace(/\/+$/, ""), home);
  const name = basename(path);
  const folder = dirname(path);
  if (name === "" || path === "~") return { problem: "a model cannot be / or the home folder" };
  const root = engine === "tabbyapi" ? "/app/models" : "/models";
  const options = isSelinuxEnforcing ? "ro,z" : "ro";
  const isWide = folder === "~" || folder === "/";
  return {
    model: `${root}/${name}`,
    volume: isWide ? `${path}:${root}/${name}:${options}` : `${folder}:${root}:${options}`,
  };
}

/** Replaces the home folder with `~`, which is valid on every host. */
function underHome(path: string, home: string | undefined): string {
  if (home === undefined || home === "/") return path;
  return path === home ? "~" : path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}
