/** The text of `lychd top`. */
import type { EndedRequest, Sample, Status } from "../core/api/schema.ts";
import type { Palette } from "../core/report/palette.ts";
import { printable } from "../core/report/printable.ts";
import { tableLines } from "../core/report/table.ts";

/** The messages of the front door so far. */
export interface TopView {
  readonly status: Status | undefined;
  readonly sample: Sample | undefined;
  /** Newest first. */
  readonly requests: readonly EndedRequest[];
  /** The reason why the front door sends nothing now. */
  readonly offline: string | undefined;
}

/** The screen, and what is chosen on it. */
export interface TopOptions {
  readonly url: string;
  readonly columns: number;
  readonly rows: number;
  readonly palette: Palette;
  /** The Soulstone that keys refer to. */
  readonly selected: string | undefined;
  /** The lines at the bottom: a question, or the keys. */
  readonly footer: readonly string[];
  readonly nowMilliseconds: number;
}

/** The lines of the head, the table and a blank line that a long footer leaves. */
const LEAST_ABOVE = 6;

/** Returns the lines of the screen: no more and no longer than fit. */
export function topLines(view: TopView, options: TopOptions): string[] {
  const { rows, palette } = options;
  const footer = shortened(options.footer, rows - LEAST_ABOVE);
  const space = Math.max(0, rows - footer.length - 1);
  const head = headLines(view, options).slice(0, Math.max(1, space - LEAST_ABOVE / 2));
  const [title, ...soulstones] = soulstoneLines(view.status, options);
  const visible = around(soulstones, Math.max(0, space - head.length - 1));
  const body = [...head, ...title === undefined ? [] : [title.line], ...visible];
  const ended = requestLines(view.requests, options).map((line) => [undefined, line] as const);
  const free = space - body.length - 1;
  const blank = [undefined, ""] as const;
  const shown = free < 2 || view.requests.length === 0
    ? body
    : [...body, blank, ...ended.slice(0, free)];
  return [
    ...shown.slice(0, space),
    blank,
    ...footer.map((line) => [palette.hint, line] as const),
  ].slice(-rows).map(([paint, line]) => {
    const cut = printable(line).slice(0, options.columns);
    return paint === undefined ? cut : paint(cut);
  });
}

/** Leaves out lines before the last one, which names the keys, if there are more than `most`. */
function shortened(lines: readonly string[], most: number): readonly string[] {
  if (lines.length <= Math.max(2, most)) return lines;
  const first = lines.slice(0, Math.max(0, most - 2));
  const left = lines.length - 1 - first.length;
  return [...first, `... and ${left} more lines; lychd plan shows all`, ...lines.slice(-1)];
}

/** Returns as many lines as fit around the one that is chosen. */
function around(lines: readonly SoulstoneLine[], most: number): Line[] {
  const chosen = lines.findIndex(({ isChosen }) => isChosen);
  const first = Math.max(0, Math.min(chosen - Math.floor(most / 2), lines.length - most));
  return lines.slice(first, first + most).map(({ line }) => line);
}

function headLines({ status, sample, offline }: TopView, { url, palette }: TopOptions): Line[] {
  const counts = sample === undefined ? "" : `  ${rateText(sample)}`;
  const phase = offline === undefined ? status?.phase ?? "connecting" : "offline";
  return [
    [palette.strong, `${url}  ${phase}${counts}`],
    ...offline === undefined ? [] : [[palette.error, offline] as const],
    ...swapLines(status).map((line) => [palette.warning, line] as const),
    ...(status?.portals ?? []).flatMap(({ name, problem }) =>
      problem === null ? [] : [[palette.error, `Portal ${name}: ${problem.why}`] as const]
    ),
    ...(sample?.gpus ?? []).map((gpu) => [undefined, gpuText(gpu)] as const),
    [undefined, ""],
  ];
}

/** A line, and its colour. */
type Line = readonly [paint: ((text: string) => string) | undefined, text: string];

interface SoulstoneLine {
  readonly line: Line;
  readonly isChosen: boolean;
}

function soulstoneLines(status: Status | undefined, options: TopOptions): SoulstoneLine[] {
  const { palette, selected, nowMilliseconds, columns } = options;
  const soulstones = status?.soulstones ?? [];
  const rows = soulstones.map((each) => [
    `${each.name === selected ? ">" : " "} ${each.name}`,
    each.state,
    each.since === null ? "" : durationText(nowMilliseconds - Date.parse(each.since)),
    each.vram_used_mib === null
      ? `${each.vram_mib ?? "?"} MiB`
      : `${each.vram_used_mib}/${each.vram_mib ?? "?"} MiB`,
    each.under_way + each.waiting === 0 ? "" : `${each.under_way} + ${each.waiting}`,
    each.covens.join(" "),
  ]);
  const title = ["  SOULSTONE", "STATE", "SINCE", "VRAM", "REQUESTS", "COVENS"];
  const fitted = [5, 0].reduce((all, i) => fitColumn(all, i, columns), [title, ...rows]);
  const [first = "", ...lines] = tableLines(fitted);
  const part = (line: Line, isChosen = false) => ({ line, isChosen });
  return [
    part([palette.strong, first]),
    ...soulstones.flatMap(({ name, state, problem }, i) => [
      part([paintOf(state, palette), lines[i] ?? ""], name === selected),
      ...problem === null ? [] : [part([palette.error, `    ${problem.why}: ${problem.command}`])],
    ]),
  ];
}

