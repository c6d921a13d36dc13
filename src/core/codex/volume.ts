import { quoted } from "../report/mod.ts";

/** A parsed `SOURCE:TARGET[:OPTIONS]`. */
export interface Volume {
  /** An absolute path, a path in the home folder (without `~/`), or the name of a volume. */
  readonly source: { readonly kind: "path" | "home" | "volume"; readonly text: string };
  /** An absolute path in the container. */
  readonly target: string;
  /** The part after the second colon, such as `ro,Z`. */
  readonly options: string | undefined;
}

/** The mount options of `podman run --volume`. */
const OPTION =
  /^(?:r[ow]|z|Z|U|O|[sr]?(?:shared|slave|private|unbindable)|r?bind|(?:no)?(?:copy|dev|suid|exec)|idmap(?:=.*)?|upperdir=.*|workdir=.*|size=\d+[kmg]?|mode=\d+|tmpcopyup|notmpcopyup|consistency=\w+|cached|delegated|consistent)$/;

/** The format that {@linkcode parseVolume} accepts, as a pattern for JSON Schema. */
export const VOLUME_PATTERN = (() => {
  const path = "[^:\\p{Cc}]";
  const noUnit = `(?!${path}*\\.(?:volume|image|build):)`;
  const source = `(?:/${path}*|${noUnit}(?:~/${path}*|[A-Za-z0-9][A-Za-z0-9_.-]*))`;
  const option = OPTION.source.replace(/^\^|\$$/g, "").replaceAll(".*", "[^:,\\p{Cc}]*");
  return `^${source}:/${path}+(?::${option}(?:,${option})*)?$`;
})();

/**
 * Parses an entry of `volumes`. Refuses relative paths, unknown options, a `:` inside a path (Podman
 * cannot escape one) and control characters.
 *
 * @example
 * ```ts
 * import { parseVolume } from "./volume.ts";
 * parseVolume("~/models:/models:ro");
 * // { volume: { source: { kind: "home", text: "models" }, target: "/models", options: "ro" } }
 * parseVolume("models:models"); // { problem: "the target must be an absolute path" }
 * ```
 */
export function parseVolume(text: string): { volume: Volume } | { problem: string } {
  // deno-lint-ignore no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(text)) return { problem: "it contains a control character" };
  const parts = text.split(":");
  const [from, target, options] = parts;
  if (from === undefined || target === undefined) {
    return { problem: "`:` between source and target is missing" };
  }
  if (parts.length > 3) return { problem: "it contains more than two `:`" };
  if (!target.startsWith("/")) return { problem: "the target must be an absolute path" };
  if (target === "/") return { problem: "the target must not be the root folder" };
  const wrong = options?.split(",").find((option) => !OPTION.test(option));
  if (wrong !== undefined) return { problem: `Podman has no option ${quoted(wrong)}` };
  const source = parseSource(from);
  if (source === undefined) {
    return { problem: "the source must be an absolute path, ~/..., or the name of a volume" };
  }
  return { volume: { source, target, options } };
}

function parseSource(text: string): Volume["source"] | undefined {
  if (text.startsWith("/")) return { kind: "path", text };
  // Quadlet reads a relative source with such a suffix as a reference to another unit.
  if (/\.(?:volume|image|build)$/.test(text)) return undefined;
  if (text.startsWith("~/")) return { kind: "home", text: text.slice(2) };
  return /^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(text) ? { kind: "volume", text } : undefined;
}
