/** The programs of the host that lychd may run: by their places, never by the PATH. */

/** Absolute paths; nothing where a program is not there. */
export interface Programs {
  readonly systemctl: string | undefined;
  readonly systemdAnalyze: string | undefined;
  /** The Quadlet generator. */
  readonly generator: string | undefined;
}

/**
 * Where distributions put them. A PATH can be led astray by a file in front; these folders belong to
 * the system. `deno task compile` allows exactly these.
 */
export const PROGRAM_PLACES: Readonly<Record<keyof Programs, readonly string[]>> = {
  systemctl: ["/usr/bin/systemctl", "/bin/systemctl", "/run/current-system/sw/bin/systemctl"],
  systemdAnalyze: [
    "/usr/bin/systemd-analyze",
    "/bin/systemd-analyze",
    "/run/current-system/sw/bin/systemd-analyze",
  ],
  generator: [
    "/usr/libexec/podman/quadlet",
    "/usr/lib/podman/quadlet",
    "/usr/local/libexec/podman/quadlet",
    "/usr/lib/systemd/user-generators/podman-user-generator",
    "/run/current-system/sw/libexec/podman/quadlet",
  ],
};

/** Finds the programs; `exists` tells whether a file is there. */
export function findPrograms(exists: (path: string) => boolean): Programs {
  const find = (name: keyof Programs) => PROGRAM_PLACES[name].find(exists);
  return {
    systemctl: find("systemctl"),
    systemdAnalyze: find("systemdAnalyze"),
    generator: find("generator"),
  };
}
