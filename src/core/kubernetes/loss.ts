/** Settings that Kubernetes has no counterpart for. */
import type { Codex } from "../codex/mod.ts";
import { type Finding, finding, type Place } from "../report/mod.ts";

/** Returns the finding about a setting that is lost: an error unless the operator accepts losses. */
export type Lose = (place: Place, setting: string, why: string) => Finding;

/** Returns an error for each loss, or with `allowLoss` a warning. */
export function loser(allowLoss: boolean): Lose {
  return (place, setting, why) =>
    finding(allowLoss ? "kubernetes-lost" : "kubernetes-loss", place, { setting, why });
}

const DOOR = "the front door runs only under systemd";

/** The settings of `lychd.toml` without counterpart, and why. None of them changes an engine. */
const SETTINGS: readonly (readonly [path: readonly [string, ...string[]], why: string])[] = [
  [["wait_for_network"], "pods start when their host is online"],
  [["sepulcher", "name"], "each engine is a pod of its own"],
  [["sepulcher", "bind_address"], "Services are reachable only inside of the cluster"],
  [["sepulcher", "reserve_ports"], "each engine has an address of its own"],
  [["harvester", "image"], "the Prometheus of the cluster collects the metrics"],
  [["harvester", "port"], "the Prometheus of the cluster collects the metrics"],
  [["harvester", "retention"], "the Prometheus of the cluster collects the metrics"],
  [["harvester", "extra_scrape_configs"], "the Prometheus of the cluster collects the metrics"],
  [["harvester", "quadlet"], "the Prometheus of the cluster collects the metrics"],
  [["scribe", "image"], "the Grafana of the cluster shows the dashboards"],
  [["scribe", "port"], "the Grafana of the cluster shows the dashboards"],
  [["scribe", "anonymous_viewer"], "the Grafana of the cluster shows the dashboards"],
  [["scribe", "admin_password_secret"], "the Grafana of the cluster shows the dashboards"],
  [["scribe", "quadlet"], "the Grafana of the cluster shows the dashboards"],
  [["gpu_exporter", "enabled"], "use the exporter of the cluster, such as DCGM's"],
  [["vessel", "enabled"], DOOR],
];

/** Returns a warning for each Portal, and for each of these settings that the Codex sets. */
export function settingFindings({ settings, settingsPlaceOf, portals }: Codex): Finding[] {
  const ignored = portals.map(({ name, placeOf }) =>
    finding("kubernetes-ignored", placeOf(["url"]), { setting: `portals/${name}.toml`, why: DOOR })
  );
  const unused = SETTINGS.flatMap(([path, why]) => {
    const place = settingsPlaceOf(path);
    const [table, key] = path;
    const value = key === undefined
      ? settings[table as keyof typeof settings]
      : (settings[table as keyof typeof settings] as Readonly<Record<string, unknown>>)[key];
    // A default has the start of the file as its place.
    const isSet = place.end.column > place.start.column || place.end.line > place.start.line;
    return isSet && value !== false
      ? [finding("kubernetes-ignored", place, { setting: path.join("."), why })]
      : [];
  });
  return [...ignored, ...unused];
}
