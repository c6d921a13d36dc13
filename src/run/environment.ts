/** The environment variables that lychd may read; the compiled binary allows exactly these. */
export const VARIABLES = [
  "HOME",
  "DBUS_SESSION_BUS_ADDRESS",
  "XDG_CONFIG_HOME",
  "XDG_DATA_HOME",
  "XDG_RUNTIME_DIR",
  "LYCHD_CODEX",
  "LYCHD_KEY",
  "NO_COLOR",
  "FORCE_COLOR",
  // The command-line library reads it.
  "CLICOLOR_FORCE",
  "TERM",
  "VISUAL",
  "EDITOR",
  "DENO_WEBGPU_BACKEND",
  "NO_PROXY",
  "no_proxy",
] as const;

/** The name of one of these variables. */
export type Variable = typeof VARIABLES[number];

/** Returns the value of a variable; nothing if it is not set. */
export function readVariable(name: Variable): string | undefined {
  return Deno.env.get(name);
}

/**
 * Keeps WebGPU from loading GPU drivers into this process: the runtime checks no permission for it, and
 * `LD_LIBRARY_PATH` chooses the files. The variable belongs to the process, so no sandbox can undo it.
 */
export function refuseGpuDrivers(): void {
  Deno.env.set("DENO_WEBGPU_BACKEND" satisfies Variable, "none");
}

/**
 * Keeps the proxies of the environment (`HTTP_PROXY`) out of every sandbox: `fetch` of a port that a
 * sandbox may use at this address would connect to the proxy, on any host. No sandbox can undo it.
 */
export function refuseProxies(address = "127.0.0.1"): void {
  const [upper, lower] = [readVariable("NO_PROXY"), readVariable("no_proxy")];
  const set = (name: Variable, value = "") =>
    Deno.env.set(name, [value, address].filter((each) => each !== "").join());
  set("NO_PROXY", upper ?? lower);
  set("no_proxy", lower ?? upper);
}
