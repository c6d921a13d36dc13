import type { ReadCodex } from "./read.ts";

/**
 * Returns the file that defines a Soulstone or a Portal, by its path below the Codex. A file with an error of syntax
 * has no tables, so the header of the table is looked for in its text.
 *
 * @example
 * ```ts
 * import { fileOf } from "./file_of.ts";
 * const sources = new Map([["soulstones/eye.toml", "[eye\nport = 1\n"]]);
 * fileOf("eye", { codex: { soulstones: [] }, sources }); // "soulstones/eye.toml"
 * ```
 */
export function fileOf(
  soulstone: string,
  { codex, sources }: {
    readonly codex: {
      readonly soulstones: readonly { readonly name: string; readonly file: string }[];
    } | undefined;
    readonly sources: ReadCodex["sources"];
  },
): string | undefined {
  const found = codex?.soulstones.find(({ name }) => name === soulstone);
  if (found !== undefined) return found.file;
  const portal = `portals/${soulstone}.toml`;
  if (sources.has(portal)) return portal;
  return [...sources].find(([path, text]) =>
    path.startsWith("soulstones/") && hasHeader(text, soulstone)
  )
    ?.[0];
}

function hasHeader(text: string, name: string): boolean {
  const headers = text.matchAll(/^[ \t]*\[[ \t]*["']?([A-Za-z0-9_-]+)/gm);
  return headers.some(([, found]) => found === name);
}
