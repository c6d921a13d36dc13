import type { Codex } from "../../codex/mod.ts";
import { SCRIBE, type YamlValue } from "../../rune/mod.ts";
import { probeOf } from "../health.ts";
import { healthOf, says, type Watcher } from "./watcher.ts";

/** Where Grafana finds dashboards, in the container. */
const DASHBOARDS = "/etc/lychd/dashboards";

/** Where it looks for what to provision: the default of the official image. */
const PROVISIONING = "/etc/grafana/provisioning";

/**
 * Grafana. All of its settings are environment variables, so there is no grafana.ini.
 * Source: grafana.com/docs/grafana/v13.3, configure-grafana and configure-docker.
 */
export function scribeOf(codex: Codex): Watcher {
  const { scribe } = codex.settings;
  const folder = "%E/containers/systemd/lychd/scribe";
  const secret = scribe.admin_password_secret;
  const from = codex.settingsPlaceOf(["scribe", "admin_password_secret"]);
  return {
    section: "scribe",
    names: SCRIBE,
    description: "LychD Scribe: Grafana",
    facts: { Uri: `http://localhost:${scribe.port}` },
    unit: {
      Container: {
        Environment: Object.entries(variablesOf(codex)).sort(([a], [b]) => a < b ? -1 : 1)
          .flatMap(([name, value]) => says(`${name}=${value}`)),
        Secret: secret === undefined ? [] : says(`${secret},type=mount`, from),
        Volume: [
          ...says(`${folder}/provisioning/datasources:${PROVISIONING}/datasources:ro,z`),
          ...says(`${folder}/provisioning/dashboards:${PROVISIONING}/dashboards:ro,z`),
          ...says(`${folder}/dashboards:${DASHBOARDS}:ro,z`),
          ...says(`${SCRIBE.data}:/var/lib/grafana`),
        ],
        ...healthOf(probeOf(scribe.port, "/api/health")),
      },
    },
  };
}

/** Grafana's settings: nothing is asked of other hosts, and nobody is `admin` with a known password. */
function variablesOf(codex: Codex): Record<string, string | number | boolean> {
  const { scribe } = codex.settings;
  const secret = scribe.admin_password_secret;
  return {
    GF_SERVER_HTTP_PORT: scribe.port,
    // By its uid and not by its file: an edited one is in Grafana's database. Whoever has chosen
    // another home there keeps it (grafana/grafana, pkg/api/dashboard.go, GetHomeDashboard).
    GF_USERS_HOME_PAGE: "/d/lychd-covens",
    ...scribe.anonymous_viewer && {
      GF_AUTH_ANONYMOUS_ENABLED: true,
      GF_AUTH_ANONYMOUS_ORG_ROLE: "Viewer",
    },
    ...secret === undefined
      ? {
        GF_AUTH_BASIC_ENABLED: false,
        GF_AUTH_DISABLE_LOGIN_FORM: true,
        GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION: true,
      }
      : { GF_SECURITY_ADMIN_PASSWORD__FILE: `/run/secrets/${secret}` },
    GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: false,
    GF_ANALYTICS_CHECK_FOR_UPDATES: false,
    GF_ANALYTICS_REPORTING_ENABLED: false,
    GF_NEWS_NEWS_FEED_ENABLED: false,
    GF_PLUGINS_PREINSTALL_AUTO_UPDATE: false,
    GF_PLUGINS_PREINSTALL_DISABLED: true,
    GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED: true,
    GF_SECURITY_DISABLE_GRAVATAR: true,
  };
}

/** The data source: its uid is what the dashboards name. */
export function datasourcesOf(codex: Codex): YamlValue {
  const { harvester } = codex.settings;
  return {
    apiVersion: 1,
    prune: true,
    datasources: [{
      name: "Harvester",
      uid: "lychd-prometheus",
      type: "prometheus",
      access: "proxy",
      url: `http://localhost:${harvester.port}`,
      isDefault: true,
      editable: false,
      jsonData: {
        httpMethod: "POST",
        prometheusType: "Prometheus",
        timeInterval: `${harvester.scrape_interval_seconds}s`,
      },
    }],
  };
}

/**
 * Where dashboards lie. What somebody saves in Grafana goes to its database, and is there until the
 * file changes; a file that is gone leaves the dashboard.
 * Source: grafana/grafana, pkg/services/provisioning/dashboards/file_reader.go.
 */
export function dashboardProvidersOf(): YamlValue {
  return {
    apiVersion: 1,
    providers: [{
      name: "lychd",
      folder: "LychD",
      folderUid: "lychd",
      type: "file",
      disableDeletion: true,
      allowUiUpdates: true,
      updateIntervalSeconds: 30,
      options: { path: DASHBOARDS },
    }],
  };
}
