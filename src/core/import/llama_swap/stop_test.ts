import { strictEqual } from "node:assert/strict";
import { stopOf } from "./stop.ts";

const SCRIPTS: readonly (readonly [script: string, stop: string | undefined])[] = [
  ["docker stop eye", ""],
  ["docker rm -f eye", ""],
  ["docker rm --force --volumes eye", ""],
  ["/usr/bin/podman kill eye", ""],
  ["docker container kill -s SIGKILL eye", ""],
  ["podman stop --time=45 eye", "45"],
  ["docker stop -t45 eye", "45"],
  ["docker stop --timeout 45 eye", "45"],
  ["sudo -n docker stop -t 5 eye", "5"],
  ["bash -c 'docker stop eye; sleep 3'", ""],
  ['sh -c "docker stop -t 9 eye && docker rm eye || true"', "9"],
  ["docker kill --signal=INT eye", "SIGINT"],
  ["kill ${PID}", ""],
  ["kill -9 ${PID}", ""],
  ["kill -TERM -- -${PID}", ""],
  ["kill -s SIGINT ${PID}", "SIGINT"],
  ["kill -QUIT ${PID}", "SIGQUIT"],
  ["taskkill /f /t /pid ${PID}", ""],
  ["docker stop ear", undefined],
  ["docker stop eye ear", undefined],
  ["docker rm -f -a", undefined],
  ["docker restart eye", undefined],
  ["docker compose down", undefined],
  ["kill 1234", undefined],
  ["kill", undefined],
  ["pkill llama-server", undefined],
  ["bash -c 'docker stop eye; notify-send stopped'", undefined],
  ["bash -c 'docker stop $(docker ps -q)'", undefined],
  ["/usr/local/bin/stop-it ${PID}", undefined],
  ["sleep 3", undefined],
  ["", undefined],
];

Deno.test("a command is found that only stops the container or the process of a model", () => {
  for (const [script, expected] of SCRIPTS) {
    const stop = stopOf(script, ["eye"]);
    const shown = stop && `${stop.signal ?? ""}${stop.seconds ?? ""}`;
    strictEqual(shown, expected, script);
  }
});

Deno.test("the container of a program is unknown, so any is the own one", () => {
  strictEqual(stopOf("docker stop -t 3 any", [])?.seconds, 3);
});
