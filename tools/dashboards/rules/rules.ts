/**
 * The rules of the Harvester: recorded series that all engines share, and alerts. A stopped Soulstone
 * never causes an alert, because another Coven runs.
 */
import { busySlots } from "../engines/llamacpp.ts";
import { ENGINES, ofAll } from "../engines/mod.ts";
import { aggregate, FRESH, increase, inLines, ruleScope } from "../promql.ts";
import { STATES } from "../panels.ts";
import { RECORDED, RECORDED_OF_VESSEL } from "./recorded.ts";

interface Recording {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: "critical" | "warning" };
  readonly annotations: { readonly summary: string; readonly description: string };
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly (Recording | Alert)[];
}

const NOW = ruleScope("2m");
const RECENT = ruleScope("5m");
const QUANTILES = [0.5, 0.95, 0.99];
const BY_SOULSTONE = "by (soulstone, covens, engine_kind)";

function code(state: string): number {
  return STATES.find(({ text }) => text === state)!.code;
}

/** Returns the state in systemd as a number, or *not answering* for a running engine without metrics. */
function stateCode(): string {
  const codes = ["stopped", "starting", "running", "failed", "stopping"].map((state) =>
    `${code(state)} * (lychd_soulstone_state{state="${state}"} == 1)`
  );
  const silent = `${code("not answering")} * ${RECORDED.silent}`;
  const numbers = [...codes, silent].join("\n  or ");
  return `max ${BY_SOULSTONE} (\n     ${numbers}\n)\nand ${FRESH}`;
}

/**
 * 1 for an engine that ran for two minutes without a successful scrape. Some of the scrapes must be a
 * minute old, because a scrape can fail just after the start of the Harvester.
 */
const SILENT =
  `max ${BY_SOULSTONE} (min_over_time(lychd_soulstone_state{state="running"}[2m])) == 1` +
  ' and on (soulstone) max by (soulstone) (max_over_time(up{job="soulstone"}[2m])) == 0' +
  ' and on (soulstone) max by (soulstone) (max_over_time(up{job="soulstone"}[1m] offset 1m)) == 0';

/** Returns the number of failures by kind: the kinds of all engines, and restarts after a crash. */
function failures(): { kind: string; count: string }[] {
  const kinds = [...new Set(ENGINES.flatMap((engine) => engine.failures.map(({ kind }) => kind)))];
  return [
    ...kinds.map((kind) => ({
      kind,
      count: ofAll((engine) =>
        engine.failures.find((failure) => failure.kind === kind)?.count(RECENT)
      ),
    })),
    {
      kind: "engine restarts",
      count: aggregate("sum", RECENT, increase("lychd_soulstone_restarts", RECENT)),
    },
  ];
}

const SOULSTONES: RuleGroup = {
  name: "lychd-soulstones",
  rules: [
    // The next rule reads this one.
    { record: RECORDED.silent, expr: SILENT },
    { record: RECORDED.state, expr: stateCode() },
    // The speeds of llama.cpp read this one.
    { record: RECORDED.busySlots, expr: busySlots(NOW) },
    { record: RECORDED.promptTokens, expr: ofAll((engine) => engine.promptTokens(NOW)) },
    { record: RECORDED.generationTokens, expr: ofAll((engine) => engine.generationTokens(NOW)) },
    { record: RECORDED.running, expr: ofAll((engine) => engine.running(NOW)) },
    { record: RECORDED.waiting, expr: ofAll((engine) => engine.waiting(NOW)) },
    { record: RECORDED.kvCache, expr: ofAll((engine) => engine.kvCache?.(NOW)) },
    ...QUANTILES.map((q) => ({
      record: RECORDED.timeToFirstToken,
      expr: ofAll((engine) => engine.timeToFirstToken?.(q, RECENT)),
      labels: { quantile: `${q}` },
    })),
    ...QUANTILES.map((q) => ({
      record: RECORDED.endToEnd,
      expr: ofAll((engine) => engine.endToEnd?.(q, RECENT)),
      labels: { quantile: `${q}` },
    })),
    {
      record: RECORDED.timePerOutputToken,
      expr: ofAll((engine) => engine.timePerOutputToken(RECENT)),
    },
    ...failures().map(({ kind, count }) => ({
      record: RECORDED.failures,
      expr: count,
      labels: { kind },
    })),
  ],
};

const VESSEL: RuleGroup = {
  name: "lychd-vessel",
  rules: [{
    record: RECORDED_OF_VESSEL.swapping,
    expr: 'avg_over_time(lychd_vessel_state{state="swapping"}[1h])',
  }],
};

const UNIT = "soulstone-{{ $labels.soulstone }}.service";
const COMMANDS = `systemctl --user status ${UNIT}; journalctl --user -u ${UNIT}`;

