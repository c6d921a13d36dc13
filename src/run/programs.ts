/** The programs of the host that lychd may run: by their places, never by the PATH. */

/** The programs, by the names that lychd gives them. */
export type ProgramName = keyof typeof PROGRAM_PLACES;

/** Absolute paths; nothing where a program is not there. */
export type Programs = { readonly [name in ProgramName]: string | undefined };

/** Where the distributions put a program of the system, NixOS last. */
function ofSystem(name: string): readonly string[] {
  return [`/usr/bin/${name}`, `/bin/${name}`, `/run/current-system/sw/bin/${name}`];
}

/**
 * Where distributions put them. A PATH can be led astray by a file in front; these folders belong to
 * the system. `deno task compile` allows exactly these.
 */
export const PROGRAM_PLACES = {
  systemctl: ofSystem("systemctl"),
  systemdAnalyze: ofSystem("systemd-analyze"),
  generator: [
    "/usr/libexec/podman/quadlet",
    "/usr/lib/podman/quadlet",
    "/usr/local/libexec/podman/quadlet",
    "/usr/lib/systemd/user-generators/podman-user-generator",
    "/run/current-system/sw/libexec/podman/quadlet",
  ],
  journalctl: ofSystem("journalctl"),
  podman: [...ofSystem("podman"), "/usr/local/bin/podman"],
  nvidiaSmi: [...ofSystem("nvidia-smi"), "/usr/lib/wsl/lib/nvidia-smi"],
  // Deno lets no sandboxed program look at /proc, /sys and /dev; these look for it.
  cat: ofSystem("cat"),
  df: ofSystem("df"),
  grep: ofSystem("grep"),
  id: ofSystem("id"),
  ls: ofSystem("ls"),
  ss: [...ofSystem("ss"), "/usr/sbin/ss"],
  stat: ofSystem("stat"),
  test: ofSystem("test"),
} as const satisfies Record<string, readonly string[]>;

/** Finds the programs; `exists` tells whether a file is there. */
export function findPrograms(exists: (path: string) => boolean): Programs {
  const find = (name: ProgramName) => PROGRAM_PLACES[name].find(exists);
  return Object.fromEntries(
    Object.keys(PROGRAM_PLACES).map((name) => [name, find(name as ProgramName)]),
  ) as Programs;
}
