/** Reads SELinux: its mode, the booleans of its policy, and the labels of files. */
import type { Soulstone } from "../../codex/mod.ts";
import { type Facts, linesOf, outputOf } from "../../facts.ts";
import { appliedConfs } from "./cdi.ts";
import { type FileFact, userOf } from "./system.ts";

/** Returns the mode of SELinux; undefined if it is not enabled. */
export function selinuxModeOf(facts: Facts): "enforcing" | "permissive" | undefined {
  const enforce = outputOf(facts, "selinux")?.trim();
  return enforce === undefined ? undefined : enforce === "1" ? "enforcing" : "permissive";
}

/** The folder with one file for each boolean of the policy. */
const BOOLEANS = "/sys/fs/selinux/booleans";

/** The booleans that let containers use a file system which stores no labels, by the type of its files. */
const BOOLEAN_OF_FILE_SYSTEM: Readonly<Record<string, string>> = {
  nfs_t: "virt_use_nfs",
  cifs_t: "virt_use_samba",
  cephfs_t: "container_use_cephfs",
  ecryptfs_t: "container_use_ecryptfs",
};

/** Came 11 days after the rule that lets containers use /dev/kfd (container-selinux 2.239 and 2.240). */
const AFTER_KFD = "container_modify_selinux_labels";

/** The files of the booleans that doctor reads. */
export const BOOLEAN_FILES: readonly string[] = [
  "container_use_xserver_devices",
  "container_use_dri_devices",
  AFTER_KFD,
  ...Object.values(BOOLEAN_OF_FILE_SYSTEM),
].map((name) => `${BOOLEANS}/${name}`);

/**
 * Returns the state of a boolean: `unknown` if the facts do not include it, `absent` if the policy has
 * none of that name. Reads the current and the pending value: `…/NAME:1 1`.
 */
function booleanOf(facts: Facts, name: string): "on" | "off" | "absent" | "unknown" {
  if (facts.commands["selinux-booleans"] === undefined) return "unknown";
  const start = `${BOOLEANS}/${name}:`;
  const line = linesOf(facts, "selinux-booleans").find((text) => text.startsWith(start));
  return line === undefined ? "absent" : line.startsWith(`${start}1`) ? "on" : "off";
}

/**
 * Returns the boolean that must be on, so that containers may use a device; undefined if they may. The
 * caller knows that `container_use_devices`, which allows every device, is off.
 *
 * Source: container.te of container-selinux. NVIDIA's boolean exists since 2.232, the one for /dev/dri
 * since 2.223, on by default since 2.226; /dev/kfd is allowed since 2.239.
 */
export function lackingBoolean(facts: Facts, device: string): string | undefined {
  const needed = /^(?:nvidia\.com\/|\/dev\/nvidia)/.test(device)
    ? "container_use_xserver_devices"
    : /^(?:amd\.com\/|intel\.com\/|\/dev\/dri(?:[/:]|$))/.test(device)
    ? "container_use_dri_devices"
    : undefined;
  const isKfd = /^(?:amd\.com\/|\/dev\/kfd(?::|$))/.test(device);
  if (isKfd && !allowsKfd(facts) || !isKfd && needed === undefined) return "container_use_devices";
  if (needed === undefined) return undefined;
  const state = booleanOf(facts, needed);
  if (state === "absent") return "container_use_devices";
  const isOn = state === "on" || state === "unknown" && needed === "container_use_dri_devices";
  return isOn ? undefined : needed;
}

/** Without the booleans, only the policy of Enterprise Linux may be too old. */
function allowsKfd(facts: Facts): boolean {
  const state = booleanOf(facts, AFTER_KFD);
  return state === "unknown"
    ? !linesOf(facts, "os-release").some((line) => /^ID(?:_LIKE)?=.*\b(?:rhel|centos)\b/.test(line))
    : state !== "absent";
}

/** The SELinux label of a file. */
export interface Label {
  /** `USER:ROLE:TYPE:LEVEL`. */
  readonly context: string;
  readonly type: string;
  /** True if it has categories, so that only the container with the same ones may use the file. */
  readonly isPrivate: boolean;
}

/** The format of `stat` that {@linkcode labelsOf} reads. */
export const LABEL_FORMAT = "--format=%C|%n";

/**
 * Returns the labels of paths, from lines `USER:ROLE:TYPE:LEVEL|PATH`. The level may be missing, or have
 * categories: `s0:c1,c2`. A file without a label has `?`.
 */
export function labelsOf(facts: Facts): ReadonlyMap<string, Label> {
  return new Map(
    linesOf(facts, "selinux-labels").flatMap((line) => {
      const cut = line.indexOf("|");
      const context = line.slice(0, Math.max(cut, 0));
      const [, , type = "", ...level] = context.split(":");
      return type === ""
        ? []
        : [[line.slice(cut + 1), { context, type, isPrivate: level.length > 1 }] as const];
    }),
  );
}

