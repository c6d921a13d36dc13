import { InvalidArgumentError } from "commander";
import { flag, option } from "./declare.ts";

/** `--json`, for commands that print one value. */
export const JSON_FLAG = flag("--json", "print JSON on stdout");

/** `--codex`, for commands that read the Codex. */
export const CODEX = option(
  "--codex <dir>",
  "the Codex folder (default: $LYCHD_CODEX, otherwise ~/.config/lychd)",
  { read: folder, complete: "folders" },
);

/** The explanation of a wish, for the commands that accept one. */
export const ABOUT_WISHES = `
A wish is the name of a Coven (a group of engines that may run together), the
name of a Soulstone (one engine), or one or more capabilities. If a name is
ambiguous, write coven:NAME, soulstone:NAME or capability:NAME.
`;

/** Reads the name of a folder. */
export function folder(text: string): string {
  if (text === "") throw new InvalidArgumentError("It must be the name of a folder.");
  return text;
}

/** Reads a whole number of seconds. */
export function seconds(text: string): number {
  if (!/^\d{1,5}$/.test(text)) {
    throw new InvalidArgumentError("It must be a whole number of seconds.");
  }
  return Number(text);
}
