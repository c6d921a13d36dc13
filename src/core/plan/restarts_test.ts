import { deepStrictEqual } from "node:assert/strict";
import type { Change } from "./plan.ts";
import { restartsFor } from "./restarts.ts";

const UNITS = "containers/systemd/lychd";
const EMPTY = { changed: [], reread: [], removed: [], created: [] };

/** A change of the file at `path`; nothing stands for a file that is not there. */
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
  readonly asks: Partial<Omit<ReturnType<typeof restartsFor>, "present">>;
}

const ROWS: readonly Row[] = [
  {
    claim: "what systemd takes over with a reload asks for nothing",
    changes: [change(
      `${UNITS}/harvester.container`,
      "[Unit]\nWants=a\n[Service]\nExecReload=a\nExecStopPost=a\nTimeoutStartSec=1\n",
      "[Unit]\nWants=b\n[Service]\nExecReload=b\nExecStopPost=b\nTimeoutStartSec=2\n",
    )],
    asks: {},
  },
  {
    claim: "what counts at a start asks for a restart",
    changes: [change(`${UNITS}/harvester.container`, "[Container]\nExec=a", "[Container]\nExec=b")],
    asks: { changed: ["harvester.service"] },
  },
  {
    claim: "the Harvester reads its configuration again, and its rules",
    changes: [
      change(`${UNITS}/harvester/prometheus.yml`, "a", "b"),
      change(`${UNITS}/harvester/rules.yml`, "a", "b"),
    ],
    asks: { reread: ["harvester.service"] },
  },
  {
    claim: "a Harvester that starts anew reads it then",
    changes: [
      change(`${UNITS}/harvester.container`, "[Container]\nExec=a", "[Container]\nExec=b"),
      change(`${UNITS}/harvester/prometheus.yml`, "a", "b"),
    ],
    asks: { changed: ["harvester.service"] },
  },
  {
    claim: "the Scribe reads what it is provisioned with when it starts",
    changes: [change(`${UNITS}/scribe/provisioning/datasources/lychd.yml`, "a", "b")],
    asks: { changed: ["scribe.service"] },
  },
  {
    claim: "the Scribe looks at dashboards by itself",
    changes: [change(`${UNITS}/scribe/dashboards/lychd-covens.json`, "a", "b")],
    asks: {},
  },
  {
    claim: "the observer is started anew each time, and its timer takes over a new pause",
    changes: [
      change("systemd/user/lychd-observer.service", "[Service]\nType=a", "[Service]\nType=b"),
      change("systemd/user/lychd-observer.timer", "[Timer]\nA=1", "[Timer]\nA=2"),
      change(`${UNITS}/observer/observe.sh`, "a", "b"),
    ],
    asks: {},
  },
  {
    claim: "Watchers that are new ask for nothing",
    changes: [
      change(`${UNITS}/harvester.container`, undefined, "[Container]\n"),
      change(`${UNITS}/harvester/prometheus.yml`, undefined, "a"),
      change(`${UNITS}/scribe.container`, undefined, "[Container]\n"),
      change(`${UNITS}/scribe/provisioning/dashboards/lychd.yml`, undefined, "a"),
    ],
    asks: { created: ["harvester.service", "scribe.service"] },
  },
  {
    claim: "Watchers that are gone end, with their volume, timer and target",
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
    claim: "the target of a Coven that is gone does nothing by itself",
    changes: [change("systemd/user/lychd-coven-a.target", "[Unit]\n", undefined)],
    asks: {},
  },
];

for (const { claim, changes, asks } of ROWS) {
  Deno.test(claim, () => {
    const { present: _, ...asked } = restartsFor(changes);
    deepStrictEqual(asked, { ...EMPTY, ...asks });
  });
}