/**
 * The types of files that each container may read: those for containers, those of the system's own
 * programs and settings (`base_ro_file_type` of selinux-policy, which every domain may read), and those of
 * FUSE. `svirt_sandbox_file_t` and `container_share_t` are older names of the first two.
 */
const READABLE_TYPES = new Set(
  ("container_file_t container_ro_file_t svirt_sandbox_file_t container_share_t " +
    "usr_t etc_t lib_t bin_t src_t textrel_shlib_t system_conf_t fusefs_t hugetlbfs_t").split(" "),
);

/** The types of file systems that store no labels and have no boolean: exFAT, FAT, NTFS and ISO 9660. */
const TYPES_WITHOUT_LABELS = new Set(["dosfs_t", "iso9660_t"]);

/** Returns true if the file system stores labels. Otherwise the option `z` of a volume does nothing. */
export function storesLabels({ type }: Label): boolean {
  return BOOLEAN_OF_FILE_SYSTEM[type] === undefined && !TYPES_WITHOUT_LABELS.has(type) &&
    type !== "fusefs_t";
}

/** The reason why SELinux denies containers a file. */
export type Denial =
  | { readonly reason: "type" | "categories" | "file-system" }
  /** A boolean would allow it. */
  | { readonly reason: "boolean"; readonly name: string };

/** Returns the reason why SELinux denies containers a file with a label; undefined if it does not. */
export function denialOf(facts: Facts, { type, isPrivate }: Label): Denial | undefined {
  const name = BOOLEAN_OF_FILE_SYSTEM[type];
  if (name !== undefined) {
    return booleanOf(facts, name) === "on" ? undefined : { reason: "boolean", name };
  }
  if (TYPES_WITHOUT_LABELS.has(type)) return { reason: "file-system" };
  if (!READABLE_TYPES.has(type)) return { reason: "type" };
  return isPrivate ? { reason: "categories" } : undefined;
}

/** Returns true if the policy labels new files below `path` so that containers may read them. */
export function isReadableByDefault(path: string, home = ""): boolean {
  const ofContainers = `${home}/.local/share/containers/storage/volumes/`;
  return /^\/(?:usr|etc|opt|srv\/containers|var\/srv\/containers)\/./.test(`${path}/.`) ||
    home !== "" && (path.startsWith(ofContainers) ||
        `${path}/`.startsWith(`${home}/.local/share/ramalama/`));
}

/** The paths that Podman refuses to label (opencontainers/selinux, `chcon`), and the user's home folder. */
const NEVER_LABELED = new Set(
  ("/ /bin /boot /dev /etc /etc/passwd /etc/pki /etc/shadow /home /lib /lib64 /media /opt /proc /root " +
    "/run /sbin /srv /sys /tmp /usr /var /var/lib /var/log").split(" "),
);

/** Returns true if Podman refuses to label `path`, although its volume has the option `z` or `Z`. */
export function isNeverLabeled(path: string, home: string | undefined): boolean {
  const folder = path.length > 1 ? path.replace(/\/$/, "") : path;
  return folder === home || NEVER_LABELED.has(folder);
}

/** Matches the line of containers.conf(5) that turns labels on or off. */
export const LABEL_LINE = "^[[:space:]]*label[[:space:]]*=";

/** Returns true if containers.conf turns labels off for all containers. The last file wins. */
export function isLabelingOff(facts: Facts): boolean {
  const lines = linesOf(facts, "containers-label").flatMap((line) => {
    const [, file, value] = /^(\/[^:]*):\s*label\s*=\s*(\w+)/.exec(line) ?? [];
    return file === undefined ? [] : [{ file, value }];
  });
  const [last] = appliedConfs(facts, lines.map(({ file }) => file)).slice(-1);
  return lines.findLast(({ file }) => file === last)?.value === "false";
}

/** Returns true if SELinux confines the container of a unit with the `quadlet` table. */
export function isConfined({ quadlet }: Pick<Soulstone, "quadlet">): boolean {
  const { SecurityLabelDisable, SecurityLabelType, PodmanArgs } = quadlet["Container"] ?? {};
  const words = [PodmanArgs ?? []].flat().join(" ");
  return SecurityLabelDisable !== true && SecurityLabelType !== "spc_t" &&
    !/--privileged(?!=false)|label[=:](?:disable|type:spc_t)\b/.test(words);
}

/** Subordinate ids of users start here. Podman may label their files, too. */
const FIRST_SUBORDINATE_ID = 100_000;

/** Returns true if Podman may label a file: only its owner may, and Podman runs as the user. */
export function mayLabel(facts: Facts, { owner }: FileFact): boolean {
  return owner === userOf(facts)?.id || owner >= FIRST_SUBORDINATE_ID;
}
