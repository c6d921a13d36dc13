/** The kinds of panels, each with the style that all dashboards share. */
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import {
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from "@grafana/grafana-foundation-sdk/dashboard";
import type { Panel as PanelJson } from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TimelineBuilder } from "@grafana/grafana-foundation-sdk/statetimeline";
import { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as TextBuilder, TextMode } from "@grafana/grafana-foundation-sdk/text";
import { PanelBuilder as GraphBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

/** A panel that can be placed on a dashboard. */
export interface Panel {
  build(): PanelJson;
}

/** The data source that lychd provisions. */
export const DATA_SOURCE = { type: "prometheus", uid: "lychd-prometheus" };

/** One query and the names of its series. */
export interface PanelQuery {
  readonly expression: string;
  readonly legend: string;
}

interface Options {
  readonly title: string;
  /** Explains what the panel shows, and what it cannot show. */
  readonly description: string;
  /** Width in columns; a dashboard has 24. */
  readonly width: number;
  readonly unit: string;
  readonly queries: readonly PanelQuery[];
  readonly max?: number;
  /** The text of an empty panel. */
  readonly noValue?: string;
}

/** Thresholds of a limited resource. */
const FILLING = [
  { value: null, color: "green" },
  { value: 0.8, color: "yellow" },
  { value: 0.95, color: "red" },
];

/** Marks every value above zero. */
export const ANY_IS_BAD = [{ value: null, color: "green" }, { value: 1, color: "orange" }];

/** The texts and colors of `soulstone:state:code`. */
export const STATES: readonly { code: number; text: string; color: string }[] = [
  { code: 0, text: "stopped", color: "#6e7681" },
  { code: 1, text: "starting", color: "yellow" },
  { code: 2, text: "running", color: "green" },
  { code: 3, text: "failed", color: "red" },
  { code: 4, text: "stopping", color: "orange" },
  { code: 5, text: "not answering", color: "purple" },
];

function words(states: readonly { code: number; text: string; color: string }[]): ValueMapping[] {
  const options = Object.fromEntries(
    states.map(({ code, text, color }) => [code, { text, color }]),
  );
  return [{ type: MappingType.ValueToText, options }];
}

/** Returns the name of a query by its place: `A`, `B`. */
function refIdOf(index: number): string {
  return String.fromCharCode("A".charCodeAt(0) + index);
}

function queries(panel: Options, kind: "instant" | "range"): DataqueryBuilder[] {
  return panel.queries.map(({ expression, legend }, index) => {
    const query = new DataqueryBuilder()
      .refId(refIdOf(index))
      .expr(expression)
      .legendFormat(legend);
    return kind === "instant" ? query.instant() : query.range();
  });
}

/** Lines over time, with the last and the maximum value in the legend. */
export function graph(options: Options): Panel {
  const panel = new GraphBuilder()
    .title(options.title)
    .description(options.description)
    .datasource(DATA_SOURCE)
    .span(options.width)
    .height(8)
    .unit(options.unit)
    .min(0)
    .noValue(options.noValue ?? "nothing was measured in this time: stopped, or no requests")
    .lineWidth(1)
    .fillOpacity(10)
    .showPoints(VisibilityMode.Auto)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .calcs(["lastNotNull", "max"]),
    )
    .tooltip(
      new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending),
    )
    .targets(queries(options, "range"));
  if (options.max !== undefined) panel.max(options.max);
  return panel;
}

interface StatOptions extends Options {
  readonly decimals?: number;
  readonly height?: number;
  readonly thresholds?: readonly { readonly value: number | null; readonly color: string }[];
}

/** The current value of each series. */
export function stat(options: StatOptions): Panel {
  const panel = statBuilder(options)
    .textMode(BigValueTextMode.ValueAndName)
    .colorMode(BigValueColorMode.Value)
    .noValue(options.noValue ?? "not running")
    .thresholds(
      new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute)
        .steps([...options.thresholds ?? [{ value: null, color: "text" }]]),
    );
  if (options.decimals !== undefined) panel.decimals(options.decimals);
  if (options.height !== undefined) panel.height(options.height);
  if (options.max !== undefined) panel.min(0).max(options.max);
  return panel;
}

