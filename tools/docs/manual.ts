import { commandTree, parseCommandLine } from "../../src/cli/tree.ts";
import { commandSpec } from "../../src/cli/spec.ts";
import type { CommandSpec, OptionSpec } from "../../src/core/completion/tree.ts";
import config from "../../deno.json" with { type: "json" };

/** The manual page lychd(1), in man(7): from the command tree and what `--help` says besides. */
export function manualPage(): string {
  const spec = commandSpec(commandTree("", { stdout: "", stderr: "" }, () => {}));
  const exitCodes = sectionOf(helpOf([]), "Exit codes");
  return `.\\" Made by \`deno task docs\` from the command tree.
.TH LYCHD 1 "" "lychd ${config.version}" "User Commands"
.SH NAME
lychd \\- run local inference engines as units of your own systemd
.SH SYNOPSIS
.B lychd
.I command
.RI [ options ]
.SH DESCRIPTION
${paragraphs(DESCRIPTION)}
.SH COMMANDS
${commandsBelow(spec, []).join("\n")}
.SH FILES
${pairs(FILES)}
.SH ENVIRONMENT
${pairs(ENVIRONMENT)}
.SH EXIT STATUS
${pairs(exitCodes.map((line): [string, string] => [line.slice(0, 5).trim(), line.slice(5).trim()]))}
.SH SEE ALSO
.BR podman\\-systemd.unit (5),
.BR systemd.unit (5),
.BR systemctl (1),
.BR podman (1)
`;
}

const DESCRIPTION = `A Codex is a folder of small TOML files. Each top-level table of a file below
soulstones/ is a Soulstone: one inference engine in a container. Soulstones that name the same group
are a Coven and run together; any others exclude each other.

lychd compiles the Codex to Podman Quadlet units for the systemd of the user. Who starts and stops the
engines is systemd: there is no daemon.`;

const FILES: readonly [string, string][] = [
  ["~/.config/lychd/lychd.toml", "What is true for the whole host. It may be left out."],
  ["~/.config/lychd/soulstones/**/*.toml", "The Soulstones."],
  ["~/.config/containers/systemd/lychd/", "The units that lychd writes, and its receipt."],
  ["~/.config/systemd/user/lychd-coven-*.target", "One for each Coven."],
];

const ENVIRONMENT: readonly [string, string][] = [
  ["LYCHD_CODEX", "The Codex, where no --codex is given."],
  ["XDG_CONFIG_HOME", "Where configuration is, instead of ~/.config."],
  ["XDG_RUNTIME_DIR", "Where the session of the user is; units are tried in it."],
  ["NO_COLOR, FORCE_COLOR", "Never colours, or always; else they are for terminals."],
];

/** Each command, and behind it those that are below it. */
function commandsBelow(above: CommandSpec, words: readonly string[]): string[] {
  return above.commands.flatMap((command) => {
    const own = [...words, command.name];
    return [commandText(command, own), ...commandsBelow(command, own)];
  });
}

function commandText(command: CommandSpec, words: readonly string[]): string {
  const help = helpOf(words);
  const usage = /^Usage: lychd (.*)$/m.exec(help)?.[1] ?? words.join(" ");
  const [, notes = ""] = /\n\nExamples:\n[^]*?\n\n([^]*?)\n*\nExit codes:/.exec(help) ?? [];
  return `.SS "${escaped(usage)}"
${paragraphs(command.about)}
${command.options.filter(({ names }) => !names.includes("--help")).map(optionText).join("\n")}
.PP
${paragraphs([prefaceOf(help), notes, "Examples:"].filter((text) => text !== "").join("\n\n"))}
.PP
.EX
${sectionOf(help, "Examples").map((line) => escaped(line)).join("\n")}
.EE`;
}

/** What help says between the options and the examples. */
function prefaceOf(help: string): string {
  const [, text = ""] = /\n {2}-h, --help.*\n\n([^]*?)\n*Examples:/.exec(help) ?? [];
  // Commands below it have sections of their own.
  return text.replace(/^Commands:\n(?: .*\n?)+/m, "").trim();
}

function optionText({ names, about, value }: OptionSpec): string {
  const bold = names.map((name) => `\\fB${escaped(name)}\\fR`).join(", ");
  const placeholder = value === undefined
    ? ""
    : value.isOptional
    ? ` [\\fI${escaped(value.name)}\\fR]`
    : ` \\fI${escaped(value.name)}\\fR`;
  const choices = value?.choices === undefined ? "" : `; one of ${value.choices.join(", ")}`;
  return `.TP\n${bold}${placeholder}\n${lines(`${about}${choices}`)}`;
}

function helpOf(words: readonly string[]): string {
  const parsed = parseCommandLine([...words, "--help"], config.version);
  return parsed.kind === "exit" ? parsed.stdout : "";
}

/** The lines below a title, up to the next empty one. */
function sectionOf(help: string, title: string): string[] {
  const [, text = ""] = new RegExp(`\\n${title}:\\n([^]*?)(?:\\n\\n|\\n?$)`).exec(help) ?? [];
  return text.split("\n");
}

function pairs(entries: readonly (readonly [string, string])[]): string {
  return entries.map(([name, about]) => `.TP\n.B "${escaped(name)}"\n${lines(about)}`).join("\n");
}

function paragraphs(text: string): string {
  return text.split("\n\n").map((paragraph) => lines(paragraph.replaceAll("\n", " "))).join(
    "\n.PP\n",
  );
}

/** Text that begins no line with a control character of roff. */
function lines(text: string): string {
  return escaped(text).replace(/^(?=[.'])/gm, "\\&");
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll('"', "\\(dq");
}
