/** The reasons why `podman info` fails, by Podman's own words. */
import { type Facts, outputOf } from "../../facts.ts";
import { KILLED_CONTAINERS } from "../../orchestrator/pod.ts";
import { type Command, command } from "../../report/mod.ts";
import { idRangesOf } from "../read/kernel.ts";
import { distributionsOf, filesOf, userOf } from "../read/system.ts";
import { moveStorage, remedy } from "../remedies.ts";

/** A reason why Podman fails. */
interface Failure {
  readonly pattern: RegExp;
  /** The message, if Podman's own words do not help. */
  readonly words?: string;
  readonly why: string;
  readonly fix: (facts: Facts, found: RegExpExecArray) => Command;
}

/** The first match applies: a failure of newuidmap also leaves an "invalid internal status" (podman#21738). */
const FAILURES: readonly Failure[] = [
  {
    // newuidmap(1) of shadow: the range is not that of /etc/subuid.
    pattern: /\bnew[ug]idmap\b.*not allowed/,
    why:
      "/etc/subuid and /etc/subgid do not give the user the ids of the namespace that Podman keeps",
    fix: () => command`podman system migrate    # Podman then reads both files again`,
  },
  {
    pattern: /\bnew[ug]idmap\b.*(?:executable file not found|no such file)/,
    why: "newuidmap and newgidmap give a rootless container its ids",
    fix: (facts) => remedy(facts, "installIdHelpers"),
  },
  {
    // podman#20336, podman#10717, podman#7106. Red Hat 7110510: the setuid bit and a capability together fail too.
    pattern: /\bnew[ug]idmap\b/,
    why:
      "newuidmap and newgidmap need either the setuid bit or a capability: a copied file system loses them, and a mount with nosuid ignores them",
    fix: restoreIdHelpers,
  },
  {
    // rootless_linux.c names the setting that forbids every namespace.
    pattern: /user namespaces are not enabled in \/proc\/sys\/([\w/]+)/,
    why: "a rootless container needs a user namespace, and the kernel allows none",
    fix: (facts, [, path = ""]) => allowAllNamespaces(facts, path.replaceAll("/", ".")),
  },
  {
    // user_namespaces(7), ENOSPC: the limit is reached, and not 0, which the kernel reports as above.
    pattern: /(?:cannot clone|failed to reexec): No space left on device/,
    why:
      "a rootless container needs a user namespace, and the user has as many as the kernel allows",
    fix: (facts) => allowAllNamespaces(facts, "user.max_user_namespaces"),
  },
  {
    // podman#24642: Ubuntu's AppArmor allows namespaces only to /usr/bin/podman.
    pattern: /(?:cannot clone|failed to reexec): (?:Permission denied|Operation not permitted)/,
    why:
      "a rootless container needs a user namespace, and AppArmor does not allow it to this Podman",
    fix: (facts) => allowNamespaces(facts),
  },
  {
    pattern: new RegExp(KILLED_CONTAINERS.message),
    words: KILLED_CONTAINERS.words,
    why: "every command of Podman fails until it forgets them",
    fix: () => KILLED_CONTAINERS.fix,
  },
  {
    // libpod/runtime.go of 6.0.
    pattern: /BoltDB database backend was removed/,
    why: "Podman 6 does not read the database of Podman 4",
    fix: () =>
      command`grep -rl database_backend /etc/containers ~/.config/containers | xargs sudo sed -i '/^ *database_backend/d' && sudo reboot    # Podman then moves it to SQLite`,
  },
  {
    pattern: /BoltDB database exists/,
    why: "Podman 6 does not read the database of Podman 4",
    fix: () => command`sudo reboot    # at its first start Podman then moves it to SQLite`,
  },
  {
    // overlay.go of containers/storage.
    pattern: /not supported over (?!extfs|xfs)\w|network file system with user namespaces/,
    why: "the overlay driver needs a local file system",
    fix: (facts) => moveStorage(facts),
  },
  {
    // podman#24738.
    pattern: /database configuration mismatch|does not match our graph driver/,
    why: "storage.conf has changed since Podman created its database",
    fix: () => command`podman system reset    # removes all images, containers and volumes`,
  },
  {
    pattern: /unable to connect to Podman socket/,
    why: "the environment sends Podman to another machine or a socket that does not answer",
    fix: () => command`unset CONTAINER_HOST CONTAINER_CONNECTION`,
  },
  {
    pattern: /can't stat program|mount_program.*no such file/,
    why: "storage.conf names a program that does not exist",
    fix: () =>
      command`grep -rls mount_program /etc/containers ~/.config/containers | xargs sudo sed -i '/^ *mount_program/d'`,
  },
  {
    pattern: /\/etc\/containers\/\S{1,100}\.(?:conf|json)"?: no such file/,
    why: "a file that comes with Podman's packages is missing",
    fix: (facts) => remedy(facts, "restorePodmanFiles"),
  },
  {
    pattern: /libpod_rootless_lock|lock manager/,
    why: "the locks in shared memory do not fit to the number in containers.conf",
    fix: () => command`podman system renumber`,
  },
  {
    pattern:
      /(?:could not find (?:a working )?"?|default OCI runtime "?)(conmon|netavark|aardvark-dns|crun|runc|pasta)\b/,
    why: "Podman does not run without this program",
    fix: (facts, [, program = ""]) =>
      remedy(facts, "installPackages", { packages: program === "pasta" ? "passt" : program }),
  },
  {
    // podman#10686: fs.inotify.max_user_instances.
    pattern: /too many open files/i,
    why: "the user has no inotify instance left, which Podman and systemd need",
    fix: (facts) =>
      remedy(facts, "kernelSettings", {
        name: "inotify",
        settings: "fs.inotify.max_user_instances=1024",
      }),
  },
  {
    pattern: /no space left on device|disk quota exceeded|unable to open database file/i,
    why: "Podman writes its database at each start",
    fix: () => command`df -h ~ /run/user/$UID /var/tmp    # then free space where it is full`,
  },
  {
    pattern: /\b(?:mkdir|open|stat|chown|lstat) (\/(?!run\/)[^:]+): permission denied/,
    why: "the file is not the user's, for example after `sudo podman`",
    fix: ownFile,
  },
  {
    // containers.conf, storage.conf and registries.conf are TOML, policy.json is not.
    pattern: /(\/[^\s"':]{1,200}\.(?:conf|json))\b|\btoml: /,
    why: "a file of Podman's configuration is not valid",
    fix: (_facts, [, path]) =>
      path === undefined
        ? command`podman --log-level=debug info 2>&1 | grep -i configuration    # correct the last of these files`
        : command`cat --number ${path}    # correct the file`,
  },
];

/** Returns the command that lets the user use a file: only what is at home becomes the user's own. */
function ownFile(facts: Facts, [what = "", path = ""]: RegExpExecArray): Command {
  const file = what.startsWith("mkdir ") ? path.slice(0, path.lastIndexOf("/")) : path;
  const home = facts.environment["HOME"];
  if (home !== undefined && `${file}/`.startsWith(`${home}/`)) {
    return command`sudo chown ${userOf(facts)?.name ?? command`$USER`}: ${file}`;
  }
  if (path.startsWith("/etc/")) return command`sudo chmod a+r ${path}`;
  return /^\/(?:dev|proc|sys)\//.test(path)
    ? command`ls -l ${path}`
    : command`grep -rs graphroot /etc/containers ~/.config/containers    # the storage of a user belongs below the home folder`;
}

/** Returns the command that lets this Podman create user namespaces, and no other program. */
function allowNamespaces(facts: Facts): Command {
  const program = facts.commands["podman-info"]?.command.split(" ")[0] ?? "/usr/bin/podman";
  return remedy(facts, "allowNamespaces", { program });
}

/** The kernel settings that forbid every user namespace if they are 0. */
export const NAMESPACE_SETTINGS = [
  "user.max_user_namespaces",
  "kernel.unprivileged_userns_clone",
] as const;

/** Returns the command that lets users create user namespaces. */
export function allowAllNamespaces(facts: Facts, setting: string): Command {
  const value = setting === "user.max_user_namespaces" ? 15_000 : 1;
  return remedy(facts, "kernelSettings", { name: "namespaces", settings: `${setting}=${value}` });
}

/** Returns the programs that should have the setuid bit, as Debian's do, but have not. */
export function helpersWithoutBit(facts: Facts): readonly string[] {
  return distributionsOf(facts).includes("debian")
    ? [...filesOf(facts, "id-helpers")].filter(([, { mode }]) => (mode & 0o4000) === 0)
      .map(([path]) => path)
    : [];
}

/** Returns the command that gives newuidmap and newgidmap their privilege again. */
export function restoreIdHelpers(facts: Facts): Command {
  const bare = helpersWithoutBit(facts);
  if (bare.length > 0) return command`sudo chmod u+s ${bare}`;
  // In an LXC container they lack ids, not the privilege: Proxmox has kernels of its own.
  const isLxc = idRangesOf(facts, "uid")?.every(({ first, size }) => first + size <= 100_000) ??
    /-pve\b/.test(outputOf(facts, "kernel") ?? "");
  return isLxc ? remedy(facts, "addIdsToLxc") : remedy(facts, "restoreIdHelpers");
}

/** Returns the message, the reason and the fix for the words of a failed `podman info`. */
export function explainFailure(
  facts: Facts,
  words: string,
): { readonly what: string; readonly why: string | undefined; readonly fix: Command } {
  for (const { pattern, words: shown, why, fix } of FAILURES) {
    const found = pattern.exec(words);
    if (found !== null) {
      return { what: shown ?? `\`podman info\` fails: ${words}`, why, fix: fix(facts, found) };
    }
  }
  const fix = command`podman --log-level=debug info    # shows what it does before it fails`;
  return { what: `\`podman info\` fails: ${words}`, why: undefined, fix };
}
