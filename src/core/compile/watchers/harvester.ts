import type { Codex } from "../../codex/mod.ts";
import { HARVESTER, OBSERVER } from "../../rune/mod.ts";
import { metricsOf } from "../metrics.ts";
import { keySecret } from "./prometheus_config.ts";
import { healthOf, says, type Watcher } from "./watcher.ts";

/** Where the Harvester finds its configuration, in the container. */
const CONFIGURATION = "/etc/lychd";

/** Where it keeps its data: the volume that the official image has there. */
const DATA = "/prometheus";

/** Where it finds what the observer wrote, and serves it to itself. */
const UNITS = "/run/lychd-units";

/**
 * Prometheus. Its configuration is a folder of lychd's own and not single files: a file that is
 * mounted stays the old one when another is renamed over it.
 * Source: prometheus/prometheus, Dockerfile and docs/command-line/prometheus.md, 3.13; the flags are
 * the same in 2.53.
 */
export function harvesterOf(codex: Codex): Watcher {
  const { harvester } = codex.settings;
  const { container } = HARVESTER;
  const file = `${CONFIGURATION}/prometheus.yml`;
  const from = (field: string) => codex.settingsPlaceOf(["harvester", field]);
  return {
    section: "harvester",
    names: HARVESTER,
    description: "LychD Harvester: Prometheus",
    facts: { Uri: `http://localhost:${harvester.port}` },
    unit: {
      Unit: {
        Wants: [...says(OBSERVER.service), ...says(OBSERVER.timer)],
        After: says(OBSERVER.service),
      },
      Container: {
        Exec: says(
          [
            `--config.file=${file}`,
            `--storage.tsdb.path=${DATA}`,
            `--storage.tsdb.retention.time=${harvester.retention}`,
            `--web.listen-address=:${harvester.port}`,
            `--web.user-assets=${UNITS}`,
          ].join(" "),
          from("port"),
        ),
        Volume: [
          ...says(`%E/containers/systemd/lychd/harvester:${CONFIGURATION}:ro,z`),
          ...says(`%t/lychd-units:${UNITS}:ro,z`),
          ...says(`${HARVESTER.data}:${DATA}`),
        ],
        Secret: codex.soulstones.flatMap((soulstone) => {
          const secret = metricsOf(soulstone)?.secret;
          return secret === undefined ? [] : says(
            `${secret},type=mount,target=${keySecret(soulstone.name)}`,
            soulstone.placeOf(["metrics", "secret"]),
          );
        }),
        // By its own tool: not every image of Prometheus has a shell.
        ...healthOf(
          JSON.stringify([
            "promtool",
            "check",
            "ready",
            `--url=http://localhost:${harvester.port}`,
          ]),
        ),
      },
      Service: {
        // It goes when the Harvester ends, and the observer's file with it.
        RuntimeDirectory: says("lychd-units"),
        // A configuration that Prometheus would refuse is refused here, and the former one stays.
        ExecReload: [
          ...says(`podman exec ${container} promtool check config ${file}`),
          ...says(`podman kill --signal HUP ${container}`),
        ],
      },
    },
  };
}
