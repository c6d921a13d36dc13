import { dirname, isAbsolute, join, normalize, resolve } from "node:path/posix";
import { dropInFolders } from "../core/rune/drop_ins.ts";
import { QUADLET_FOLDER, SYSTEMD_FOLDER } from "../core/rune/names.ts";
import type { Variable } from "./environment.ts";

/** A file to import. */
export interface ImportPath {
  /** How the operator calls it. */
  readonly shown: string;
  readonly path: string;
  /** Where drop-ins of a unit would be, the most special first. */
  readonly dropIns: readonly string[];
}

/** Every folder that a command may touch, absolute. */
export interface Folders {
  readonly codex: string;
  /** Whether the operator named it, by option or variable. */
  readonly isCodexNamed: boolean;
  /** How the operator calls the Codex; for messages. */
  readonly codexShown: string;
  /** The ways by which these are reached, links not followed. */
  readonly named: {
    readonly config: string;
    readonly codex: string;
    readonly runtime: string | undefined;
    readonly output: string | undefined;
  };
  /** `$XDG_CONFIG_HOME`. */
  readonly config: string;
  /** Where Quadlet units go. */
  readonly quadlet: string;
  /** Where plain systemd units go. */
  readonly systemd: string;
  /** `render --output`, `import --output`. */
  readonly output: string | undefined;
  /** `doctor --facts FILE`. */
  readonly facts: string | undefined;
  /** The files of `import`. */
  readonly imports: readonly ImportPath[];
  /** `$XDG_RUNTIME_DIR`; nothing outside of a session. */
  readonly runtime: string | undefined;
  /** Where units are tried before they are written; nothing outside of a session. */
  readonly stage: string | undefined;
  /** Other folders in which Quadlet looks for units of this user, and those below them. */
  readonly otherQuadlet: readonly string[];
  /** Other folders in which systemd looks for units of this user. */
  readonly otherSystemd: readonly string[];
}

/**
 * The folders above those that lychd writes to, up to that of the configuration. No sandbox may read
 * them: `containers` holds Podman's passwords for registries.
 */
export function foldersAbove({ config, quadlet, systemd }: Folders): string[] {
  const above = [quadlet, systemd].flatMap((leaf) => {
    const folders: string[] = [];
    for (let at = dirname(leaf); at.startsWith(`${config}/`); at = dirname(at)) folders.push(at);
    return folders;
  });
  return [...new Set(above)];
}

/** What folders are computed from. */
export interface FolderInput {
  readonly env: (name: Variable) => string | undefined;
  readonly workingFolder: () => string;
  /**
   * The path without links: permissions are granted for it. The runtime compares the path that is
   * asked for with the one that was granted, and follows links below it: what a link in a granted
   * folder leads to is granted too. So commands look at every folder before they write through it.
   */
  readonly realPath: (path: string) => string;
  /** The home folder by the user database, for when HOME is not set. */
  readonly homeFolder: () => string | undefined;
  /** The number of the user. */
  readonly user: number;
  readonly codexOption: string | undefined;
  readonly outputOption: string | undefined;
  readonly factsOption: string | undefined;
  readonly importOptions?: readonly string[];
}

/**
 * Computes the folders of a run from its environment and options.
 *
 * Refuses, with the reason, an environment that names no home folder, and a relative
 * `XDG_CONFIG_HOME`, `XDG_RUNTIME_DIR` or `XDG_DATA_HOME`, which the XDG specification forbids.
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
  const configNamed = normalize(configured ?? join(home ?? "/", ".config"));
  const config = input.realPath(configNamed);
  const session = input.env("XDG_RUNTIME_DIR") || undefined;
  if (session !== undefined && !isAbsolute(session)) {
    return { problem: `XDG_RUNTIME_DIR is the relative path \`${session}\`; it must be absolute` };
  }
  const runtime = session === undefined ? undefined : input.realPath(session);
  const named = input.env("XDG_DATA_HOME") || undefined;
  if (named !== undefined && !isAbsolute(named)) {
    return { problem: `XDG_DATA_HOME is the relative path \`${named}\`; it must be absolute` };
  }
  const data = named ??
    (home === undefined ? undefined : join(home, ".local/share"));
  const codexNamed = input.codexOption ?? (input.env("LYCHD_CODEX") || undefined);
  const codexShown = codexNamed ?? join(config, "lychd");
  const absolute = (path: string) =>
    isAbsolute(path) ? resolve(path) : resolve(input.workingFolder(), path);
  const output = input.outputOption === undefined ? undefined : absolute(input.outputOption);
  return {
    folders: {
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
      output: output === undefined ? undefined : input.realPath(output),
      facts: input.factsOption === undefined ? undefined : absolute(input.factsOption),
      imports: (input.importOptions ?? []).map((shown) => {
        const path = absolute(shown);
        return { shown, path, dropIns: dropInFolders(path).map((name) => join(path, "..", name)) };
      }),
      runtime,
      // One for each configuration: the lock that keeps runs apart is in there, not here.
      stage: runtime === undefined ? undefined : join(
        runtime,
        "lychd",
        `stage-${fnv1a(config)}`,
      ),
      // podman-systemd.unit(5), rootless unit search path.
      otherQuadlet: [
        ...runtime === undefined ? [] : [join(runtime, "containers/systemd")],
        join(config, "containers/systemd"),
        `/etc/containers/systemd/users/${input.user}`,
        "/etc/containers/systemd/users",
      ],
      // systemd-analyze --user unit-paths, without what generators and the manager itself write.
      otherSystemd: [
        join(config, "systemd/user.control"),
        ...runtime === undefined ? [] : [join(runtime, "systemd/user.control")],
        join(config, "systemd/user"),
        "/etc/xdg/systemd/user",
        "/etc/systemd/user",
        ...runtime === undefined ? [] : [join(runtime, "systemd/user")],
        "/run/systemd/user",
        ...data === undefined ? [] : [join(data, "systemd/user")],
        "/usr/local/share/systemd/user",
        "/usr/share/systemd/user",
        "/usr/local/lib/systemd/user",
        "/usr/lib/systemd/user",
      ],
    },
  };
}

/** Returns the 64-bit FNV-1a hash of a path. `node:crypto` would take longer to load than all of this. */
function fnv1a(path: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(path)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, "0");
}
