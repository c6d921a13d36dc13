import { readProperties } from "../../rune/properties.ts";
import { type Facts, linesOf, outputOf } from "../../facts.ts";

/** The editions of Fedora that are images (VARIANT_ID); newer ones also set OSTREE_VERSION. */
const IMAGES = /^(?:silverblue|kinoite|onyx|sericea|coreos|iot|.*-?atomic)$/;

/**
 * Returns the names of the distribution and of those that it is like, from the most to the least specific.
 * First those that concern a host as a whole: `wsl`, `ostree` (packages are layered on an image) and
 * `transactional` (openSUSE's read-only root). Then from os-release(5) `ID-VERSION_ID` and `ID`, `el-9` and
 * `el` for RHEL 9 and its rebuilds, and the words of `ID_LIKE`.
 */
export function distributionsOf(facts: Facts): readonly string[] {
  const values = new Map(
    linesOf(facts, "os-release").flatMap((line) => {
      const found = /^(\w+)=(?:"([^"]*)"|'([^']*)'|(.*))$/.exec(line);
      return found === null ? [] : [[found[1], found[2] ?? found[3] ?? found[4] ?? ""] as const];
    }),
  );
  const get = (key: string) => values.get(key) ?? "";
  const [id, version] = [get("ID"), get("VERSION_ID")];
  const names = [id, ...get("ID_LIKE").split(" ")].filter((name) => name !== "");
  const isEl = names.includes("rhel") || id === "centos" || id === "ol";
  return [
    ...isWsl(facts) ? ["wsl"] : [],
    ...values.has("OSTREE_VERSION") || IMAGES.test(get("VARIANT_ID")) ? ["ostree"] : [],
    ...names.some((name) => /micro/.test(name)) ? ["transactional"] : [],
    `${id}-${version}`,
    id,
    ...isEl ? [`el-${version.split(".")[0]}`, "el"] : [],
    ...names,
    ...isEl ? ["fedora"] : [],
    ...names.some((name) => /suse|micro/.test(name)) ? ["suse"] : [],
  ];
}

/** Returns true if the host runs in the Windows Subsystem for Linux. */
export function isWsl(facts: Facts): boolean {
  return /microsoft/i.test(outputOf(facts, "kernel") ?? "");
}

/** The user who runs lychd. */
export interface User {
  readonly id: number;
  readonly name: string;
  /** The groups of this process. */
  readonly groups: readonly string[];
}

/** Reads `id`: `uid=1000(lich) gid=1000(lich) groups=1000(lich),44(video)`. */
export function userOf(facts: Facts): User | undefined {
  const text = outputOf(facts, "id") ?? "";
  const user = /uid=(\d+)\(([^()]+)\)/.exec(text);
  if (user === null) return undefined;
  return { id: Number(user[1]), name: user[2] ?? "", groups: [...groupsIn(text).values()] };
}

/** Returns the groups in the output of `id`, by their numbers. */
function groupsIn(text: string): ReadonlyMap<string, string> {
  // Names from a directory service may contain spaces.
  const groups = /groups=(.*?)(?: context=.*)?$/.exec(text.trim())?.[1] ?? "";
  return new Map(
    [...groups.matchAll(/(\d+)\(([^()]+)\)/g)].map(([, id = "", name = ""]) => [id, name]),
  );
}

/** Returns the groups that the account of the user has, which a session gets at its start. */
export function accountGroupsOf(facts: Facts): readonly string[] | undefined {
  const text = outputOf(facts, "account");
  return text === undefined ? undefined : [...groupsIn(text).values()];
}

/**
 * Returns the groups of the user's running service manager, and so of engines: those that the account had
 * when it started, which may be at boot. Undefined if they are unknown.
 */
export function managerGroupsOf(facts: Facts): readonly string[] | undefined {
  const text = outputOf(facts, "manager-groups");
  if (text === undefined) return undefined;
  const names = new Map(
    ["id", "account"].flatMap((id) => [...groupsIn(outputOf(facts, id) ?? "")]),
  );
  const own = /gid=\d+\(([^()]+)\)/.exec(outputOf(facts, "account") ?? "")?.[1];
  const ids = text.split(/\s+/).filter((word) => /^\d+$/.test(word));
  return [...own === undefined ? [] : [own], ...ids.map((id) => names.get(id) ?? id)];
}

