import { deepStrictEqual } from "node:assert/strict";
import { readUnitStates, type UnitState } from "./condition.ts";
import { podProblemOf, readJobEnds, stoppedByPod } from "./pod.ts";

const ID = "cf83185efa4792942c333195ea937f68391f98594bda8852624f519deac4c21c";
const ENDED = "lychd-pod.service: Failed with result 'exit-code'.";
const FAILED = [ENDED, "Failed to start lychd-pod.service - LychD Sepulcher."];
const PASTA = `Error: starting container ${ID}: pasta failed with exit code 1:`;
const BIND = "Failed to bind port 8790 (Address already in use) for option " +
  "'-t 127.0.0.1/8780-8799:8780-8799'";
const LISTEN = "Listen failed for HOST TCP port 127.0.0.1/8790: Address already in use";
const REMOVAL = "Error: not all containers could be removed from pod";
const PORT = { kind: "port", port: 8790, address: "127.0.0.1" };

const JOURNALS: Readonly<Record<string, [lines: string[], problem: unknown]>> = {
  "nothing": [[], undefined],
  "only messages of systemd": [FAILED, undefined],
  "pasta names the port": [[PASTA, BIND, ...FAILED], PORT],
  "the port comes first": [[BIND, PASTA, ...FAILED], PORT],
  "a newer pasta names the port": [[PASTA, LISTEN, ...FAILED], PORT],
  "a newer pasta names a port on all addresses": [
    ["Listen failed for HOST TCP port */8790: Address already in use", PASTA, ...FAILED],
    { kind: "port", port: 8790, address: "0.0.0.0" },
  ],
  "rootlessport names the port": [
    ["Error: rootlessport listen tcp 127.0.0.1:8790: bind: address already in use", ...FAILED],
    PORT,
  ],
  "a port on all addresses": [
    ["Error: listen tcp4 :8790: bind: address already in use", ...FAILED],
    { kind: "port", port: 8790, address: "0.0.0.0" },
  ],
  "another error": [
    [`Error: starting container ${ID}: no space left on device`, REMOVAL, ...FAILED],
    { kind: "other", message: "starting container cf83185efa47: no space left on device" },
  ],
  "the last start has another problem": [
    [PASTA, BIND, ...FAILED, "Error: invalid internal status", ...FAILED],
    {
      kind: "other",
      message: "Podman waits for containers that were killed together with the user's systemd",
      fix: "systemctl --user stop lychd-pod.service; until podman system migrate; do sleep 1; done",
    },
  ],
  "a start goes on": [[PASTA, BIND, ...FAILED, PASTA], PORT],
  "systemd refuses the last start": [[PASTA, BIND, ...FAILED, ...FAILED], PORT],
  "the pod ran until it was killed": [[REMOVAL, ENDED], undefined],
  "the pod was killed, and a port is in use": [[REMOVAL, ENDED, PASTA, BIND, ...FAILED], PORT],
};

for (const [name, [lines, problem]] of Object.entries(JOURNALS)) {
  Deno.test(`podProblemOf(): ${name}`, () => deepStrictEqual(podProblemOf(lines), problem));
}

/** Returns a pod that has left the active state at 100 and, if it was restarted, entered it at 103. */
function podState(properties: Readonly<Record<string, string>>): UnitState {
  const lines = Object.entries({
    Id: "lychd-pod.service",
    ActiveExitTimestamp: "@100",
    ...properties,
  })
    .map((entry) => entry.join("="));
  return readUnitStates(lines.join("\n")).get("lychd-pod.service")!;
}

const RESTARTED = podState({ NRestarts: "1", Result: "success", ActiveEnterTimestamp: "@103" });
const DOWN = podState({ NRestarts: "5", Result: "exit-code", ActiveEnterTimestamp: "@50" });
const NEVER_UP = podState({ NRestarts: "5", Result: "exit-code", ActiveExitTimestamp: "" });
const HEALTHY = podState({ NRestarts: "0", Result: "success", ActiveEnterTimestamp: "@103" });
const STOPPED = "stopped by the failure of the pod";

const ENDS: Readonly<
  Record<string, [pod: UnitState, ends: [type: string, result: string, at: number][], why?: string]>
> = {
  "stopped while the pod was down": [RESTARTED, [["stop", "done", 101]], STOPPED],
  "stopped while the pod is down": [DOWN, [["stop", "done", 150]], STOPPED],
  "stopped before the pod failed": [RESTARTED, [["stop", "done", 99]]],
  "stopped on request after the pod came back": [
    RESTARTED,
    [["stop", "done", 101], ["start", "done", 110], ["stop", "done", 120]],
  ],
  "stopped by a stop of the pod": [HEALTHY, [["stop", "done", 101]]],
  "kept from starting": [NEVER_UP, [["start", "dependency", 90]], "the pod could not start"],
  "stopped on request, and the pod never ran": [NEVER_UP, [["stop", "done", 150]]],
};

for (const [name, [pod, ends, why]] of Object.entries(ENDS)) {
  Deno.test(`stoppedByPod(): ${name}`, () => {
    const lines = ends.map(([JOB_TYPE, JOB_RESULT, at]) =>
      JSON.stringify({
        __REALTIME_TIMESTAMP: `${at}250000`,
        USER_UNIT: "soulstone-eye.service",
        JOB_TYPE,
        JOB_RESULT,
      })
    );
    const found = stoppedByPod(pod, readJobEnds(lines.join("\n") + "\n"));
    deepStrictEqual(found.get("soulstone-eye.service"), why);
  });
}
