import type { AnyDeclared, CommandDeclaration } from "../../src/cli/declare.ts";
import { EXIT_MEANINGS } from "../../src/cli/exit.ts";
import { PROGRAM } from "../../src/cli/tree.ts";
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
${commandsBelow(PROGRAM, []).join("\n")}
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

const FILES: readonly [string, string][] = [
  ["~/.config/lychd/lychd.toml", "Settings of the whole host. Optional."],
  ["~/.config/lychd/soulstones/**/*.toml", "The Soulstones."],
  ["~/.config/containers/systemd/lychd/", "The units that lychd writes, and its receipt."],
  ["~/.config/systemd/user/lychd-coven-*.target", "One target for each Coven."],
];

const ENVIRONMENT: readonly [string, string][] = [
  ["LYCHD_CODEX", "The Codex folder, if --codex is not given."],
  ["XDG_CONFIG_HOME", "The folder for configuration, instead of ~/.config."],
  ["XDG_RUNTIME_DIR", "The runtime folder of the user session; lychd verifies units in it."],
  ["NO_COLOR, FORCE_COLOR", "Never or always print colors. By default only on a terminal."],
];

/** Each command, followed by the commands below it. */
function commandsBelow(above: CommandDeclaration, words: readonly string[]): string[] {
  return above.commands.filter(({ isHidden }) => isHidden !== true).flatMap((command) => {
    const own = [...words, command.name];
    return [commandText(command, own), ...commandsBelow(command, own)];
  });
}

function commandText(command: CommandDeclaration, words: readonly string[]): string {
  const { alias, about, details, operands, options, examples, commands } = command;
  const also = alias === undefined ? "" : `\n\nlychd ${alias} is the same command.`;
  const operandFlags = Object.values(operands).map(({ flags }) => flags);
  const usage = [...words, "[options]", ...commands.length > 0 ? ["[command]"] : operandFlags];
  const tags = [
    ...Object.values(operands),
    ...Object.values(options).flatMap((o) => [o, ...o.negation ? [o.negation] : []]),
  ];
  return `.SS "${escaped(usage.join(" "))}"
${paragraphs(`${about}.\n\n${details}`.trimEnd() + also)}
${tags.map((tag) => `${tagText(tag)}\n`).join("")}.PP
Examples:
.PP
.EX
${examples.map((line) => escaped(line)).join("\n")}
.EE`;
}

function tagText({ flags, about, choices, default: byDefault }: AnyDeclared): string {
  const styled = escaped(flags)
    .replace(/(?:\\-)+[a-zA-Z][\w\\-]*/g, "\\fB$&\\fR")
    .replace(/([<[])([^>\]]+)([>\]])/, "$1\\fI$2\\fR$3");
  const more = choices !== undefined
    ? `; one of ${choices.join(", ")}`
    : byDefault !== undefined
    ? ` (default: ${byDefault})`
    : "";
  return `.TP\n${styled}\n${lines(about + more)}`;
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