/** Returns true if lingering is enabled for the user; undefined if that is unknown. */
export function isLingering(facts: Facts): boolean | undefined {
  const fact = facts.commands["linger"];
  const name = userOf(facts)?.name;
  // The folder does not exist until lingering is enabled for a user.
  return fact === undefined || "failed" in fact || name === undefined
    ? undefined
    : fact.stdout.includes(name);
}

/**
 * The pattern of the accounts of people in passwd(5): a number from 1000 to 59999, as login.defs(5) has
 * it, and a shell. Accounts of services have `nologin` or `false`.
 */
export const ACCOUNT_OF_A_PERSON = "^[^:]*:[^:]*:([1-9][0-9]{3}|[1-5][0-9]{4}):.*/[a-z]*sh$";

/** Returns the number of other people with an account on the host. The facts do not contain their names. */
export function otherAccounts(facts: Facts, user: number): number | undefined {
  const fact = facts.commands["accounts"];
  // grep exits with 1 if there is none.
  if (fact === undefined || "failed" in fact || fact.exit > 1) return undefined;
  const count = Number(fact.stdout[0]);
  return user >= 1000 && user < 60_000 ? Math.max(0, count - 1) : count;
}

/** The status of a file, symlinks followed. */
export interface FileFact {
  /** `regular file`, `character special file`, `directory`, `socket` … */
  readonly kind: string;
  /** The permission bits. */
  readonly mode: number;
  readonly owner: number;
  readonly group: string;
  /** The numbers of a device. */
  readonly major: number;
  readonly minor: number;
}

/** The format of `stat` that {@linkcode filesOf} reads; major and minor are hexadecimal. */
export const STAT_FORMAT = "--format=%F|%a|%u|%G|%t|%T|%n";

/** Reads `stat -L` of several paths. A path that does not exist is not in the result. */
export function filesOf(facts: Facts, id: string): ReadonlyMap<string, FileFact> {
  return new Map(
    linesOf(facts, id).flatMap((line) => {
      const [kind = "", mode = "", owner, group = "", major = "", minor = "", ...path] = line
        .split("|");
      if (path.length === 0) return [];
      const numbers = {
        mode: parseInt(mode, 8),
        owner: Number(owner),
        major: parseInt(major, 16),
        minor: parseInt(minor, 16),
      };
      return [[path.join("|"), { kind, group, ...numbers }] as const];
    }),
  );
}

/** Returns true for the name of a network's file system, as `df` or `podman info` prints it. */
export function isNetworkFileSystem(name: string): boolean {
  return /^(?:nfs|cifs|smb|afs|ceph|lustre|gpfs|9p|fuse\.(?:sshfs|gluster)|gluster)/.test(name);
}

/** Returns the properties in a `systemctl show` fact, by unit; those of the manager by the empty name. */
export function propertiesOf(
  facts: Facts,
  id: string,
): ReadonlyMap<string, ReadonlyMap<string, string>> {
  return readProperties(linesOf(facts, id).join("\n"));
}

/** The paths of the user's Quadlet generator in the order of systemd.generator(7), Podman's own last. */
export const GENERATOR_PLACES = ["/run", "/etc", "/usr/local/lib", "/usr/lib"].map((folder) =>
  `${folder}/systemd/user-generators/podman-user-generator`
);

/**
 * Returns the generator that systemd runs for the user: the first of {@linkcode GENERATOR_PLACES} that
 * exists. A symlink to /dev/null masks it.
 */
export function generatorOf(
  facts: Facts,
): { readonly path: string; readonly isMasked: boolean } | undefined {
  const places = filesOf(facts, "generator-places");
  const path = GENERATOR_PLACES.find((place) => places.has(place));
  return path === undefined
    ? undefined
    : { path, isMasked: places.get(path)?.kind !== "regular file" };
}
