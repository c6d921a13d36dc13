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

/** Returns the lines of the screen: no more and no longer than fit. */
export function topLines({ status, sample, requests }: TopView, options: TopOptions): string[] {
  const { url, rows, palette, footer } = options;
  const counts = sample === undefined ? "" : `  ${rateText(sample)}`;
  const head = [
    [palette.strong, `${url}  ${status?.phase ?? "connecting"}${counts}`],
    ...(sample?.gpus ?? []).map((gpu) => [undefined, gpuText(gpu)] as const),
    ...swapLines(status).map((line) => [palette.warning, line] as const),
    [undefined, ""],
  ] as const;
  const body = [...head, ...soulstoneLines(status, options)];
  const ended = requestLines(requests).map((line) => [undefined, line] as const);
  const free = rows - footer.length - body.length - 2;
  const all = [
    ...body,
    ...free < 2 || requests.length === 0 ? [] : [[undefined, ""] as const, ...ended.slice(0, free)],
  ];
  const shown = all.slice(0, Math.max(0, rows - footer.length - 1));
  return [
    ...shown,
    [undefined, ""] as const,
    ...footer.map((line) => [palette.hint, line] as const),
  ].slice(0, rows).map(([paint, line]) => {
    const cut = printable(line).slice(0, options.columns);
    return paint === undefined ? cut : paint(cut);
  });
}

/** A line, and its colour. */
type Line = readonly [paint: ((text: string) => string) | undefined, text: string];

function soulstoneLines(status: Status | undefined, options: TopOptions): Line[] {
  const { palette, selected, nowMilliseconds } = options;
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
  const [first = "", ...lines] = tableLines([title, ...rows]);
  return [
    [palette.strong, first],
    ...soulstones.flatMap(({ state, problem }, i): Line[] => [
      [paintOf(state, palette), lines[i] ?? ""],
      ...problem === null ? [] : [
        [palette.error, `    ${problem.why}: ${problem.command}`] as const,
      ],
    ]),
  ];
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
  return [`swap: ${parts.join(", ")}; about ${swap.estimate_seconds} s left`];
}

function requestLines(requests: readonly EndedRequest[]): string[] {
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
  return tableLines([[...title, "RESULT"], ...rows]);
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
