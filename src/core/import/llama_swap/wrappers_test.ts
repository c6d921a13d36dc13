import { match, strictEqual } from "node:assert/strict";
import { type Surroundings, unwrap } from "./wrappers.ts";

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
  ["exec nohup setsid -f stdbuf -o L time -p x", "x |  | stdbuf -o L, time -p"],
  ["flock -n /tmp/gpu.lock x -m a", "x -m a |  | flock -n /tmp/gpu.lock"],
  ["flock --wait 5 9 -c engine", "engine |  | flock --wait 5 9"],
  ["timeout -k 5 1h ionice -c 2 chrt -f 1 x", "x |  | timeout -k 5 1h, ionice -c 2, chrt -f 1"],
  [
    "systemd-run --user -p MemoryMax=32G --setenv=A=1 -E B=2 -u y x --user",
    "x --user | A=1 B=2 | systemd-run --user -p MemoryMax=32G --setenv=A=1 -E B=2 -u y",
  ],
  ["uv run vllm serve m", "vllm serve m |  | uv run"],
  [
    "uv --project /p run --with vllm -- vllm serve m",
    "vllm serve m |  | uv --project /p run --with vllm --",
  ],
  ["uv pip install vllm", "uv pip install vllm |  | "],
  ["conda run -n v --live-stream vllm serve m", "vllm serve m |  | conda run -n v --live-stream"],
  ["toolbox run -c ai x -c y", "x -c y |  | toolbox run -c ai"],
  ["distrobox enter ai -- x", "x |  | distrobox enter ai --"],
  ["distrobox enter ai", "distrobox enter ai |  | "],
  ["nix shell nixpkgs#llama-cpp -c x -c 8", "x -c 8 |  | nix shell nixpkgs#llama-cpp -c"],
  ["nix run nixpkgs#llama-cpp -- -c 8", "nix run nixpkgs#llama-cpp -- -c 8 |  | "],
  ["flatpak-spawn --host --env=A=1 x", "x | A=1 | flatpak-spawn --host --env=A=1"],
];

const SURROUNDINGS: Surroundings = {
  isEngine: ([first = ""]) => first.startsWith("engine"),
  environment: new Map([["HOME", "/home/lich"]]),
};

const SHELLS: readonly (readonly [script: string, read: string])[] = [
  ["exec engine -m $HOME/a", "engine -m /home/lich/a |  | "],
  ["A=1 engine 2>log", "engine | A=1 | 2>log"],
  [
    "cd /x && . v/bin/activate; export B=2 C=$D; A=1 sudo engine | tee y",
    "engine | B=2 A=1 | C=$D, cd /x, . v/bin/activate, tee y, sudo",
  ],
  ["docker rm -f x || true; engine run x", "engine run x |  | docker rm -f x"],
  ["bash -c 'engine -m \"a b\"'", "engine -m a b |  | "],
  ["cd /x && source v/bin/activate && exec unknown", "unknown |  | cd /x, source v/bin/activate"],
  ["unknown --port 1", "unknown --port 1 |  | "],
  ["A=1", "`sh -c` starts no program"],
  ["a; b", "`sh -c` starts several programs: write the command of the engine as `cmd`"],
  [
    "engine a & engine b",
    "`sh -c` starts several engines: write the command of the engine as `cmd`",
  ],
  [
    "if a; then engine; fi",
    "`sh -c` has conditions or loops: write the command of the engine as `cmd`",
  ],
  ["engine $(ls)", "only `sh` can expand `$(ls)`: write its value"],
];

Deno.test("a command is found after its wrappers", () => {
  for (const [command, expected] of COMMANDS) {
    strictEqual(shown(command.split(" ")), expected, command);
  }
});

Deno.test("the engine that the script of a shell starts is found", () => {
  for (const [script, expected] of SHELLS) {
    strictEqual(shown(["sh", "-c", script]), expected, script);
  }
});

Deno.test("the script of a shell is found after its options", () => {
  for (const options of ["-lc", "-l -c", "--login -c", "-euo pipefail -c", "-e -o pipefail -xc"]) {
    const words = ["/bin/bash", ...options.split(" "), "engine"];
    strictEqual(shown(words), "engine |  | ", options);
  }
  for (const options of ["", "-x ", "-eo pipefail "]) {
    strictEqual(shown(`bash ${options}/x/start.sh -c 8`.split(" ")), "/x/start.sh -c 8 |  | ");
  }
  for (const command of ["bash", "bash -x", "sh -c"]) {
    match(shown(command.split(" ")), /^a script of `\w+` starts it: write/);
  }
});

/** Returns a command without wrappers as a line, or why its engine is unknown. */
function shown(words: readonly string[]): string {
  const { words: own, variables, lost, problem } = unwrap(words, SURROUNDINGS);
  const wrappers = lost.map((one) => one.words.join(" ")).join(", ");
  return problem ?? `${own.join(" ")} | ${variables.join(" ")} | ${wrappers}`;
}
