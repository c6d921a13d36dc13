import { basename } from "node:path/posix";

/**
 * The folders in which Quadlet looks for drop-ins of a unit, beside its file, the most special
 * first: of files with one name the first counts. Source: unitfile.go of Podman 5.4.
 *
 * @example
 * ```ts
 * import { dropInFolders } from "./drop_ins.ts";
 * dropInFolders("my-eye.container"); // ["my-eye.container.d", "my-.container.d", "container.d"]
 * ```
 */
export function dropInFolders(file: string): string[] {
  const name = basename(file);
  const kind = /\.[^.]*$/.exec(name)?.[0] ?? "";
  const [stem = "", instance] = name.slice(0, name.length - kind.length).split(/@(.*)/s);
  const parts = stem.split("-");
  const shorter = parts.slice(1).map((_, i) => parts.slice(0, i + 1).join("-")).reverse();
  return [
    `${name}.d`,
    ...instance ? [`${stem}@${kind}.d`] : [],
    ...shorter.map((part) => `${part}-${kind}.d`),
    `${kind.slice(1)}.d`,
  ];
}