/** The width that a column of names keeps. */
const LEAST_NAME = 12;

/** Shortens the cells of a column so that the rows are no longer than `columns`, if it is long. */
function fitColumn(rows: string[][], index: number, columns: number): string[][] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const others = widths.reduce((sum, width, i) => sum + (i === index ? 0 : width + 2), 0);
  const most = Math.max(LEAST_NAME, columns - others);
  return rows.map((row) =>
    row.map((cell, i) => i === index && cell.length > most ? `${cell.slice(0, most - 1)}…` : cell)
  );
}

function paintOf(state: string, palette: Palette): Line[0] {
  switch (state) {
    case "ready":
      return palette.added;
    case "down":
      return undefined;
    case "crashed":
      return palette.error;
    default:
      return palette.warning;
  }
}

function swapLines(status: Status | undefined): string[] {
  const swap = status?.swap;
  if (swap === null || swap === undefined) return [];
  const parts = swap.phases.map(({ phase, soulstones, seconds }) =>
    `${phase} ${soulstones.join(", ")}${seconds === null ? "" : ` ${seconds.toFixed(1)} s`}`
  );
  const { estimate_seconds: seconds } = swap;
  const left = seconds === 0 ? "longer than usual" : `about ${seconds} s left`;
  return [`swap: ${parts.join(", ")}; ${left}`];
}

function requestLines(
  requests: readonly EndedRequest[],
  { columns }: Pick<TopOptions, "columns">,
): string[] {
  const title = ["  ENDED", "SOULSTONE", "CLIENT", "QUEUE", "FIRST", "TIME", "TOKENS", "PER S"];
  const rows = requests.map((request) => [
    `  ${request.time.slice(11, 19)}`,
    request.soulstone,
    request.client ?? "",
    request.queue_seconds.toFixed(1),
    request.first_token_seconds?.toFixed(1) ?? "",
    request.seconds.toFixed(1),
    String(request.output_tokens ?? ""),
    request.tokens_per_second?.toFixed(1) ?? "",
    request.result,
  ]);
  const table = [[...title, "RESULT"], ...rows];
  return tableLines([2, 1].reduce((all, i) => fitColumn(all, i, columns), table));
}

const BAR = 20;

function gpuText({ name, memory_used_mib: used, memory_mib: total, ...rest }: Sample["gpus"][0]) {
  const full = total > 0 ? Math.min(BAR, Math.round(BAR * used / total)) : 0;
  const more = [
    ...rest.power_watts === null ? [] : [`${Math.round(rest.power_watts)} W`],
    ...rest.utilization === null ? [] : [`${Math.round(rest.utilization * 100)} %`],
  ];
  const bar = "#".repeat(full).padEnd(BAR, ".");
  return [name, `[${bar}]`, `${used}/${total} MiB`, ...more].join("  ");
}

function rateText({ tokens_per_second: rate, under_way: underWay, waiting }: Sample): string {
  return `${rate.toFixed(1)} tokens/s, ${underWay} under way, ${waiting} waiting`;
}

/** Returns a time in its largest unit, such as `2m`. */
function durationText(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const units = [[86_400, "d"], [3600, "h"], [60, "m"]] as const;
  const [size = 1, unit = "s"] = units.find(([size]) => seconds >= size) ?? [];
  return `${Math.floor(seconds / size)}${unit}`;
}

/** Returns what changed between two states, one line for each, for a pipe. */
export function changeLines(before: Status | undefined, after: Status): string[] {
  const former = new Map(before?.soulstones.map((each) => [each.name, each]));
  const swapOf = (status: Status | undefined) =>
    status?.swap == null ? "" : `swap ${status.swap.phase} ${status.swap.soulstones.join(" ")}`;
  const swap = swapOf(after);
  return [
    ...after.soulstones.flatMap(({ name, state, problem }) => {
      const { state: was, problem: had } = former.get(name) ?? {};
      const why = problem === null || problem.why === had?.why ? [] : [`${name} ${problem.why}`];
      return [...state === was ? [] : [`${name} ${state}`], ...why];
    }),
    ...swap === "" || swap === swapOf(before) ? [] : [swap],
  ].map((line) => printable(line));
}

/** Returns a request in one line, for a pipe. */
export function requestLine(request: EndedRequest): string {
  const { soulstone, endpoint, client, result, seconds, output_tokens: tokens } = request;
  return printable([
    `request ${soulstone} ${endpoint} ${result} ${seconds.toFixed(2)} s`,
    ...tokens === null ? [] : [`${tokens} tokens`],
    ...client === null ? [] : [`by ${client}`],
  ].join(" "));
}

/** Returns a sample in one line, for a pipe. */
export function sampleLine(sample: Sample): string {
  return printable([`sample ${rateText(sample)}`, ...sample.gpus.map(gpuText)].join("; "));
}
