import { printable } from "./core/report/printable.ts";
import type { Folders } from "./folders.ts";

/**
 * Why units cannot be written into these folders: one that stands above them belongs to somebody else,
 * who could put another in their place. A sandbox cannot look at it without seeing all that is in it.
 *
 * `ownerOf` tells whose a folder is; nothing where there is none.
 */
export function foreignFolder(
  folders: Folders,
  user: number,
  ownerOf: (path: string) => number | undefined,
): string | undefined {
  for (
    const [variable, folder] of [
      ["XDG_CONFIG_HOME", folders.config],
      ["XDG_RUNTIME_DIR", folders.runtime],
    ] as const
  ) {
    const owner = folder === undefined ? undefined : ownerOf(folder);
    if (folder === undefined || owner === undefined || owner === user) continue;
    const path = printable(folder);
    return `${path} (${variable}) belongs to user ${owner}, not to ${user}; nothing was changed`;
  }
  return undefined;
}
