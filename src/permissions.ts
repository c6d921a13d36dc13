import type { Folders } from "./folders.ts";
import type { Invocation } from "./invocation.ts";

/** What a worker may do; everything that is not listed is denied by the runtime. */
export interface Permissions {
  readonly read: readonly string[];
  readonly write: readonly string[];
}

/**
 * The exact permissions of one run: the only place that grants any.
 *
 * - `check` reads the Codex.
 * - `render --dry-run` also reads the folders that it compares with; it cannot write.
 * - `render --output DIR` writes below DIR and nowhere else.
 */
export function permissionsFor(invocation: Invocation, folders: Folders): Permissions {
  switch (invocation.command) {
    case "check":
      return { read: [folders.codex], write: [] };
    case "render":
      return invocation.mode === "dry-run"
        ? { read: [folders.codex, folders.quadlet, folders.systemd], write: [] }
        : { read: [folders.codex, folders.output ?? ""], write: [folders.output ?? ""] };
  }
}

/** As the runtime takes them for a worker. */
export function workerPermissions(permissions: Permissions): Deno.PermissionOptionsObject {
  return {
    read: [...permissions.read],
    write: [...permissions.write],
    net: false,
    env: false,
    run: false,
    ffi: false,
    sys: false,
    import: false,
  };
}
