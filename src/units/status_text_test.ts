import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { readCodex } from "../core/codex/mod.ts";
import { compile } from "../core/compile/mod.ts";
import { conditionOf, readUnitStates } from "../core/orchestrator/condition.ts";
import { readInventory } from "../core/orchestrator/inventory.ts";
import { readServices } from "../core/orchestrator/services.ts";
import { PLAIN } from "../core/report/mod.ts";
import { detailsText } from "./details_text.ts";
import { NOT_STALE } from "./stale.ts";
import { shortText, type Status, statusJson, statusText } from "./status_text.ts";

const CODEX = `
[eye]
image = "localhost/x"
port = 8780
groups = ["vision"]
capabilities = ["ocr"]
health = { path = "/health" }
vram_mib = 20000
devices = ["nvidia.com/gpu=0"]

[deep]
image = "localhost/x"
port = 8781
groups = ["think"]
`;

const RUNNING = "ActiveState=active\nStateChangeTimestamp=@1000\nMemoryCurrent=1048576";
const STATES = readUnitStates(
  [
    `Id=soulstone-eye.service\n${RUNNING}\nNRestarts=2`,
    "Id=soulstone-deep.service\nActiveState=inactive\nLoadState=loaded",
    `Id=lychd-pod.service\n${RUNNING}`,
    "Id=harvester.service\nActiveState=failed\nResult=exit-code\nExecMainCode=1\nExecMainStatus=2\n" +
    "StateChangeTimestamp=@1000",
    `Id=scribe.service\n${RUNNING}`,
    `Id=gpu-exporter.service\n${RUNNING}`,
  ].join("\n\n"),
);

/** Returns a status 125 seconds after the last change, with the exporter no longer rendered. */
async function statusWith(changes: Partial<Status> = {}): Promise<Status> {
  const bytes = new TextEncoder().encode(CODEX);
  const { codex } = readCodex({ folder: "", files: [{ path: "soulstones/all.toml", bytes }] });
  const { runes } = await compile(codex);
  const engines = readInventory(runes).engines.map((engine) => {
    const unit = STATES.get(engine.service)!;
    return [engine.name, { engine, unit, condition: conditionOf(unit, engine) }] as const;
  });
  const serviceNow = (service: ReturnType<typeof readServices>[number]) => {
    const unit = STATES.get(service.service);
    return { service, unit, condition: conditionOf(unit) };
  };
  const exporter = {
    ...readServices(runes)[0]!,
    name: "gpu-exporter",
    service: "gpu-exporter.service",
  };
  return {
    now: { engines: new Map(engines), strays: ["owl"] },
    services: { services: readServices(runes).map(serviceNow), strays: [serviceNow(exporter)] },
    podTrouble: undefined,
    stale: NOT_STALE,
    gpus: [],
    logs: undefined,
    door: undefined,
    atSeconds: 1125,
    ...changes,
  };
}

Deno.test("status shows the engines, then the pod and the Watchers", async () => {
  strictEqual(
    statusText(await statusWith(), PLAIN),
    `SOULSTONE  STATE    SINCE  URI                       VRAM       RAM
deep       stopped         http://localhost:8781/v1  none
  in think; offers nothing; no metrics
eye        running  2m 5s  http://localhost:8780/v1  20000 MiB  1 MiB
  in vision; offers ocr; no metrics

SERVICE    STATE    SINCE  URI                                  RAM
pod        running  2m 5s                                       1 MiB
harvester  failed   2m 5s  http://localhost:9090
  it exited with status 2: lychd logs harvester
scribe     running  2m 5s  http://localhost:3000                1 MiB
owl: runs, but is no longer rendered: lychd banish soulstone:owl
gpu-exporter: runs, but is no longer rendered: lychd apply
`,
  );
});

Deno.test("status --short prints one line for each, with its address or its problem", async () => {
  strictEqual(
    shortText(await statusWith(), PLAIN),
    `deep          stopped  http://localhost:8781/v1
eye           running  http://localhost:8780/v1
pod           running
harvester     failed   it exited with status 2: lychd logs harvester
scribe        running  http://localhost:3000
owl           running  it is no longer rendered: lychd banish soulstone:owl
gpu-exporter  running  it is no longer rendered: lychd apply
`,
  );
});

Deno.test("status NAME prints everything about an engine, and the end of its log", async () => {
  const status = await statusWith({
    logs: new Map([["soulstone-eye.service", ["loading", "listening"]]]),
  });
  const eye = new Map([...status.now.engines].filter(([name]) => name === "eye"));
  const services = { services: [], strays: [] };
  strictEqual(
    detailsText({ ...status, now: { engines: eye, strays: [] }, services }, PLAIN),
    `eye: running
  unit       soulstone-eye.service
  since      1970-01-01T00:16:40Z (2m 5s ago)
  restarts   2
  RAM        1 MiB
  VRAM       20000 MiB
  uri        http://localhost:8780/v1
  Covens     vision
  offers     ocr
  conflicts  deep
  last lines (lychd logs eye):
    loading
    listening
`,
  );
});

const TROUBLE = {
  isStart: true,
  what: "could not start: port 8780 is used by container holder; no engine can start",
  hint: "podman stop holder",
};

Deno.test("the pod that cannot start has the fix, and its engines the reason", async () => {
  const status = await statusWith({ podTrouble: TROUBLE });
  const deep = status.now.engines.get("deep")!;
  const condition = { ...deep.condition, why: "the pod could not start" };
  const engines = new Map([["deep", { ...deep, condition }]]);
  const stopped = { ...status, now: { engines, strays: [] } };
  const lines = (text: string) => text.split("\n").slice(0, 2);
  deepStrictEqual(lines(shortText(stopped, PLAIN)), [
    "deep          stopped  the pod could not start",
    "pod           running  it could not start: port 8780 is used by container holder; no engine can start: podman stop holder",
  ]);
  deepStrictEqual(lines(shortText({ ...stopped, podTrouble: undefined }, PLAIN)), [
    "deep          stopped  the pod could not start: lychd summon soulstone:deep",
    "pod           running",
  ]);
});

Deno.test("status --json has the same information", async () => {
  const { soulstones, services, strays, service_strays } = statusJson(
    await statusWith({ podTrouble: TROUBLE }),
  );
  deepStrictEqual([strays, service_strays], [["owl"], ["gpu-exporter"]]);
  deepStrictEqual(soulstones.find(({ name }) => name === "eye"), {
    name: "eye",
    unit: "soulstone-eye.service",
    state: "running",
    since: "1970-01-01T00:16:40Z",
    restarts: 2,
    uri: "http://localhost:8780/v1",
    stale: false,
    memory_bytes: 1048576,
    covens: ["vision"],
    slot: null,
    resident: false,
    capabilities: ["ocr"],
    unpublished: false,
    conflicts: ["deep"],
    vram_mib: 20000,
  });
  deepStrictEqual(services.slice(0, 2), [
    {
      name: "pod",
      unit: "lychd-pod.service",
      state: "running",
      why: `it ${TROUBLE.what}`,
      hint: TROUBLE.hint,
      since: "1970-01-01T00:16:40Z",
      restarts: 0,
      uri: null,
      stale: false,
      memory_bytes: 1048576,
    },
    {
      name: "harvester",
      unit: "harvester.service",
      state: "failed",
      why: "it exited with status 2",
      hint: "lychd logs harvester",
      since: "1970-01-01T00:16:40Z",
      restarts: 0,
      uri: "http://localhost:9090",
      stale: false,
      memory_bytes: null,
    },
  ]);
});