/** The used share of a limited resource, 0 to 1. */
export function fillStat(options: Options): Panel {
  return stat({ ...options, max: 1, decimals: 0, thresholds: FILLING });
}

/** The current state of each Soulstone. */
export function stateStat(options: Options): Panel {
  return statBuilder(options)
    .textMode(BigValueTextMode.ValueAndName)
    .colorMode(BigValueColorMode.Background)
    .mappings(words(STATES))
    .noValue("unknown: the observer does not write the unit states");
}

/** The names of the series that exist. */
export function nameStat(options: Options): Panel {
  return statBuilder(options)
    .textMode(BigValueTextMode.Name)
    .colorMode(BigValueColorMode.None)
    .noValue(options.noValue ?? "none");
}

function statBuilder(options: Options): StatBuilder {
  return new StatBuilder()
    .title(options.title)
    .description(options.description)
    .datasource(DATA_SOURCE)
    .span(options.width)
    .height(4)
    .unit(options.unit)
    .graphMode(BigValueGraphMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .targets(queries(options, "instant"));
}

/** A column of a table: the name, the unit, and the query with one value for each row. */
export interface Column {
  readonly title: string;
  readonly unit: string;
  readonly decimals?: number;
  readonly expression: string;
}

/** A table with a row for each value of a label, sorted by it. */
export function table(
  { columns, label, ...options }: Omit<Options, "queries" | "unit"> & {
    readonly label: string;
    readonly columns: readonly Column[];
  },
): Panel {
  const targets = columns.map(({ title, expression }) => ({ expression, legend: title }));
  const builder = new TableBuilder()
    .title(options.title)
    .description(options.description)
    .datasource(DATA_SOURCE)
    .span(options.width)
    .height(8)
    .unit("none")
    .noValue(options.noValue ?? "no requests")
    .targets(
      queries({ ...options, unit: "none", queries: targets }, "instant").map((query) =>
        query.format(PromQueryFormat.Table)
      ),
    )
    .withTransformation({ id: "merge", options: {} })
    .withTransformation({
      id: "organize",
      options: {
        excludeByName: { Time: true },
        renameByName: Object.fromEntries(
          columns.map(({ title }, index) => [`Value #${refIdOf(index)}`, title]),
        ),
      },
    })
    .withTransformation({ id: "sortBy", options: { sort: [{ field: label, desc: false }] } });
  for (const { title, unit, decimals } of columns) {
    builder.overrideByName(title, [
      { id: "unit", value: unit },
      ...decimals === undefined ? [] : [{ id: "decimals", value: decimals }],
    ]);
  }
  return builder;
}

/** States over time, one row for each series. */
function timeline(options: Options, height: number): TimelineBuilder {
  return new TimelineBuilder()
    .title(options.title)
    .description(options.description)
    .datasource(DATA_SOURCE)
    .span(options.width)
    .height(height)
    .unit(options.unit)
    .mergeValues(true)
    // With a gradient, Grafana shows no legend.
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Fixed))
    .showValue(VisibilityMode.Auto)
    .noValue(options.noValue ?? "unknown: the observer does not write the unit states")
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom),
    )
    .targets(queries(options, "range"));
}

/** The states of each Soulstone over time. */
export function stateTimeline(options: Options, height = 6): Panel {
  return timeline(options, height).mappings(words(STATES));
}

/** The times at which each of several things was active. */
export function activeTimeline(options: Options, height = 6): Panel {
  return timeline(options, height).mappings(words([
    { code: 0, text: "inactive", color: "transparent" },
    { code: 1, text: "active", color: "green" },
  ]));
}

/** A text in Markdown. */
export function text(title: string, content: string, width: number): Panel {
  return new TextBuilder().title(title).span(width).height(8).mode(TextMode.Markdown)
    .content(content);
}
