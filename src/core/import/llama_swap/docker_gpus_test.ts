import { deepStrictEqual } from "node:assert/strict";
import { parseRunOptions } from "../../rune/mod.ts";
import { dockerGpus } from "./docker_gpus.ts";

const OPTIONS: readonly (readonly [options: readonly string[], names: string | undefined])[] = [
  [[], undefined],
  [["--rm", "-e", "CUDA_VISIBLE_DEVICES=0"], undefined],
  [["--gpus", "all"], "all"],
  [["--gpus=-1"], "all"],
  [["--gpus", "2"], "0 1"],
  [["--gpus", "0"], ""],
  [["--gpus", "count=2"], "0 1"],
  [["--gpus", "device=1"], "1"],
  [["--gpus", '"device=0,1"'], "0 1"],
  [["--gpus", "device=0,1"], "0 1"],
  [["--gpus", '"device=0,1",capabilities=utility'], "0 1"],
  [["--gpus", "all,capabilities=utility"], "all"],
  [["--gpus", 'all,"capabilities=compute,utility"'], "all"],
  [["--gpus", "capabilities=utility,count=all,driver=nvidia"], "all"],
  [["--gpus", "device=GPU-1a2b,device=0:1"], "0:1"],
  [["--gpus", "device=0;x"], "unread"],
  [["--gpus", "driver=amd,count=1"], "unread"],
  [["--gpus", "many"], "unread"],
  [["--gpus", ""], "unread"],
  [["--runtime=nvidia"], "all"],
  [["--runtime", "runsc"], undefined],
  [["--runtime", "nvidia", "-e", "NVIDIA_VISIBLE_DEVICES=1"], "1"],
  [["-e", "NVIDIA_VISIBLE_DEVICES=GPU-1a2b,MIG-3c"], "GPU-1a2b MIG-3c"],
  [["--runtime", "nvidia", "--env=NVIDIA_VISIBLE_DEVICES=void"], ""],
  [["-e", "NVIDIA_VISIBLE_DEVICES=$GPU"], "unread"],
  [["--gpus", "device=2", "-e", "NVIDIA_VISIBLE_DEVICES=all", "--runtime=nvidia"], "2"],
];

Deno.test("dockerGpus() reads --gpus, the variable and the runtime of NVIDIA", () => {
  for (const [words, expected] of OPTIONS) {
    const gpus = dockerGpus(parseRunOptions([...words, "image"]).options);
    const names = gpus === undefined ? undefined : gpus.names?.join(" ") ?? "unread";
    deepStrictEqual(names, expected, words.join(" "));
  }
});
