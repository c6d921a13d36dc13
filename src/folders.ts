import { isAbsolute, join, normalize, resolve } from "node:path/posix";
import { QUADLET_FOLDER, SYSTEMD_FOLDER } from "./core/rune/names.ts";

/** Every folder that a command may touch, absolute. */
export interface Folders {
  readonly codex: string;
  /** How the operator calls the Codex; for messages. */
  readonly codexShown: string;
  /** `$XDG_CONFIG_HOME`. */
  readonly config: string;
  /** Where Quadlet units go. */
  readonly quadlet: string;
  /** Where plain systemd units go. */
  readonly systemd: string;
  /** `render --output`. */
  readonly output: string | undefined;
}

/** What folders are computed from. */
export interface FolderInput {
  readonly env: (name: string) => string | undefined;
  readonly workingFolder: () => string;
  /** The home folder by the user database, for when HOME is not set. */
  readonly homeFolder: () => string | undefined;
  readonly codexOption: string | undefined;
  readonly outputOption: string | undefined;
}

/**
 * Computes the folders of a run from its environment and options. Touches no file.
 *
 * Refuses, with the reason, an environment that names no home folder, and a relative
 * `XDG_CONFIG_HOME`, which the XDG specification forbids.
 */
export function computeFolders(input: FolderInput): { folders: Folders } | { problem: string } {
  const configured = input.env("XDG_CONFIG_HOME") || undefined;
  if (configured !== undefined && !isAbsolute(configured)) {
    return {
      problem: `XDG_CONFIG_HOME is the relative path \`${configured}\`; it must be absolute`,
    };
  }
  const home = input.env("HOME") || input.homeFolder();
  if (configured === undefined && (home === undefined || !isAbsolute(home))) {
    return { problem: "HOME names no absolute folder; set HOME or XDG_CONFIG_HOME" };
  }
  const config = normalize(configured ?? join(home ?? "/", ".config"));
  const codexShown = input.codexOption ?? (input.env("LYCHD_CODEX") || join(config, "lychd"));
  const absolute = (path: string) =>
    isAbsolute(path) ? resolve(path) : resolve(input.workingFolder(), path);
  return {
    folders: {
      codex: absolute(codexShown),
      codexShown: codexShown.replace(/\/+$/, "") || "/",
      config,
      quadlet: join(config, QUADLET_FOLDER),
      systemd: join(config, SYSTEMD_FOLDER),
      output: input.outputOption === undefined ? undefined : absolute(input.outputOption),
    },
  };
}
