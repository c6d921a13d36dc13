import { countOf, type Palette, printable } from "../report/mod.ts";
import type { Check, State } from "./check.ts";

/** What doctor says of one thing. */
export interface HostFinding {
  /** Of the check: `group.name`. */
  readonly id: string;
  readonly state: State;
  /** What is. */
  readonly what: string;
  /** Why it matters. */
  readonly why: string;
  /** The command that mends it; nothing when there is nothing to mend. */
  readonly fix: string | null;
}

/** From the best to the worst: the last lines are those that stay in sight. */
const ORDER: readonly State[] = ["ok", "skipped", "warning", "error"];

const SYMBOLS: Readonly<Record<State, string>> = {
  ok: "✓ ok     ",
  skipped: "– skipped",
  warning: "! warning",
  error: "✗ error  ",
};

const WIDTH = 80;
/** The longest name of a check: controllers. */
const NAME_WIDTH = 11;
/** Where names begin, and what stands below them; where the words of a finding begin. */
const NAME_INDENT = " ".repeat(12);
const WORDS_INDENT = " ".repeat(12 + NAME_WIDTH + 2);

/**
 * The report of a host for people: by group, in each and between them the worst last, then a
 * summary. Lines are at most 80 columns wide, but commands stay whole, to be copied.
 */
export function formatFindings(findings: readonly HostFinding[], palette: Palette): string {
  const groups = new Map<string, HostFinding[]>();
  for (const finding of findings) {
    const name = groupOf(finding);
    groups.set(name, [...groups.get(name) ?? [], finding]);
  }
  const badness = (members: readonly HostFinding[]) =>
    Math.max(...members.map(({ state }) => ORDER.indexOf(state)));
  const blocks = [...groups].sort(([, a], [, b]) => badness(a) - badness(b)).map(
    ([name, members]) => {
      const sorted = [...members].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
      return `${palette.strong(name)}\n${sorted.map((f) => formatFinding(f, palette)).join("")}`;
    },
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
  const lines = [`  ${paint(SYMBOLS[state])} ${name}  ${wrap(printable(what), WORDS_INDENT)}`];
  if (fix !== null) {
    const reason = wrap(printable(why), `${NAME_INDENT}     `);
    lines.push(`${NAME_INDENT}${palette.dim("why:")} ${reason}`);
    lines.push(`${NAME_INDENT}${palette.dim("fix:")} ${palette.hint(printable(fix))}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Breaks words so that they fit behind an indent. */
function wrap(text: string, indent: string): string {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && indent.length + last.length + 1 + word.length <= WIDTH) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines.join(`\n${indent}`);
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

/** Every check with what it asks, by group. */
export function listChecks(checks: readonly Check[], palette: Palette): string {
  const width = Math.max(...checks.map(({ id }) => id.length));
  const groups = [...new Set(checks.map(groupOf))];
  return groups.map((group) => {
    const lines = checks.filter((check) => groupOf(check) === group)
      .map(({ id, about }) => `  ${id.padEnd(width)}  ${about}\n`);
    return `${palette.strong(group)}\n${lines.join("")}`;
  }).join("\n");
}
