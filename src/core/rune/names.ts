/** Below `$XDG_CONFIG_HOME`: where Quadlet looks for units, in a folder of our own. */
export const QUADLET_FOLDER = "containers/systemd/lychd";

/** Below `$XDG_CONFIG_HOME`: where systemd looks for units of the user. */
export const SYSTEMD_FOLDER = "systemd/user";

/** The pod that all containers share: its unit file, and the service Quadlet makes of it. */
export const SEPULCHER = { file: "lychd.pod", service: "lychd-pod.service" } as const;

/** A drop-in that makes the user's session start a Coven. */
export const BOOT_DROP_IN = "default.target.d/lychd.conf";

/** The unit file of a Soulstone, the service Quadlet makes of it, and its container. */
export function soulstoneUnit(name: string): { file: string; service: string; container: string } {
  const container = `soulstone-${name}`;
  return { file: `${container}.container`, service: `${container}.service`, container };
}

/** The systemd target of a Coven. */
export function covenTarget(group: string): string {
  return `lychd-coven-${group}.target`;
}
