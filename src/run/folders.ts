import { dirname, isAbsolute, join, normalize, resolve } from "node:path/posix";
import { dropInFolders, QUADLET_FOLDER, SYSTEMD_FOLDER, VESSEL } from "../core/rune/names.ts";
import type { Variable } from "./environment.ts";
import { Refusal } from "./refusal.ts";

/** A file to import. */
export interface ImportPath {
  /** The path as the operator typed it. */
  readonly shown: string;
  readonly path: string;
  /** The folders of drop-ins for a unit of that name, the most specific first. */
  readonly dropIns: readonly string[];
}

/** Every folder that a command may use, absolute and without symlinks. */
export interface Folders {
  readonly codex: string;
  /** True if an option or a variable names the Codex. */
  readonly isCodexNamed: boolean;
  /** The Codex as the operator calls it, for messages. */
  readonly codexShown: string;
  /** The same folders before symlinks are resolved. */
  readonly named: {
    readonly config: string;
    readonly codex: string;
    readonly runtime: string | undefined;
    readonly output: string | undefined;
  };
  /** `$XDG_CONFIG_HOME`. */
  readonly config: string;
  /** The folder of lychd's Quadlet units. */
  readonly quadlet: string;
  /** The folder of plain systemd units. */
  readonly systemd: string;
  /** `render --output`, `import --output`. */
  readonly output: string | undefined;
  /** `doctor --facts FILE`. */
  readonly facts: string | undefined;
  /** The files of `import`. */
  readonly imports: readonly ImportPath[];
  /** `$XDG_RUNTIME_DIR`; undefined outside of a session. */
  readonly runtime: string | undefined;
  /** The folder of the user's systemd. */
  readonly manager: string;
  /** The folder where units are tried before they are written; undefined outside of a session. */
  readonly stage: string | undefined;
  /** The folder of the front door while it runs; undefined outside of a session. */
  readonly vessel: string | undefined;
  /** The other folders where Quadlet looks for units of this user, recursively. */
  readonly otherQuadlet: readonly string[];
  /** The other folders where systemd looks for units of this user. */
  readonly otherSystemd: readonly string[];
}

/**
 * Returns the folders between `$XDG_CONFIG_HOME` and those that lychd writes to. No sandbox may read
 * them: `containers` holds Podman's registry passwords.
 */
export function foldersAbove({ config, quadlet, systemd }: Folders): string[] {
  const above = new Set<string>();
  for (const folder of [quadlet, systemd]) {
    for (let at = dirname(folder); at.startsWith(`${config}/`); at = dirname(at)) above.add(at);
  }
  return [...above];
}

/** The input of {@linkcode computeFolders}. */
export interface FolderInput {
  readonly env: (name: Variable) => string | undefined;
  readonly workingFolder: () => string;
  /**
   * Resolves symlinks. The runtime compares a path literally with the granted ones and then follows
   * symlinks: a symlink in a granted folder grants its target too. So commands check every folder
   * before they write through it.
   */
  readonly realPath: (path: string) => string;
  /** Returns the home folder of the user database, if HOME is not set. */
  readonly homeFolder: () => string | undefined;
  readonly user: number;
  readonly codexOption?: string | undefined;
  readonly outputOption?: string | undefined;
  readonly factsOption?: string | undefined;
  readonly importOptions?: readonly string[] | undefined;
}

/**
 * Computes the folders of a run from its environment and options. Refuses an environment without a
 * home folder, and relative XDG folders, which the XDG specification forbids.
 */
export function computeFolders(input: FolderInput): Folders {
  const { env, realPath } = input;
  const absolute = (path: string) =>
    isAbsolute(path) ? resolve(path) : resolve(input.workingFolder(), path);
  const configHome = absoluteVariable(env, "XDG_CONFIG_HOME");
  const home = env("HOME") || input.homeFolder();
  if (configHome === undefined && (home === undefined || !isAbsolute(home))) {
    throw new Refusal("HOME is not an absolute folder; set HOME or XDG_CONFIG_HOME");
  }
  const configNamed = normalize(configHome ?? join(home ?? "/", ".config"));
  const config = realPath(configNamed);
  const session = absoluteVariable(env, "XDG_RUNTIME_DIR");
  const runtime = session && realPath(session);
  const data = absoluteVariable(env, "XDG_DATA_HOME") ?? (home && join(home, ".local/share"));
  const codexNamed = input.codexOption ?? (env("LYCHD_CODEX") || undefined);
  const codexShown = codexNamed ?? join(config, "lychd");
  const option = (path: string | undefined) => path === undefined ? undefined : absolute(path);
  const output = option(input.outputOption);
  const below = (folder: string | undefined, path: string) =>
    folder === undefined ? [] : [join(folder, path)];
  return {
    codex: absolute(codexShown),
    isCodexNamed: codexNamed !== undefined,
    codexShown: codexShown.replace(/\/+$/, "") || "/",
    named: {
      config: configNamed,
      codex: codexNamed === undefined ? join(configNamed, "lychd") : absolute(codexNamed),
      runtime: session,
      output,
    },
    config,
    quadlet: join(config, QUADLET_FOLDER),
    systemd: join(config, SYSTEMD_FOLDER),
    output: output && realPath(output),
    facts: option(input.factsOption),
    imports: (input.importOptions ?? []).map((shown) => {
      const path = absolute(shown);
      return { shown, path, dropIns: dropInFolders(path).map((name) => join(path, "..", name)) };
    }),
    runtime,
    // sd-login(3): the folder of a session, whether or not the variable is set.
    manager: join(runtime ?? `/run/user/${input.user}`, "systemd"),
    // One for each configuration folder, since the lock between runs is in there.
    stage: runtime && join(runtime, "lychd", `stage-${hashOf(config)}`),
    vessel: runtime && join(runtime, VESSEL.runtimeFolder),
    // podman-systemd.unit(5), rootless unit search path.
    otherQuadlet: [
      ...below(runtime, "containers/systemd"),
      join(config, "containers/systemd"),
      `/etc/containers/systemd/users/${input.user}`,
      "/etc/containers/systemd/users",
    ],
    // systemd-analyze --user unit-paths, without the folders of generators and of systemd itself.
    otherSystemd: [
      join(config, "systemd/user.control"),
      ...below(runtime, "systemd/user.control"),
      join(config, "systemd/user"),
      "/etc/xdg/systemd/user",
      "/etc/systemd/user",
      ...below(runtime, "systemd/user"),
      "/run/systemd/user",
      ...below(data, "systemd/user"),
      "/usr/local/share/systemd/user",
      "/usr/share/systemd/user",
      "/usr/local/lib/systemd/user",
      "/usr/lib/systemd/user",
    ],
  };
}

function absoluteVariable(env: FolderInput["env"], name: Variable): string | undefined {
  const value = env(name) || undefined;
  if (value === undefined || isAbsolute(value)) return value;
  throw new Refusal(`${name} is the relative path \`${value}\`; it must be absolute`);
}

/** Returns the 64-bit FNV-1a hash of a path: `node:crypto` would take longer to load. */
function hashOf(path: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(path)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, "0");
}
