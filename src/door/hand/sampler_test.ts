import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { controlGroupFile, NVIDIA_LOADS } from "../../core/orchestrator/gpu_load.ts";
import { findPrograms } from "../../run/programs.ts";
import { foldersOfHome } from "../../testing/folders_of_home.ts";
import { memoryContext } from "../../testing/memory_context.ts";
import { memoryHost } from "../../testing/memory_host.ts";
import { Sampler } from "./sampler.ts";

Deno.test("GPUs are measured while that is wanted, and no longer", async () => {
  let count = 0;
  const host = memoryHost({}, (program, args) => {
    const isOfProcesses = args.some((arg) => arg === controlGroupFile("7"));
    const isLoads = String(args) === String(NVIDIA_LOADS);
    if (isLoads) count++;
    const stdout = program === "/grep"
      ? isOfProcesses ? "/proc/7/cgroup:0::/soulstone-eye.service\n" : ""
      : isLoads
      ? "0, NVIDIA H200, 512, 1024, 76.5, 3\n"
      : "7, 512\n";
    return Promise.resolve({ code: 0, stdout, stderr: "" });
  });
  const programs = { ...findPrograms(() => false), nvidiaSmi: "/nvidia-smi", grep: "/grep" };
  const folders = foldersOfHome("/home", {});
  const context = memoryContext({ out: "", err: "" }, { host, folders, programs });
  let sampled = Promise.withResolvers<unknown>();
  const sampler = new Sampler(context, (sample) => {
    sampled.resolve(sample);
    sampled = Promise.withResolvers();
  }, 1);
  strictEqual(count, 0);
  const first = sampled.promise;
  sampler.isWanted = true;
  // One measurement at a time, however often it is wanted.
  for (const isWanted of [false, true, false, true]) sampler.isWanted = isWanted;
  deepStrictEqual(await first, {
    kind: "sample",
    gpus: [{
      name: "NVIDIA H200",
      usedMib: 512,
      totalMib: 1024,
      powerWatts: 76.5,
      utilization: 0.03,
    }],
    usedMib: new Map([["eye", 512]]),
  });
  strictEqual(count, 1);
  await sampled.promise;
  await sampled.promise;
  sampler.isWanted = false;
  // Longer than a measurement with its pause.
  await new Promise((wake) => setTimeout(wake, 50));
  const counted = count;
  await new Promise((wake) => setTimeout(wake, 50));
  strictEqual(count, counted);
  const again = sampled.promise;
  sampler.isWanted = true;
  await again;
  sampler.close();
});
