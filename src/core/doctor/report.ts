import { countOf, type Palette, printable, WIDTH, wrap } from "../report/mod.ts";
import type { Check, State } from "./check.ts";

/** A finding of doctor about one thing. */
export interface HostFinding {
  /** The id of the check: `group.name`. */
  readonly id: string;
  readonly state: State;
  readonly what: string;
  /** The reason why it matters. */
  readonly why: string;
  /** The command that fixes it; null if there is nothing to fix. */
  readonly fix: string | null;
}

/** From best to worst, because the last lines stay visible. */
const ORDER: readonly State[] = ["ok", "skipped", "warning", "error"];

const SYMBOLS: Readonly<Record<State, string>> = {
  ok: "✓ ok     ",
  skipped: "– skipped",
  warning: "! warning",
  error: "✗ error  ",
};

/** The width of the longest name of a check, `controllers`. */
const NAME_WIDTH = 11;
/** The column in which names start. */
const NAME_INDENT = 12;

/**
 * Formats findings for people: by group, in each and among them the worst last, then a summary.
 * Lines are at most 80 columns wide, except commands, which stay whole so that they can be copied.
 */
export function formatFindings(findings: readonly HostFinding[], palette: Palette): string {
  const badness = ({ state }: HostFinding) => ORDER.indexOf(state);
  const blocks = [...Map.groupBy(findings, groupOf)]
    .map(([name, members]) => ({ name, members: members.sort((a, b) => badness(a) - badness(b)) }))
    .sort((a, b) => badness(a.members.at(-1)!) - badness(b.members.at(-1)!))
    .map(({ name, members }) =>
      `${palette.strong(name)}\n${members.map((f) => formatFinding(f, palette)).join("")}`
    );
  return `${blocks.join("\n")}\n${summary(findings)}\n`;
}

function groupOf({ id }: { readonly id: string }): string {
  return id.slice(0, id.indexOf("."));
}

function formatFinding({ id, state, what, why, fix }: HostFinding, palette: Palette): string {
  const paint = {
    ok: palette.added,
    skipped: palette.dim,
    warning: palette.warning,
    error: palette.error,
  }[state];
  const name = id.slice(id.indexOf(".") + 1).padEnd(NAME_WIDTH);
  const indent = " ".repeat(NAME_INDENT);
  const lines = [
    `  ${paint(SYMBOLS[state])} ${name}  ${hanging(what, NAME_INDENT + NAME_WIDTH + 2)}`,
  ];
  if (fix !== null) {
    lines.push(`${indent}${palette.dim("why:")} ${hanging(why, NAME_INDENT + "why: ".length)}`);
    lines.push(`${indent}${palette.dim("fix:")} ${palette.hint(printable(fix))}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Wraps text whose first line continues a line that is `indent` columns long. */
function hanging(text: string, indent: number): string {
  return wrap(printable(text), indent, WIDTH).join("\n").slice(indent);
}

function summary(findings: readonly HostFinding[]): string {
  const count = (state: State) => findings.filter((finding) => finding.state === state).length;
  return [
    `${count("ok")} ok`,
    `${count("skipped")} skipped`,
    countOf(count("warning"), "warning"),
    countOf(count("error"), "error"),
  ].join(", ");
}

/** Lists every check with its statement, by group. */
export function listChecks(checks: readonly Check[], palette: Palette): string {
  const width = Math.max(...checks.map(({ id }) => id.length));
  return [...Map.groupBy(checks, groupOf)].map(([group, members]) => {
    const lines = members.map(({ id, about }) => `  ${id.padEnd(width)}  ${about}\n`);
    return `${palette.strong(group)}\n${lines.join("")}`;
  }).join("\n");
}
