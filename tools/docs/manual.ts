import type { AnyDeclared } from "../../src/cli/declare.ts";
import { EXIT_MEANINGS } from "../../src/cli/exit.ts";
import { PROGRAM } from "../../src/cli/tree.ts";
import { type NamedCommand, shownCommands, tagAbout, tagsOf, usageOf } from "./commands.ts";
import { ENVIRONMENT, FILES } from "./environment.ts";
import config from "../../deno.json" with { type: "json" };

/** Returns the manual page lychd(1), in man(7), made from the declarations of the commands. */
export function manualPage(): string {
  return `.\\" Made by \`deno task docs\` from the command tree.
.TH LYCHD 1 "" "lychd ${config.version}" "User Commands"
.SH NAME
lychd \\- ${lines(PROGRAM.about.replace(/^R/, "r"))}
.SH SYNOPSIS
.B lychd
.I command
.RI [ options ]
.SH DESCRIPTION
${paragraphs(PROGRAM.details)}
.SH COMMANDS
${shownCommands().map(commandText).join("\n")}
.SH FILES
${pairs(FILES)}
.SH ENVIRONMENT
${pairs(ENVIRONMENT)}
.SH EXIT STATUS
${pairs(Object.entries(EXIT_MEANINGS))}
.SH SEE ALSO
.BR podman\\-systemd.unit (5),
.BR systemd.unit (5),
.BR systemctl (1),
.BR podman (1)
`;
}

function commandText(named: NamedCommand): string {
  const { command } = named;
  const { alias, about, details, examples } = command;
  const also = alias === undefined ? "" : `\n\nlychd ${alias} is the same command.`;
  return `.SS "${escaped(usageOf(named))}"
${paragraphs(`${about}.\n\n${details}`.trimEnd() + also)}
${tagsOf(command).map((tag) => `${tagText(tag)}\n`).join("")}.PP
Examples:
.PP
.EX
${examples.map((line) => escaped(line)).join("\n")}
.EE`;
}

function tagText(tag: AnyDeclared): string {
  const styled = escaped(tag.flags)
    .replace(/(?:\\-)+[a-zA-Z][\w\\-]*/g, "\\fB$&\\fR")
    .replace(/([<[])([^>\]]+)([>\]])/, "$1\\fI$2\\fR$3");
  return `.TP\n${styled}\n${lines(tagAbout(tag))}`;
}

function pairs(entries: readonly (readonly [string, string])[]): string {
  return entries.map(([name, about]) => `.TP\n.B "${escaped(name)}"\n${lines(about)}`).join("\n");
}

function paragraphs(text: string): string {
  return text.split("\n\n").map((paragraph) => lines(paragraph.replaceAll("\n", " "))).join(
    "\n.PP\n",
  );
}

/** Escapes a text, also at the start of a line, where roff reads `.` and `'` as a request. */
function lines(text: string): string {
  return escaped(text).replace(/^(?=[.'])/gm, "\\&");
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll('"', "\\(dq");
}
