/** The dashboard of the front door: its state, its requests, and its swaps. */
import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { dashboard } from "../board.ts";
import {
  activeTimeline,
  ANY_IS_BAD,
  fillStat,
  graph,
  nameStat,
  type Panel,
  type PanelQuery,
  stat,
} from "../panels.ts";
import { aggregate, born, ofSoulstone, PANEL, quantile, RANGE, rate, ratio } from "../promql.ts";
import { RECORDED_OF_VESSEL } from "../rules/recorded.ts";

const NO_DOOR = "the front door does not run: lychd status";
const QUANTILES = [0.5, 0.95, 0.99];

/** Returns a series of the door with a Soulstone, for the selected ones. */
function of(name: string, ...matchers: string[]): string {
  return ofSoulstone(`lychd_vessel_${name}`, PANEL, ...matchers);
}

/** Returns the rates of a counter by Soulstone. */
function perSecond(name: string, ...by: string[]): string {
  return aggregate("sum", PANEL, rate(of(name), PANEL), ...by);
}

function quantiles(histogram: string): PanelQuery[] {
  return QUANTILES.map((q) => ({
    expression: quantile(q, rate(of(`${histogram}_bucket`), PANEL), PANEL),
    legend: `{{soulstone}} p${q * 100}`,
  }));
}

/** Returns the events of a counter without a Soulstone in the selected time range. */
function counted(name: string, label: string): string {
  return `sum by (${label}) (${born(`lychd_vessel_${name}`, RANGE)})`;
}

/** Returns the events of the last five minutes, of all kinds. */
const FAILED = [of("upstream_errors_total"), "lychd_vessel_rejected_total"]
  .map((selector) => `sum(increase(${selector}[5m]))`).join(" + ");

/** Returns the longest time that a request waits; 0 while none does. */
const LONGEST_WAIT = `max(time() - ${of("oldest_queued_timestamp_seconds")}) ` +
  "or on () 0 * max(lychd_vessel_state)";

/** Returns the mean time of each part of a swap. */
const PHASES = ratio(
  ...["sum", "count"].map((part) =>
    `sum by (phase) (increase(lychd_vessel_swap_seconds_${part}[$__range]))`
  ) as [string, string],
);

/** Returns the mean time until the Soulstones of a wish answered, from their start. */
const LOADS = ratio(
  `sum by (to) (increase(lychd_vessel_swap_seconds_sum{phase=~"start|healthy"}[$__range]))`,
  `sum by (to) (increase(lychd_vessel_swap_seconds_count{phase="start"}[$__range]))`,
);

/** Returns the dashboard `lychd-vessel`. */
export function vesselBoard(): Dashboard {
  return dashboard({
    uid: "lychd-vessel",
    title: "Front door",
    description: "The front door: requests, waiting times, swaps and tokens.",
    since: "now-6h",
    variables: [{
      name: "soulstone",
      label: "Soulstone",
      values: "label_values(lychd_vessel_requests_queued, soulstone)",
      all: ".+",
    }],
    panels: [...NOW, ...REQUESTS, ...CHANGES],
    rows: [],
  });
}

const NOW: readonly Panel[] = [
  nameStat({
    title: "State",
    description: "*draining*: the Soulstones that must stop finish their requests. *swapping*: " +
      "Soulstones stop and start. *held*: the operator keeps what runs, with `lychd summon --hold`.",
    unit: "none",
    width: 4,
    noValue: NO_DOOR,
    queries: [{ expression: "lychd_vessel_state == 1", legend: "{{state}}" }],
  }),
  stat({
    title: "Under way",
    description: "Requests that Soulstones answer now.",
    unit: "none",
    width: 4,
    noValue: NO_DOOR,
    queries: [{ expression: `sum(${of("requests_in_flight")})`, legend: "requests" }],
  }),
  stat({
    title: "Waiting",
    description: "Requests that wait for their Soulstone.",
    unit: "none",
    width: 4,
    noValue: NO_DOOR,
    queries: [{ expression: `sum(${of("requests_queued")})`, legend: "requests" }],
  }),
  stat({
    title: "Longest wait",
    description: "The time for which the oldest waiting request has waited.",
    unit: "s",
    decimals: 0,
    width: 4,
    noValue: NO_DOOR,
    thresholds: [{ value: null, color: "green" }, { value: 300, color: "orange" }],
    queries: [{ expression: LONGEST_WAIT, legend: "time" }],
  }),
  fillStat({
    title: "Time in swaps, last hour",
    description: "The share of the last hour in which the door stopped and started Soulstones. " +
      "Swaps by `lychd summon` are not part of it.",
    unit: "percentunit",
    width: 4,
    noValue: NO_DOOR,
    queries: [{ expression: `max(${RECORDED_OF_VESSEL.swapping})`, legend: "share" }],
  }),
  stat({
    title: "Failed and refused, last 5 minutes",
    description: "Requests that a Soulstone did not answer, and those that the door refused or " +
      "cut. The panels below show them by kind.",
    unit: "none",
    decimals: 0,
    width: 4,
    noValue: NO_DOOR,
    thresholds: ANY_IS_BAD,
    queries: [{ expression: FAILED, legend: "all kinds" }],
  }),
];

