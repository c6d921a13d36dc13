import notices from "../../THIRD_PARTY_NOTICES.txt" with { type: "text" };
import { EXIT, type ExitCode } from "../run/invocation.ts";
import type { CommandContext } from "../run/context.ts";

/** `lychd licenses`: prints the license texts of all that is in the binary. */
export function licenses({ terminal }: CommandContext): ExitCode {
  terminal.out(notices);
  return EXIT.ok;
}
