/** Images of the Watchers for the lab, and queries to the Harvester. */
import { createHash } from "node:crypto";
import { must } from "./host_codex.ts";
import { type LichShell, shellQuote } from "./lab.ts";

/** The user of the official image of Prometheus. */
const PROMETHEUS_USER = "nobody";

/** Debian's Prometheus with the user, volume and program folder of the official image. */
const PROMETHEUS = `
root=$(mktemp -d)
mkdir -p "$root"/bin "$root"/etc "$root"/prometheus "$root"/tmp "$root"/run
for program in /usr/bin/prometheus /usr/bin/promtool; do
  cp "$program" "$root/bin/"
  for library in $(ldd "$program" | grep -oE '/[^ ]+'); do
    mkdir -p "$root\${library%/*}"
    cp -L "$library" "$root$library"
  done
done
printf 'root:x:0:0::/:/\\n${PROMETHEUS_USER}:x:65534:65534::/:/\\n' >"$root/etc/passwd"
chmod 775 "$root/prometheus"
tar -C "$root" --owner=0 --group=0 --exclude=./prometheus -cf "$root.tar" .
tar -C "$root" --owner=65534 --group=65534 -rf "$root.tar" ./prometheus
podman import -q --change 'USER ${PROMETHEUS_USER}' --change 'WORKDIR /prometheus' \\
  --change 'VOLUME /prometheus' --change 'ENTRYPOINT ["/bin/prometheus"]' \\
  --change 'ENV PATH=/bin' "$root.tar" IMAGE
rm -rf "$root" "$root.tar"
`;

/**
 * A stand-in for Grafana, which Debian does not have. It writes its environment to its data folder,
 * waits START_SECONDS, and then answers on GF_SERVER_HTTP_PORT.
 */
const GRAFANA = `
root=$(mktemp -d)
mkdir -p "$root"/bin "$root"/etc/grafana/provisioning "$root"/var/lib/grafana "$root"/tmp
cp /usr/bin/busybox "$root/bin/"
for applet in sh httpd wget id env sort mkdir sleep; do ln -s busybox "$root/bin/$applet"; done
printf 'root:x:0:0::/:/\\ngrafana:x:472:0::/:/\\n' >"$root/etc/passwd"
chmod 777 "$root/var/lib/grafana" "$root/tmp"
cat >"$root/run.sh" <<'END'
#!/bin/sh
set -e
trap 'exit 0' TERM
env | sort >/var/lib/grafana/env
sleep "\${START_SECONDS:-0}"
mkdir -p /tmp/www/api
echo '{"database":"ok"}' >/tmp/www/api/health
httpd -f -p "$GF_SERVER_HTTP_PORT" -h /tmp/www &
wait
END
chmod 755 "$root/run.sh"
tar -C "$root" --owner=0 --group=0 -cf - . | podman import -q --change 'USER 472' \\
  --change 'ENTRYPOINT ["/run.sh"]' --change 'ENV PATH=/bin' - IMAGE
rm -rf "$root"
`;

/** Returns the name of an image, with the digest of its script as the tag. */
function imageOf(name: string, script: string): string {
  return `localhost/${name}:${createHash("sha256").update(script).digest("hex").slice(0, 12)}`;
}

const IMAGES = {
  [imageOf("prometheus", PROMETHEUS)]: PROMETHEUS,
  [imageOf("grafana-stand-in", GRAFANA)]: GRAFANA,
};

/** Settings of a lychd.toml with the lab's Watchers, which scrape every second. */
export const WATCHERS = {
  harvester: { image: imageOf("prometheus", PROMETHEUS), scrape_interval_seconds: 1 },
  scribe: { image: imageOf("grafana-stand-in", GRAFANA) },
};

/** Builds the images that are missing. */
export async function makeImages(shell: LichShell): Promise<void> {
  for (const [image, script] of Object.entries(IMAGES)) {
    const make = script.replace("IMAGE", image);
    await must(shell, `podman image exists ${image} || { set -e\n${make}}`);
  }
}

/** A series of Prometheus; each point is a time in seconds and a value. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, number])[];
}

/** Returns the current result of a query, which is sent from the host. */
export async function queryNow(shell: LichShell, query: string): Promise<Series[]> {
  const result = await callApi(shell, "query", { query }) as {
    metric: Series["metric"];
    value: Point;
  }[];
  return result.map(({ metric, value }) => ({ metric, values: [pointOf(value)] }));
}

/** Returns the results of a query over a range of time, in steps of a second. */
export async function queryRange(
  shell: LichShell,
  query: string,
  [start, end]: readonly [number, number],
): Promise<Series[]> {
  const parameters = { query, start: String(start), end: String(end), step: "1" };
  const result = await callApi(shell, "query_range", parameters) as {
    metric: Series["metric"];
    values: Point[];
  }[];
  return result.map(({ metric, values }) => ({ metric, values: values.map(pointOf) }));
}

type Point = [number, string];

function pointOf([time, value]: Point): [number, number] {
  return [time, Number(value)];
}

async function callApi(
  shell: LichShell,
  endpoint: string,
  parameters: Readonly<Record<string, string>>,
): Promise<unknown> {
  const words = Object.entries(parameters)
    .map(([name, value]) => `--data-urlencode ${shellQuote(`${name}=${value}`)}`).join(" ");
  const url = `http://127.0.0.1:9090/api/v1/${endpoint}`;
  const answer = JSON.parse(await must(shell, `curl -s -m 10 -G ${words} ${url}`));
  if (answer.status !== "success") throw new Error(`${answer.error}: ${parameters["query"]}`);
  return answer.data.result;
}

/** Returns the query of a panel of the dashboard of Covens, by its title. */
export async function panelQuery(title: string): Promise<string> {
  const file = new URL("../../dashboards/lychd-covens.json", import.meta.url);
  const { panels } = JSON.parse(await Deno.readTextFile(file)) as {
    panels: { title: string; targets?: { expr: string }[] }[];
  };
  const query = panels.find((panel) => panel.title === title)?.targets?.[0]?.expr;
  if (query === undefined) throw new Error(`lychd-covens.json has no panel \`${title}\``);
  return query.replaceAll("$soulstone", ".+");
}
