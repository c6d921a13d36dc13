import { strictEqual } from "node:assert/strict";
import { unwrap } from "./wrappers.ts";

const COMMANDS: readonly (readonly [command: string, read: string])[] = [
  ["llama-server -m a", "llama-server -m a |  | "],
  ["env A=1 B= llama-server -m a", "llama-server -m a | A=1 B= | "],
  ["/usr/bin/env -i -u X A=1 llama-server", "llama-server | A=1 | /usr/bin/env -i -u X"],
  ["env -- llama-server A=1", "llama-server A=1 |  | env --"],
  ["sudo -E -u lich A=1 docker run image", "docker run image | A=1 | sudo -E -u lich"],
  ["nice -n 5 llama-server", "llama-server |  | nice -n 5"],
  ["nice -5 llama-server", "llama-server |  | nice -5"],
  ["nice --adjustment=5 x -n 3", "x -n 3 |  | nice --adjustment=5"],
  ["numactl --cpunodebind=0 --membind 0 x -m a", "x -m a |  | numactl --cpunodebind=0 --membind 0"],
  ["numactl -N 0 -l x", "x |  | numactl -N 0 -l"],
  ["taskset -c 0-3 x -c 4", "x -c 4 |  | taskset -c 0-3"],
  ["taskset 0xf x", "x |  | taskset 0xf"],
  ["sudo nice env A=1 taskset -c 0 x", "x | A=1 | sudo, nice, taskset -c 0"],
  ["env A=1", "env A=1 |  | "],
  ["sudo -u", "sudo -u |  | "],
];

Deno.test("a command is found after its wrappers", () => {
  for (const [command, expected] of COMMANDS) {
    const { words, variables, lost } = unwrap(command.split(" "));
    const wrappers = lost.map((one) => one.words.join(" ")).join(", ");
    strictEqual(`${words.join(" ")} | ${variables.join(" ")} | ${wrappers}`, expected, command);
  }
});
