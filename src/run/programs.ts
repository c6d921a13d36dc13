/** The programs of the host that lychd may run, by absolute path and never by PATH. */

/** lychd's name for a program. */
export type ProgramName = keyof typeof PROGRAM_PLACES;

/** The absolute paths of the programs that exist. */
export type Programs = { readonly [name in ProgramName]: string | undefined };

/** Returns the places of a system program in the distributions, NixOS last. */
function ofSystem(name: string): readonly string[] {
  return [`/usr/bin/${name}`, `/bin/${name}`, `/run/current-system/sw/bin/${name}`];
}

/** The places of the programs, all in system folders. `deno task compile` allows exactly these. */
export const PROGRAM_PLACES = {
  systemctl: ofSystem("systemctl"),
  systemdAnalyze: ofSystem("systemd-analyze"),
  systemdNotify: ofSystem("systemd-notify"),
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
  // Deno refuses /proc, /sys and /dev to every sandbox; these programs read them.
  cat: ofSystem("cat"),
  df: ofSystem("df"),
  grep: ofSystem("grep"),
  id: ofSystem("id"),
  ls: ofSystem("ls"),
  ss: [...ofSystem("ss"), "/usr/sbin/ss"],
  stat: ofSystem("stat"),
  test: ofSystem("test"),
} as const satisfies Record<string, readonly string[]>;

/** The places of the shell that starts the editor of the operator: only the gate may run it. */
export const SHELL_PLACES = ofSystem("sh");

/** Finds the programs; `exists` returns true if a file exists. */
export function findPrograms(exists: (path: string) => boolean): Programs {
  const find = (name: ProgramName) => PROGRAM_PLACES[name].find(exists);
  return Object.fromEntries(
    Object.keys(PROGRAM_PLACES).map((name) => [name, find(name as ProgramName)]),
  ) as Programs;
}
