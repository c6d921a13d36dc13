import type { Rune } from "../compile/compile.ts";
import { QUADLET_FOLDER } from "../rune/names.ts";
import { isOwnPath } from "./receipt.ts";

/** The file of the current generation, relative to `$XDG_CONFIG_HOME`. */
export const CURRENT_PATH = `${QUADLET_FOLDER}/.lychd-current.json`;
/** The file of the former generation. */
export const FORMER_PATH = `${QUADLET_FOLDER}/.lychd-former.json`;

/** The version of the format. */
const VERSION = 1;

/** The files of one render. */
export type Generation = readonly Rune[];

/** Formats a generation, sorted by path. */
export function formatGeneration(generation: Generation): string {
  const files = Object.fromEntries(
    [...generation].sort((a, b) => a.path < b.path ? -1 : 1)
      .map(({ path, text, mode }) => [path, { text, mode }]),
  );
  return `${JSON.stringify({ lychd: VERSION, files }, null, 2)}\n`;
}

/** Reads a generation, or returns what is wrong with the text. */
export function parseGeneration(text: string): { generation: Generation } | { problem: string } {
  let value: { lychd?: unknown; files?: unknown };
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: "it is not JSON" };
  }
  if (typeof value?.files !== "object" || value.files === null) {
    return { problem: "it is not a generation of lychd" };
  }
  if (value.lychd !== VERSION) {
    return { problem: `it has version ${value.lychd}; this version of lychd reads ${VERSION}` };
  }
  const generation: Rune[] = [];
  for (const [path, entry] of Object.entries(value.files)) {
    if (!isOwnPath(path) || typeof entry?.text !== "string" || typeof entry?.mode !== "number") {
      return { problem: `its entry for ${JSON.stringify(path)} is broken` };
    }
    generation.push({ path, text: entry.text, mode: entry.mode, provenance: new Map() });
  }
  return { generation };
}
