import type { Codex } from "../../codex/mod.ts";
import { directive, SCRIBE, type YamlValue } from "../../rune/mod.ts";
import { probeOf } from "../health.ts";
import type { Watcher } from "./watcher.ts";

/** The folder of the dashboards in the container. */
const DASHBOARDS = "/etc/lychd/dashboards";

/** The folder that Grafana provisions from: the default of the official image. */
const PROVISIONING = "/etc/grafana/provisioning";

/**
 * Returns Grafana. All settings are environment variables, so there is no grafana.ini.
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
    healthCommand: probeOf(scribe.port, "/api/health"),
    unit: {
      Container: {
        Environment: Object.entries(variablesOf(codex)).sort(([a], [b]) => a < b ? -1 : 1)
          .flatMap(([name, value]) => directive(`${name}=${value}`)),
        Secret: secret === undefined ? [] : directive(`${secret},type=mount`, from),
        Volume: [
          ...directive(`${folder}/provisioning/datasources:${PROVISIONING}/datasources:ro,z`),
          ...directive(`${folder}/provisioning/dashboards:${PROVISIONING}/dashboards:ro,z`),
          ...directive(`${folder}/dashboards:${DASHBOARDS}:ro,z`),
          ...directive(`${SCRIBE.data}:/var/lib/grafana`),
        ],
      },
    },
  };
}

/** Returns the settings: no requests to other hosts, and no `admin` with a known password. */
function variablesOf(codex: Codex): Record<string, string | number | boolean> {
  const { scribe } = codex.settings;
  const secret = scribe.admin_password_secret;
  return {
    GF_SERVER_HTTP_PORT: scribe.port,
    // The uid works also for an edited dashboard, which is in Grafana's database. A home dashboard
    // that was chosen there wins (grafana/grafana, pkg/api/dashboard.go, GetHomeDashboard).
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

/** Returns the data source. The dashboards refer to its uid. */
export function datasourcesOf(codex: Codex): Record<string, YamlValue> {
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
 * Returns the provider of the dashboards. Grafana saves an edited dashboard in its database, until the
 * file changes, and keeps a dashboard whose file is removed.
 * Source: grafana/grafana, pkg/services/provisioning/dashboards/file_reader.go.
 */
export function dashboardProvidersOf(): Record<string, YamlValue> {
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
