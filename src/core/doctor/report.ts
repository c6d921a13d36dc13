import { countOf, type Palette, printable, wrap } from "../report/mod.ts";
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

/** The width of the longest state. */
const STATE_WIDTH = "skipped".length;

/** The width of the longest name of a check, `controllers`. */
const NAME_WIDTH = 11;
/** The column in which names start. */
const NAME_INDENT = 2 + STATE_WIDTH + 1;

/**
 * Formats findings for people: by group, in each and among them the worst last, then a summary.
 * Lines are as wide as the terminal at most, except commands, which stay whole so that they can be copied.
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
    `  ${paint(state.padEnd(STATE_WIDTH))} ${name}  ${
      hanging(what, NAME_INDENT + NAME_WIDTH + 2, palette)
    }`,
  ];
  if (fix !== null) {
    lines.push(
      `${indent}${palette.dim("why:")} ${hanging(why, NAME_INDENT + "why: ".length, palette)}`,
    );
    lines.push(`${indent}${palette.dim("fix:")} ${palette.hint(printable(fix))}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Wraps text whose first line continues a line that is `indent` columns long. */
function hanging(text: string, indent: number, { columns }: Palette): string {
  return wrap(printable(text), indent, columns).join("\n").slice(indent);
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
