/**
 * How values are written, for editors alone: `lychd check` refuses all that these refuse, and says
 * why. The words are those that validators outside of JavaScript understand too.
 */
import { VOLUME_PATTERN } from "./volume.ts";

// One line without white space at its ends or a backslash at its end; tabs may stand in it.
const INSIDE = "(?:[^\\p{Cc}\\u2028\\u2029]|\\t)*";

// What Podman reads as a list or a keyword is no line for a shell.
const KEYWORD = "[Cc][Mm][Dd](?:-[Ss][Hh][Ee][Ll][Ll])?|[Nn][Oo][Nn][Ee]";

/** The name of an environment variable. */
export const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The name of a Podman secret. */
export const SECRET_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,252}$/;

/** An option of `podman run --secret`. */
export const SECRET_OPTION =
  /^(?:type=(?:mount|env)|target=[A-Za-z0-9_./-]+|uid=\d+|gid=\d+|mode=0?[0-7]{3,4})$/;

/** Patterns of JSON Schema, by what they are of. */
export const WRITTEN = {
  variable: VARIABLE.source,
  secret: `^${bare(SECRET_NAME)}(?:,${bare(SECRET_OPTION)})*$`,
  volume: VOLUME_PATTERN,
  line: `^(?!\\s)${INSIDE}[^\\s\\p{Cc}\\\\]$`,
  shellLine: `^(?:none|(?![\\s"\\[]|(?:${KEYWORD})(?:\\s|$)|;$)${INSIDE}[^\\s\\p{Cc}\\\\"])$`,
} as const;

/** A pattern without its ends. */
function bare({ source }: RegExp): string {
  return source.replace(/^\^|\$$/g, "");
}
