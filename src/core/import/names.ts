import { NAME } from "../codex/mod.ts";
import { trimEnd } from "../report/mod.ts";

/** The most characters that a name may have. */
const LENGTH = 64;

/**
 * A name that a Soulstone or a group may have and nobody has yet, as near to `text` as can be; it is
 * added to `taken`.
 *
 * @example
 * ```ts
 * import { freeName } from "./names.ts";
 * freeName("Qwen/Qwen3:8B", new Set()); // "Qwen-Qwen3-8B"
 * freeName("eye", new Set(["eye"])); // "eye-2"
 * ```
 */
export function freeName(text: string, taken: Set<string>): string {
  const plain = text.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  const base = trimEnd(plain, /-/).slice(0, LENGTH) || "engine";
  let name = base;
  for (let n = 2; taken.has(name) || !NAME.test(name); n++) {
    const tail = `-${n}`;
    name = base.slice(0, LENGTH - tail.length) + tail;
  }
  taken.add(name);
  return name;
}
