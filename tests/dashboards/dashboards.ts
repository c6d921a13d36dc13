/** The shipped dashboards and rules, parsed for tests. */
import { fileURLToPath } from "node:url";
import { load } from "js-yaml";

export const FOLDER = fileURLToPath(new URL("../../dashboards/", import.meta.url));

export interface Query {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat?: string;
  readonly instant?: boolean;
  readonly range?: boolean;
}

export interface GridPos {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: GridPos;
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly fieldConfig?: {
    readonly defaults: { readonly unit?: string; readonly noValue?: string };
  };
  readonly options?: { readonly legend?: { readonly showLegend: boolean } };
  readonly targets?: readonly Query[];
  readonly panels?: readonly Panel[];
}

export interface Variable {
  readonly name: string;
  readonly query: { readonly query: string };
  readonly datasource: { readonly uid: string };
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly panels: readonly Panel[];
}

export interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
}

/** Every dashboard, by file name. */
export const DASHBOARDS: ReadonlyMap<string, Dashboard> = new Map(
  [...Deno.readDirSync(FOLDER)].filter(({ name }) => name.endsWith(".json"))
    .sort((a, b) => a.name < b.name ? -1 : 1)
    .map(({ name }) => [name, JSON.parse(Deno.readTextFileSync(FOLDER + name))]),
);

const RULES = load(Deno.readTextFileSync(`${FOLDER}rules.yml`)) as {
  groups: { rules: Rule[] }[];
};

/** Every rule of `rules.yml`. */
export const ALL_RULES: readonly Rule[] = RULES.groups.flatMap(({ rules }) => rules);

/** Returns all panels of a dashboard, including rows and their panels. */
export function panelsOf(dashboard: Dashboard): Panel[] {
  return dashboard.panels.flatMap((panel) => [panel, ...panel.panels ?? []]);
}

/** Returns the panels with queries. */
export function queryingPanels(dashboard: Dashboard): Panel[] {
  return panelsOf(dashboard).filter(({ targets }) => targets !== undefined);
}

/** The values of the variables of Grafana. */
export interface Interpolation {
  readonly soulstone: string;
  readonly model: string;
  readonly rateInterval: string;
  /** In seconds, such as `3600s`. */
  readonly range: string;
}

/** Returns the query that Grafana sends. */
export function interpolate(expression: string, values: Interpolation): string {
  return expression
    .replaceAll("$__rate_interval", values.rateInterval)
    .replaceAll("$__interval_ms", "1000")
    .replaceAll("$__interval", "1s")
    .replaceAll("$__range_s", values.range.replace(/s$/, ""))
    .replaceAll("$__range", values.range)
    .replaceAll("$soulstone", values.soulstone)
    .replaceAll("$model", values.model);
}
