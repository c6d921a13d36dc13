import { quoted } from "../report/mod.ts";

/** `SOURCE:TARGET[:OPTIONS]`, read. */
export interface Volume {
  /** An absolute path, a path below the home folder without its `~/`, or a named volume. */
  readonly source: { readonly kind: "path" | "home" | "volume"; readonly text: string };
  /** An absolute path in the container. */
  readonly target: string;
  /** What stands behind the second colon, such as `ro,Z`. */
  readonly options: string | undefined;
}

/** The mount options of `podman run --volume`. */
const OPTION =
  /^(?:r[ow]|z|Z|U|O|[sr]?(?:shared|slave|private|unbindable)|r?bind|(?:no)?(?:copy|dev|suid|exec)|idmap(?:=.*)?|upperdir=.*|workdir=.*|size=\d+[kmg]?|mode=\d+|tmpcopyup|notmpcopyup|consistency=\w+|cached|delegated|consistent)$/;

/** What {@linkcode parseVolume} reads, as a pattern of JSON Schema. */
export const VOLUME_PATTERN = (() => {
  const path = "[^:\\p{Cc}]";
  const noUnit = `(?!${path}*\\.(?:volume|image|build):)`;
  const source = `(?:/${path}*|${noUnit}(?:~/${path}*|[A-Za-z0-9][A-Za-z0-9_.-]*))`;
  const option = OPTION.source.replace(/^\^|\$$/g, "").replaceAll(".*", "[^:,\\p{Cc}]*");
  return `^${source}:/${path}+(?::${option}(?:,${option})*)?$`;
})();

/**
 * Reads one entry of `volumes`.
 *
 * Refuses, with the reason: a relative path, a container path that is not absolute, an option that
 * Podman does not know, a `:` inside a path (Podman has no way to write one), and characters that
 * end a line of a unit.
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
  if (/[\u0000-\u001f\u007f]/.test(text)) return { problem: "it holds a control character" };
  const parts = text.split(":");
  const [from, target, options] = parts;
  if (from === undefined || target === undefined) {
    return { problem: "it has no `:` between source and target" };
  }
  if (parts.length > 3) return { problem: "it has more than two `:`" };
  if (!target.startsWith("/")) return { problem: "the target must be an absolute path" };
  if (target === "/") return { problem: "the target cannot be the root folder" };
  const wrong = options?.split(",").find((option) => !OPTION.test(option));
  if (wrong !== undefined) return { problem: `Podman knows no option ${quoted(wrong)}` };
  const source = parseSource(from);
  if (source === undefined) {
    return { problem: "the source must be an absolute path, ~/…, or the name of a volume" };
  }
  return { volume: { source, target, options } };
}

function parseSource(text: string): Volume["source"] | undefined {
  // A source that does not begin with a slash and ends so is a unit of its own to Quadlet.
  if (text.startsWith("~/")) {
    return /\.(?:volume|image|build)$/.test(text)
      ? undefined
      : { kind: "home", text: text.slice(2) };
  }
  if (text.startsWith("/")) return { kind: "path", text };
  return /^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(text) && !/\.(?:volume|image|build)$/.test(text)
    ? { kind: "volume", text }
    : undefined;
}
