/** Builds a dashboard: variables, links, positions, and JSON without default values. */
import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  type Panel as PanelJson,
  QueryVariableBuilder,
  RowBuilder,
  type RowPanel,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DATA_SOURCE, type Panel } from "./panels.ts";
import { aggregate, FRESH, ofSoulstone, PANEL } from "./promql.ts";

/** A row of panels that can be collapsed. */
export interface Row {
  readonly title: string;
  readonly collapsed: boolean;
  readonly panels: readonly Panel[];
}

/** A variable with the values of a label. */
export interface Variable {
  readonly name: string;
  readonly label: string;
  /** `label_values(…)`. */
  readonly values: string;
  /** The pattern of "All". */
  readonly all: string;
}

export interface Board {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly since: string;
  readonly variables: readonly Variable[];
  readonly panels: readonly Panel[];
  readonly rows: readonly Row[];
}

/** Marks the times at which Soulstones start, on every graph: a swap is between a stop and the end of a start. */
const STARTS = new AnnotationQueryBuilder()
  .name("Starts")
  .datasource(DATA_SOURCE)
  .enable(true)
  .iconColor("yellow")
  .expr(
    `${
      aggregate("max", PANEL, ofSoulstone("lychd_soulstone_state", PANEL, 'state="starting"'))
    } == 1 and ${FRESH}`,
  )
  .titleFormat("{{soulstone}} starts");

/** Returns the dashboard as Grafana reads it from a file. */
export function dashboard(board: Board): Dashboard {
  const builder = new DashboardBuilder(board.title)
    .uid(board.uid)
    .description(board.description)
    .tags(["lychd"])
    .time({ from: board.since, to: "now" })
    .refresh("15s")
    .tooltip(DashboardCursorSync.Crosshair)
    .annotations([STARTS])
    .link(
      new DashboardLinkBuilder("Soulstones and Covens").type(DashboardLinkType.Dashboards)
        .tags(["lychd"]).icon("dashboard").asDropdown(true).keepTime(true),
    );
  for (const variable of board.variables) builder.withVariable(variableBuilder(variable));
  for (const panel of board.panels) builder.withPanel(panel);
  for (const { title, collapsed, panels } of board.rows) {
    const row = new RowBuilder(title).collapsed(collapsed);
    // A collapsed row contains its panels; an open row only precedes them.
    if (collapsed) { for (const panel of panels) row.withPanel(panel); }
    builder.withRow(row);
    if (!collapsed) { for (const panel of panels) builder.withPanel(panel); }
  }
  return tidy(withIds(builder.build()));
}

function variableBuilder({ name, label, values, all }: Variable): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATA_SOURCE)
    .query({ qryType: 1, query: values, refId: `variable-${name}` })
    .definition(values)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(all)
    .current({ selected: true, text: "All", value: "$__all" });
}

/** Numbers the panels from 1, as Grafana does; the SDK does not. */
function withIds(built: Dashboard): Dashboard {
  let id = 0;
  const numbered = <P extends PanelJson | RowPanel>(panel: P): P => {
    const ownId = ++id;
    const inner = "panels" in panel ? { panels: panel.panels.map(numbered) } : {};
    return { ...panel, id: ownId, ...inner };
  };
  return { ...built, panels: built.panels?.map(numbered) ?? [] };
}

/** Fields that the SDK writes and that Grafana assumes or ignores. */
const DEFAULTS: Readonly<Record<string, readonly unknown[]>> = {
  allowCustomValue: [true],
  auto: [false],
  auto_count: [30],
  auto_min: ["10s"],
  fiscalYearStartMonth: [0],
  instant: [false],
  // `placement` of a link moves it into a menu that newer versions hide. Legends keep theirs.
  placement: ["inControlsMenu"],
  range: [false],
  repeatDirection: ["h"],
  skipUrlSync: [false],
  transparent: [false],
};

/** The order of keys: identifying keys first, long values last. */
const FIRST = ["id", "uid", "type", "name", "refId", "title", "description", "gridPos"];
const LAST = ["options", "fieldConfig", "targets", "panels"];

/** Returns the dashboard without default values, with its keys in a readable order. */
function tidy<T>(value: T): T {
  if (Array.isArray(value)) return value.map(tidy) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .filter(([key, inner]) => !(DEFAULTS[key]?.includes(inner)) && typeof inner !== "function")
    .map(([key, inner]): [string, unknown] => [key, tidy(inner)]);
  return Object.fromEntries(entries.sort(([a], [b]) => place(a) - place(b))) as T;
}

function place(key: string): number {
  if (FIRST.includes(key)) return FIRST.indexOf(key) - FIRST.length;
  return LAST.indexOf(key) + 1;
}