/** A failed Soulstone does not matter while a conflicting one runs. */
const UNLESS_REPLACED = "unless on (soulstone) lychd_soulstone_replaced == 1";

const ALERTS: RuleGroup = {
  name: "lychd-alerts",
  rules: [
    {
      alert: "SoulstoneFailed",
      expr: `${RECORDED.state} == ${code("failed")} ${UNLESS_REPLACED}`,
      for: "1m",
      labels: { severity: "critical" },
      annotations: {
        summary: "{{ $labels.soulstone }} has failed",
        description:
          `It was started and did not keep running. Logs: ${COMMANDS} To clear the alert: ` +
          "lychd banish {{ $labels.soulstone }}",
      },
    },
    {
      alert: "SoulstoneRestarts",
      // A stop by the operator ends the alert. A new start resets the count of systemd.
      expr:
        `increase(lychd_soulstone_restarts[15m]) >= 3 and lychd_soulstone_restarts >= 3 and on (soulstone) ${RECORDED.state} != ${
          code("stopped")
        } ${UNLESS_REPLACED}`,
      for: "0s",
      labels: { severity: "warning" },
      annotations: {
        summary: "{{ $labels.soulstone }} crashes repeatedly",
        description: `systemd restarted it {{ $value | printf "%.0f" }} times in 15 minutes. ` +
          `Logs: ${COMMANDS}`,
      },
    },
    {
      alert: "SoulstoneNotAnswering",
      expr: `${RECORDED.state} == ${code("not answering")}`,
      for: "3m",
      labels: { severity: "critical" },
      annotations: {
        summary: "{{ $labels.soulstone }} runs but does not answer",
        description:
          "Its service runs, but its metrics could not be read for five minutes. It hangs, " +
          `or its metrics are disabled or need a key. Logs: ${COMMANDS}`,
      },
    },
    {
      alert: "UnitStatesStale",
      expr: 'time() - lychd_observed_timestamp_seconds > 300 or up{job="lychd-units"} == 0',
      for: "2m",
      labels: { severity: "warning" },
      annotations: {
        summary: "the states of the units are not updated",
        description:
          "The dashboards do not know which Soulstones run, are stopped or have failed. Check: " +
          "systemctl --user status lychd-observer.timer lychd-observer.service",
      },
    },
    {
      alert: "VesselDown",
      expr: 'up{job="lychd-vessel"} == 0',
      for: "5m",
      labels: { severity: "critical" },
      annotations: {
        summary: "the front door does not run",
        description: "Requests at its port are not answered. Check: systemctl --user status " +
          "lychd-vessel.service; lychd logs vessel",
      },
    },
    {
      alert: "VesselRequestWaits",
      expr: "time() - lychd_vessel_oldest_queued_timestamp_seconds > 300",
      for: "0s",
      labels: { severity: "warning" },
      annotations: {
        summary: "a request for {{ $labels.soulstone }} has waited for more than five minutes",
        description: "Its engine loads for long, other engines are busy, or the operator keeps " +
          "what runs (lychd summon --release ends that). Check: lychd status",
      },
    },
    {
      alert: "VesselSwapsTooMuch",
      expr: `${RECORDED_OF_VESSEL.swapping} > 0.5`,
      for: "30m",
      labels: { severity: "warning" },
      annotations: {
        summary: "the front door swaps engines for more than half of the time",
        description: "Clients of engines that exclude each other take turns, and the engines " +
          "load for longer than they work. Give them slots or groups in which they run " +
          "together, or let the clients use one model.",
      },
    },
    {
      alert: "VesselSwapFails",
      expr: "time() - lychd_vessel_swap_failed_timestamp_seconds < 900",
      for: "0s",
      labels: { severity: "critical" },
      annotations: {
        summary: "the front door cannot start {{ $labels.to }}",
        description: "Requests for it are refused, and the door tries again in pauses of up to " +
          "ten minutes. The reason: lychd logs vessel. To try at once: lychd summon " +
          "{{ $labels.to }}",
      },
    },
    {
      alert: "GpuExporterDown",
      expr: 'up{job="gpu"} == 0',
      for: "5m",
      labels: { severity: "warning" },
      annotations: {
        summary: "the GPU exporter does not answer",
        description: "Memory and power of the GPUs are unknown. Check: systemctl --user status " +
          "gpu-exporter.service",
      },
    },
  ],
};

/** The content of `rules.yml`. */
export const RULE_GROUPS: readonly RuleGroup[] = [SOULSTONES, VESSEL, ALERTS].map((
  { name, rules },
) => ({
  name,
  rules: rules.map((rule) => ({ ...rule, expr: inLines(rule.expr) })),
}));
