/** The variables of the environment that the program may use; the seal allows exactly these. */
export const VARIABLES = [
  "HOME",
  "DBUS_SESSION_BUS_ADDRESS",
  "XDG_CONFIG_HOME",
  "XDG_DATA_HOME",
  "XDG_RUNTIME_DIR",
  "LYCHD_CODEX",
  "NO_COLOR",
  "FORCE_COLOR",
  // The library of the command line looks at it.
  "CLICOLOR_FORCE",
  "TERM",
  "DENO_WEBGPU_BACKEND",
] as const;

/** The name of one of them. */
export type Variable = typeof VARIABLES[number];

/** What a variable says; nothing where it is not set. */
export function readVariable(name: Variable): string | undefined {
  return Deno.env.get(name);
}

/**
 * Keeps WebGPU from loading the drivers of GPUs into this process: the runtime asks for no permission
 * to do so, and whoever sets `LD_LIBRARY_PATH` chooses what is loaded. It is of the process, so that no
 * sandbox, nor one that a sandbox starts, can take it back.
 */
export function refuseGpuDrivers(): void {
  Deno.env.set("DENO_WEBGPU_BACKEND" satisfies Variable, "none");
}
