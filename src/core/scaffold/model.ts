import { basename, dirname } from "node:path/posix";
import type { EngineName } from "../codex/mod.ts";

/** A model as a Soulstone names it, and the volume that brings it into the container. */
export interface PlacedModel {
  readonly model: string;
  readonly volume: string | undefined;
}

/** Where {@linkcode placeModel} stands. */
export interface ModelPlacing {
  readonly engine: EngineName;
  /** The home folder. */
  readonly home: string | undefined;
  /** Whether a volume must be labelled for containers. */
  readonly isSelinuxEnforcing: boolean;
}

/**
 * Places a model that an operator names: a repository id stays as it is; of a path of the host the
 * folder is mounted, read-only, where the engine looks for models. The home folder itself and the
 * root are never mounted: there it is the file alone.
 *
 * Refuses a relative path, since nobody could know what it is relative to.
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
  { engine, home, isSelinuxEnforcing }: ModelPlacing,
): PlacedModel | { problem: string } {
  // A repository has one `/`, and is no file.
  const isRelative = !/^~?\//.test(model) && /^[.~]|\/.*\/|\.gguf$/i.test(model);
  if (isRelative) {
    return { problem: "a model on this host is named by its whole path: from / or from ~/" };
  }
  if (!/^~?\//.test(model)) return { model, volume: undefined };
  const path = underHome(model.replace(/\/+$/, ""), home);
  const name = basename(path);
  const folder = dirname(path);
  if (name === "" || path === "~") return { problem: "the model is a file, or a folder of files" };
  const root = engine === "tabbyapi" ? "/app/models" : "/models";
  const options = isSelinuxEnforcing ? "ro,z" : "ro";
  const isWide = folder === "~" || folder === "/";
  return {
    model: `${root}/${name}`,
    volume: isWide ? `${path}:${root}/${name}:${options}` : `${folder}:${root}:${options}`,
  };
}

/** A path below the home folder from `~/` on, as a Codex has it on every host. */
function underHome(path: string, home: string | undefined): string {
  if (home === undefined || home === "/") return path;
  return path === home ? "~" : path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}
