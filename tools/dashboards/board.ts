/** The frame of a dashboard: variables, links, places, and a JSON without what says nothing. */
import {
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

/** Panels that can be folded away. */
export interface Row {
  readonly title: string;
  readonly collapsed: boolean;
  readonly panels: readonly Panel[];
}

/** A variable whose values are those of a label. */
export interface Variable {
  readonly name: string;
  readonly label: string;
  /** `label_values(…)`. */
  readonly values: string;
  /** What "All" selects. */
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

/** The dashboard as Grafana reads it from a file. */
export function dashboard(board: Board): Dashboard {
  const builder = new DashboardBuilder(board.title)
    .uid(board.uid)
    .description(board.description)
    .tags(["lychd"])
    .time({ from: board.since, to: "now" })
    .refresh("15s")
    .tooltip(DashboardCursorSync.Crosshair)
    .annotations([])
    .link(
      new DashboardLinkBuilder("Soulstones and Covens").type(DashboardLinkType.Dashboards)
        .tags(["lychd"]).icon("dashboard").asDropdown(true).keepTime(true),
    );
  for (const variable of board.variables) builder.withVariable(variableBuilder(variable));
  for (const panel of board.panels) builder.withPanel(panel);
  for (const { title, collapsed, panels } of board.rows) {
    const row = new RowBuilder(title).collapsed(collapsed);
    // A folded row holds its panels; an open one only stands before them.
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

/** Panels numbered from 1 on, as Grafana would; the SDK leaves that to its user. */
function withIds(built: Dashboard): Dashboard {
  let id = 0;
  const numbered = <P extends PanelJson | RowPanel>(panel: P): P => {
    const ownId = ++id;
    const inner = "panels" in panel ? { panels: panel.panels.map(numbered) } : {};
    return { ...panel, id: ownId, ...inner };
  };
  return { ...built, panels: built.panels?.map(numbered) ?? [] };
}

/** What the SDK writes into every dashboard, and Grafana assumes or ignores. */
const DEFAULTS: Readonly<Record<string, readonly unknown[]>> = {
  allowCustomValue: [true],
  auto: [false],
  auto_count: [30],
  auto_min: ["10s"],
  fiscalYearStartMonth: [0],
  instant: [false],
  // Of a link: into a menu that newer versions hide. Legends have a place of their own.
  placement: ["inControlsMenu"],
  range: [false],
  repeatDirection: ["h"],
  skipUrlSync: [false],
  transparent: [false],
};

/** What a reader looks for first, and what is long last. */
const FIRST = ["id", "uid", "type", "name", "refId", "title", "description", "gridPos"];
const LAST = ["options", "fieldConfig", "targets", "panels"];

/** The same dashboard with nothing that says nothing, in an order to read it in. */
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
