/** The format of values, as regular expressions that validators outside of JavaScript support too. */
import { VOLUME_PATTERN } from "./volume.ts";

// One line without white space at either end and without a trailing backslash. Tabs are allowed.
const INSIDE = "(?:[^\\p{Cc}\\u2028\\u2029]|\\t)*";

// Podman reads these words as the form of a health command, and a leading `[` or `"` as JSON.
const KEYWORD = "[Cc][Mm][Dd](?:-[Ss][Hh][Ee][Ll][Ll])?|[Nn][Oo][Nn][Ee]";

/** The name of an environment variable. */
export const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The name of a Podman secret. */
export const SECRET_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,252}$/;

/** An option of `podman run --secret`. */
export const SECRET_OPTION =
  /^(?:type=(?:mount|env)|target=[A-Za-z0-9_./-]+|uid=\d+|gid=\d+|mode=0?[0-7]{3,4})$/;

/** Patterns for the JSON Schema only; `lychd check` tests the same rules and reports the reason. */
export const EDITOR = {
  variable: VARIABLE.source,
  secret: `^${withoutAnchors(SECRET_NAME)}(?:,${withoutAnchors(SECRET_OPTION)})*$`,
  volume: VOLUME_PATTERN,
  line: `^(?!\\s)${INSIDE}[^\\s\\p{Cc}\\\\]$`,
  shellLine: `^(?:none|(?![\\s\\[]|(?:${KEYWORD})(?:\\s|$)|;$)${INSIDE}[^\\s\\p{Cc}\\\\])$`,
} as const;

function withoutAnchors({ source }: RegExp): string {
  return source.replace(/^\^|\$$/g, "");
}
