/** The programs of the host that lychd may run: by their places, never by the PATH. */

/**
 * Where distributions put them. A PATH can be led astray by a file in front; these folders belong to
 * the system. `deno task compile` allows exactly these.
 */
export const PROGRAM_PLACES = {
  systemctl: ["/usr/bin/systemctl", "/bin/systemctl", "/run/current-system/sw/bin/systemctl"],
  systemdAnalyze: [
    "/usr/bin/systemd-analyze",
    "/bin/systemd-analyze",
    "/run/current-system/sw/bin/systemd-analyze",
  ],
  /** The Quadlet generator. */
  generator: [
    "/usr/libexec/podman/quadlet",
    "/usr/lib/podman/quadlet",
    "/usr/local/libexec/podman/quadlet",
    "/usr/lib/systemd/user-generators/podman-user-generator",
    "/run/current-system/sw/libexec/podman/quadlet",
  ],
  journalctl: ["/usr/bin/journalctl", "/bin/journalctl", "/run/current-system/sw/bin/journalctl"],
  nvidiaSmi: ["/usr/bin/nvidia-smi", "/bin/nvidia-smi", "/run/current-system/sw/bin/nvidia-smi"],
  /** Reads the kernel's counters below /sys, which the runtime lets no sandbox read itself. */
  grep: ["/usr/bin/grep", "/bin/grep", "/run/current-system/sw/bin/grep"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** What lychd calls a program. */
export type ProgramName = keyof typeof PROGRAM_PLACES;

/** Absolute paths; nothing where a program is not there. */
export type Programs = Readonly<Partial<Record<ProgramName, string | undefined>>>;

/** Finds the programs; `exists` tells whether a file is there. */
export function findPrograms(exists: (path: string) => boolean): Programs {
  return Object.fromEntries(
    Object.entries(PROGRAM_PLACES).map(([name, places]) => [name, places.find(exists)]),
  );
}
