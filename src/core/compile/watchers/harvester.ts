import type { Codex } from "../../codex/mod.ts";
import { directive, HARVESTER, OBSERVER } from "../../rune/mod.ts";
import { metricsOf } from "../metrics.ts";
import { keySecret } from "./prometheus_config.ts";
import type { Watcher } from "./watcher.ts";

/** The folder of the configuration in the container. */
const CONFIGURATION = "/etc/lychd";

/** The folder of the data: the volume of the official image. */
const DATA = "/prometheus";

/** The folder of the observer's file. The Harvester serves it to itself. */
const UNITS = "/run/lychd-units";

/**
 * Returns Prometheus. Its configuration is mounted as a folder: a single mounted file would not change
 * when another file is renamed over it.
 * Source: prometheus/prometheus, Dockerfile and docs/command-line/prometheus.md, 3.13; the flags are
 * the same in 2.53.
 */
export function harvesterOf(codex: Codex): Watcher {
  const { port, retention } = codex.settings.harvester;
  const { container } = HARVESTER;
  const uri = `http://localhost:${port}`;
  const file = `${CONFIGURATION}/prometheus.yml`;
  return {
    section: "harvester",
    names: HARVESTER,
    description: "LychD Harvester: Prometheus",
    facts: { Uri: uri },
    // Not every image of Prometheus has a shell.
    healthCommand: JSON.stringify(["promtool", "check", "ready", `--url=${uri}`]),
    unit: {
      Unit: {
        Wants: [...directive(OBSERVER.service), ...directive(OBSERVER.timer)],
        After: directive(OBSERVER.service),
      },
      Container: {
        Exec: directive(
          [
            `--config.file=${file}`,
            `--storage.tsdb.path=${DATA}`,
            `--storage.tsdb.retention.time=${retention}`,
            `--web.listen-address=:${port}`,
            `--web.user-assets=${UNITS}`,
          ].join(" "),
          codex.settingsPlaceOf(["harvester", "port"]),
        ),
        Secret: codex.soulstones.flatMap((soulstone) => {
          const secret = metricsOf(soulstone)?.secret;
          return secret === undefined ? [] : directive(
            `${secret},type=mount,target=${keySecret(soulstone.name)}`,
            soulstone.placeOf(["metrics", "secret"]),
          );
        }),
        Volume: [
          ...directive(`%E/containers/systemd/lychd/harvester:${CONFIGURATION}:ro,z`),
          ...directive(`%t/lychd-units:${UNITS}:ro,z`),
          ...directive(`${HARVESTER.data}:${DATA}`),
        ],
      },
      Service: {
        // systemd removes the folder, and the observer's file in it, when the Harvester stops.
        RuntimeDirectory: directive("lychd-units"),
        // An invalid configuration fails here, and Prometheus keeps the previous one.
        ExecReload: [
          ...directive(`podman exec ${container} promtool check config ${file}`),
          ...directive(`podman kill --signal HUP ${container}`),
        ],
      },
    },
  };
}
