/** Reads the limits of the kernel: its settings, the ids that exist on the host, and the quota of keys. */
import { type Facts, linesOf } from "../../facts.ts";

/** The settings that doctor reads, as sysctl(8) names them. */
const SETTINGS = [
  "user.max_user_namespaces",
  // Debian's kernels.
  "kernel.unprivileged_userns_clone",
  "fs.inotify.max_user_instances",
  "fs.inotify.max_user_watches",
] as const;

/** The name of a setting that doctor reads. */
export type KernelSetting = typeof SETTINGS[number];

/** The files whose lines {@linkcode kernelSettingOf} and {@linkcode idRangesOf} read, as `FILE:LINE`. */
export const KERNEL_FILES: readonly string[] = [
  ...SETTINGS.map(pathOf),
  "/proc/self/uid_map",
  "/proc/self/gid_map",
];

function pathOf(setting: KernelSetting): string {
  return `/proc/sys/${setting.replaceAll(".", "/")}`;
}

function linesOfFile(facts: Facts, path: string): string[] {
  return linesOf(facts, "kernel-limits")
    .filter((line) => line.startsWith(`${path}:`)).map((line) =>
      line.slice(path.length + 1).trim()
    );
}

/** Returns the value of a setting; undefined if this kernel does not have it or the facts do not. */
export function kernelSettingOf(facts: Facts, setting: KernelSetting): number | undefined {
  const [text] = linesOfFile(facts, pathOf(setting));
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
}

/** A range of ids. */
export interface IdRange {
  readonly first: number;
  readonly size: number;
}

/** Returns the ids that exist on this host, which may be a container (user_namespaces(7)); undefined if unknown. */
export function idRangesOf(facts: Facts, kind: "uid" | "gid"): readonly IdRange[] | undefined {
  const ranges = linesOfFile(facts, `/proc/self/${kind}_map`).flatMap((line) => {
    const [first, , size] = line.split(/\s+/).map(Number);
    return first === undefined || size === undefined ? [] : [{ first, size }];
  });
  return ranges.length === 0 ? undefined : ranges;
}

/** The kernel keys of the user, and how many there may be. */
export interface KeyQuota {
  readonly keys: number;
  readonly mostKeys: number;
  readonly bytes: number;
  readonly mostBytes: number;
}

/** Reads the user's line of /proc/key-users (keyrings(7)): `1000:  15 14/14 14/200 1234/20000`. */
export function keyQuotaOf(facts: Facts): KeyQuota | undefined {
  const [line = ""] = linesOf(facts, "key-users");
  const [keys, mostKeys, bytes, mostBytes] = line.split(/[\s/]+/).slice(-4).map(Number);
  return keys! >= 0 && mostKeys! >= 0 && bytes! >= 0 && mostBytes! >= 0
    ? { keys: keys!, mostKeys: mostKeys!, bytes: bytes!, mostBytes: mostBytes! }
    : undefined;
}
