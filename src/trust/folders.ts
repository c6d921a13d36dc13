/** Folders that lychd writes into: nobody else may have a say in what is in them. */
import { dirname, join } from "node:path/posix";
import { printable, shellWord } from "../core/report/mod.ts";
import { type Foreign, otherWriters } from "./path.ts";
import type { CommandContext } from "../run/context.ts";

/**
 * Why nothing is written to `paths` below `root`: a folder on the way, as far as it is there, leads
 * elsewhere, belongs to somebody else, or somebody else may write to it. `root` itself is not looked
 * at.
 */
export function foreignBelow(
  context: Pick<CommandContext, "host" | "user" | "ownGroups">,
  root: string,
  paths: readonly string[],
): Foreign | undefined {
  for (const folder of new Set(paths.flatMap(foldersAbove))) {
    const foreign = foreignFolder(context, root, folder);
    if (foreign !== undefined) return foreign;
  }
  return undefined;
}

/** The folders above a relative path, each before what is in it. */
function foldersAbove(path: string): string[] {
  const folder = dirname(path);
  return folder === "." ? [] : [...foldersAbove(folder), folder];
}

function foreignFolder(
  { host, user, ownGroups }: Pick<CommandContext, "host" | "user" | "ownGroups">,
  root: string,
  path: string,
): Foreign | undefined {
  const folder = join(root, path);
  const shown = printable(folder);
  const status = host.lstat(folder);
  if (status === undefined) return undefined;
  if (status.kind !== "folder") {
    return {
      problem: `${shown} is a ${status.kind}, and lychd writes through none`,
      hint: `make it a folder of its own (a link in the place of ${
        printable(root)
      } itself is fine)`,
    };
  }
  if (status.owner !== user) {
    return {
      problem: `${shown} belongs to user ${status.owner}, not to ${user}`,
      hint: `sudo chown -R ${user} ${shellWord(folder)}`,
    };
  }
  const others = otherWriters(status, ownGroups);
  return others && {
    problem: `${others.who} may write to ${shown}, and put something else in the place of yours`,
    hint: `chmod ${others.bits} ${shellWord(folder)}`,
  };
}
