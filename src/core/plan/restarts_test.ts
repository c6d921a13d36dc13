import { deepStrictEqual } from "node:assert/strict";
import type { Change } from "./plan.ts";
import { restartsFor } from "./restarts.ts";

const UNITS = "containers/systemd/lychd";
const VESSEL = "systemd/user/lychd-vessel.service";
const EMPTY: Readonly<Record<"changed" | "reread" | "removed" | "created", readonly string[]>> = {
  changed: [],
  reread: [],
  removed: [],
  created: [],
};

/** Returns a change of the file at `path`; undefined is a missing file. */
function change(path: string, before: string | undefined, after: string | undefined): Change {
  return {
    path,
    action: before === undefined
      ? "create"
      : after === undefined
      ? "remove"
      : before === after
      ? "unchanged"
      : "update",
    before: before === undefined
      ? undefined
      : { bytes: new TextEncoder().encode(before), mode: 0o600 },
    after: after === undefined
      ? undefined
      : { path, text: after, mode: 0o600, provenance: new Map() },
  };
}

interface Row {
  readonly claim: string;
  readonly changes: readonly Change[];
  readonly asks: Partial<typeof EMPTY>;
}

const ROWS: readonly Row[] = [
  {
    claim: "a directive that a reload applies needs no restart",
    changes: [change(
      `${UNITS}/harvester.container`,
      "[Unit]\nWants=a\n[Service]\nExecReload=a\nExecStopPost=a\nTimeoutStartSec=1\n",
      "[Unit]\nWants=b\n[Service]\nExecReload=b\nExecStopPost=b\nTimeoutStartSec=2\n",
    )],
    asks: {},
  },
  {
    claim: "a directive that a start applies needs a restart",
    changes: [change(`${UNITS}/harvester.container`, "[Container]\nExec=a", "[Container]\nExec=b")],
    asks: { changed: ["harvester.service"] },
  },
  {
    claim: "the Harvester reloads its configuration and its rules",
    changes: [
      change(`${UNITS}/harvester/prometheus.yml`, "a", "b"),
      change(`${UNITS}/harvester/rules.yml`, "a", "b"),
    ],
    asks: { reread: ["harvester.service"] },
  },
  {
    claim: "a Harvester that restarts needs no reload",
    changes: [
      change(`${UNITS}/harvester.container`, "[Container]\nExec=a", "[Container]\nExec=b"),
      change(`${UNITS}/harvester/prometheus.yml`, "a", "b"),
    ],
    asks: { changed: ["harvester.service"] },
  },
  {
    claim: "the Scribe reads its provisioning at startup",
    changes: [change(`${UNITS}/scribe/provisioning/datasources/lychd.yml`, "a", "b")],
    asks: { changed: ["scribe.service"] },
  },
  {
    claim: "the Scribe reloads dashboards by itself",
    changes: [change(`${UNITS}/scribe/dashboards/lychd-covens.json`, "a", "b")],
    asks: {},
  },
  {
    claim: "the observer starts each time, and a reload applies a new interval of its timer",
    changes: [
      change("systemd/user/lychd-observer.service", "[Service]\nType=a", "[Service]\nType=b"),
      change("systemd/user/lychd-observer.timer", "[Timer]\nA=1", "[Timer]\nA=2"),
      change(`${UNITS}/observer/observe.sh`, "a", "b"),
    ],
    asks: {},
  },
  {
    claim: "new Watchers need no restart",
    changes: [
      change(`${UNITS}/harvester.container`, undefined, "[Container]\n"),
      change(`${UNITS}/harvester/prometheus.yml`, undefined, "a"),
      change(`${UNITS}/scribe.container`, undefined, "[Container]\n"),
      change(`${UNITS}/scribe/provisioning/dashboards/lychd.yml`, undefined, "a"),
    ],
    asks: { created: ["harvester.service", "scribe.service"] },
  },
  {
    claim: "removed Watchers stop, with their volume, timer and target",
    changes: [
      change(`${UNITS}/harvester.container`, "[Container]\n", undefined),
      change(`${UNITS}/harvester-data.volume`, "[Volume]\n", undefined),
      change(`${UNITS}/harvester/prometheus.yml`, "a", undefined),
      change("systemd/user/lychd-observer.timer", "[Timer]\n", undefined),
      change("systemd/user/lychd-watchers.target", "[Unit]\n", undefined),
    ],
    asks: {
      removed: [
        "harvester-data-volume.service",
        "harvester.service",
        "lychd-observer.timer",
        "lychd-watchers.target",
      ],
    },
  },
  {
    claim: "the Vessel reads its settings and keys again without a restart",
    changes: [change(VESSEL, "[X-Lychd]\nPort=1\nKey=a x\n", "[X-Lychd]\nPort=2\nKey=b y\n")],
    asks: {},
  },
  {
    claim: "the Vessel restarts as another program",
    changes: [change(VESSEL, "[Service]\nExecStart=/a serve\n", "[Service]\nExecStart=/b serve\n")],
    asks: { changed: ["lychd-vessel.service"] },
  },
  {
    claim: "the drain of a new Vessel needs no restart of an engine",
    changes: [
      change(`${UNITS}/soulstone-a.container`, "[Service]\n", "[Service]\nExecStop=-/bin/sh a\n"),
      change(`${UNITS}/vessel/drain.sh`, undefined, "a"),
    ],
    asks: {},
  },
  {
    claim: "a removed Vessel stops, with its hold",
    changes: [
      change(VESSEL, "[Service]\n", undefined),
      change("systemd/user/lychd-hold.service", "[Unit]\n", undefined),
    ],
    asks: { removed: ["lychd-hold.service", "lychd-vessel.service"] },
  },
  {
    claim: "the target of a removed Coven is not stopped",
    changes: [change("systemd/user/lychd-coven-a.target", "[Unit]\n", undefined)],
    asks: {},
  },
];

for (const { claim, changes, asks } of ROWS) {
  Deno.test(claim, () => {
    const { present: _, changed, ...asked } = restartsFor(changes);
    deepStrictEqual({ ...asked, changed: [...changed.keys()] }, { ...EMPTY, ...asks });
  });
}