const REQUESTS: readonly Panel[] = [
  graph({
    title: "Requests",
    description: "Requests per second that have ended, by the class of their answer. " +
      "*cancelled*: the client left, or ended it by id.",
    unit: "reqps",
    width: 12,
    queries: [{
      expression: perSecond("requests_total", "code"),
      legend: "{{soulstone}} {{code}}",
    }],
  }),
  graph({
    title: "Under way and waiting",
    description: "Requests that a Soulstone answers, and those that wait for it.",
    unit: "none",
    width: 12,
    queries: [
      {
        expression: aggregate("sum", PANEL, of("requests_in_flight")),
        legend: "{{soulstone}} under way",
      },
      {
        expression: aggregate("sum", PANEL, of("requests_queued")),
        legend: "{{soulstone}} waiting",
      },
    ],
  }),
  graph({
    title: "Time in the queue",
    description: "Median, 95th and 99th percentile of the time until a request was sent to its " +
      "Soulstone: 0 if it ran.",
    unit: "s",
    width: 8,
    queries: quantiles("queue_seconds"),
  }),
  graph({
    title: "Time to first token",
    description: "Median, 95th and 99th percentile of the time until the first event of a " +
      "stream, with the queue.",
    unit: "s",
    width: 8,
    queries: quantiles("time_to_first_token_seconds"),
  }),
  graph({
    title: "Duration of requests",
    description: "Median, 95th and 99th percentile of the time until the end of an answer, with " +
      "the queue.",
    unit: "s",
    width: 8,
    queries: quantiles("request_duration_seconds"),
  }),
  graph({
    title: "Tokens per second",
    description: "Tokens as the answers report them. A stream of vLLM or SGLang reports them " +
      "only if its client asks for the usage.",
    unit: "suffix:tokens/s",
    width: 8,
    queries: [
      { expression: perSecond("output_tokens_total"), legend: "{{soulstone}} generation" },
      { expression: perSecond("input_tokens_total"), legend: "{{soulstone}} prompts" },
      { expression: perSecond("cached_input_tokens_total"), legend: "{{soulstone}} cached" },
    ],
  }),
  graph({
    title: "Faults of Soulstones",
    description: "Requests in the five minutes before each point that a Soulstone did not " +
      "answer, or not to the end.",
    unit: "none",
    width: 8,
    queries: [{
      expression: aggregate("sum", PANEL, `increase(${of("upstream_errors_total")}[5m])`, "kind"),
      legend: "{{soulstone}} {{kind}}",
    }],
  }),
  stat({
    title: "Refused and cancelled",
    description: "Requests in the selected time range that the door refused or cut, by the code " +
      "of its error; and requests whose client left while they waited or were under way.",
    unit: "none",
    decimals: 0,
    width: 8,
    height: 8,
    noValue: NO_DOOR,
    queries: [
      { expression: `${counted("rejected_total", "reason")} > 0`, legend: "{{reason}}" },
      { expression: counted("cancelled_total", "stage"), legend: "cancelled {{stage}}" },
    ],
  }),
];

const CHANGES: readonly Panel[] = [
  activeTimeline({
    title: "State history",
    description: "The states of the door over time.",
    unit: "none",
    width: 12,
    noValue: NO_DOOR,
    queries: [{ expression: "lychd_vessel_state", legend: "{{state}}" }],
  }, 8),
  stat({
    title: "Swaps",
    description: "Swaps of the door in the selected time range, by what they started and how " +
      "they ended.",
    unit: "none",
    decimals: 0,
    width: 4,
    height: 8,
    noValue: "none",
    queries: [{ expression: counted("swaps_total", "to, result"), legend: "{{to}} {{result}}" }],
  }),
  stat({
    title: "Time per phase of a swap",
    description: "Mean time of each part of a swap in the selected time range. *memory*: until " +
      "the GPU memory is free. *healthy*: until the Soulstones answer.",
    unit: "s",
    decimals: 1,
    width: 4,
    height: 8,
    noValue: "none",
    queries: [{ expression: PHASES, legend: "{{phase}}" }],
  }),
  stat({
    title: "Time to load",
    description: "Mean time in the selected time range from the start of a Soulstone by the door " +
      "until it answered.",
    unit: "s",
    decimals: 1,
    width: 4,
    height: 8,
    noValue: "none",
    queries: [{ expression: LOADS, legend: "{{to}}" }],
  }),
  graph({
    title: "Share of time in swaps",
    description: "The share of the hour before each point in which the door stopped and started " +
      "Soulstones.",
    unit: "percentunit",
    max: 1,
    width: 24,
    queries: [{ expression: `max(${RECORDED_OF_VESSEL.swapping})`, legend: "share" }],
  }),
];
