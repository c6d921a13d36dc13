import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { needsRestart, startSettings, unpublishedPorts } from "./started.ts";

const UNITS = "containers/systemd/lychd";
const POD = "lychd-pod.service";

function pod(...published: readonly string[]): string[] {
  return ["Pod.PodName=lychd", ...published.map((p) => `Pod.PublishPort=${p}`)];
}
const AT_80 = "127.0.0.1:80:80";
const AT_81 = "127.0.0.1:81:81";

/** Settings of a service that runs, those that are rendered, and the ports of the rendered engines. */
const ROWS: readonly (readonly [
  claim: string,
  service: string,
  old: readonly string[],
  now: readonly string[],
  ports: readonly number[],
  restart: boolean,
])[] = [
  ["another image", "soulstone-a.service", ["Container.Image=a"], ["Container.Image=b"], [], true],
  [
    "the same image",
    "soulstone-a.service",
    ["Container.Image=a"],
    ["Container.Image=a"],
    [],
    false,
  ],
  ["the same pod", POD, pod(AT_80), pod(AT_80), [80], false],
  ["a new port", POD, pod(AT_80), pod(AT_80, AT_81), [80, 81], true],
  ["the port of a Soulstone that was removed", POD, pod(AT_80, AT_81), pod(AT_80), [80], false],
  ["a port that is no longer exposed", POD, pod(AT_80, AT_81), pod(AT_80), [80, 81], true],
  ["a port of a published range", POD, pod("127.0.0.1:80-90:80-90"), pod(AT_81), [81], false],
  ["a port outside of the range", POD, pod("127.0.0.1:82-90:82-90"), pod(AT_81), [81], true],
  ["a narrower address", POD, pod("0.0.0.0:80:80"), pod(AT_80), [80], true],
  ["an address of IPv6", POD, pod("[::1]:80:80", "[::1]:81:81"), pod("[::1]:80:80"), [80], false],
  ["another name", POD, ["Pod.PodName=x", ...pod(AT_80).slice(1)], pod(AT_80), [80], true],
];

for (const [claim, service, old, now, ports, restart] of ROWS) {
  Deno.test(`${claim}: ${restart ? "a restart is needed" : "no restart is needed"}`, () => {
    strictEqual(needsRestart(service, { old, now, ports: new Set(ports) }), restart);
  });
}

Deno.test("a port is not published yet if only the new pod publishes it", () => {
  deepStrictEqual(unpublishedPorts(pod(AT_80), pod(AT_80, AT_81)), new Set([81]));
  deepStrictEqual(unpublishedPorts(pod("127.0.0.1:80-90:80-90"), pod(AT_81)), new Set());
});

Deno.test("Grafana starts with its unit and its provisioning, and without its dashboards", () => {
  const files = [
    { path: `${UNITS}/scribe.container`, text: "[Container]\nImage=g\n[Service]\nRestart=no\n" },
    { path: `${UNITS}/scribe/provisioning/x.yml`, text: "a: 1\n" },
    { path: `${UNITS}/scribe/dashboards/x.json`, text: "{}" },
    { path: "systemd/user/lychd-observer.timer", text: "[Timer]\nA=1\n" },
  ];
  deepStrictEqual([...startSettings(files)], [[
    "scribe.service",
    ["Container.Image=g", `${UNITS}/scribe/provisioning/x.yml: a: 1\n`],
  ]]);
});
