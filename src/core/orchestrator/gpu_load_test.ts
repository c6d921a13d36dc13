import { deepStrictEqual } from "node:assert/strict";
import {
  AMD_LOADS,
  controlGroupFile,
  memoryOfSoulstones,
  parseAmdLoads,
  parseNvidiaLoads,
  parseProcesses,
} from "./gpu_load.ts";

Deno.test("a figure that the driver does not have is undefined, and a GPU without memory is left out", () => {
  const text = [
    "0, NVIDIA RTX A4000, 1024, 16376, [N/A], 50",
    "1, NVIDIA GeForce GT 1030, 10, 2048, 30.11, [Not Supported]",
    "2, NVIDIA A100, [N/A], [N/A], 60.00, [N/A]",
    "No devices were found",
  ].join("\n");
  deepStrictEqual(parseNvidiaLoads(text), [
    {
      name: "NVIDIA RTX A4000",
      usedMib: 1024,
      totalMib: 16_376,
      powerWatts: undefined,
      utilization: 0.5,
    },
    {
      name: "NVIDIA GeForce GT 1030",
      usedMib: 10,
      totalMib: 2048,
      powerWatts: 30.11,
      utilization: undefined,
    },
  ]);
});

Deno.test("the files of amdgpu have the memory of each card, and how busy it is", () => {
  const device = "/sys/class/drm/card1/device";
  const lines = {
    [`${device}/mem_info_vram_total`]: 2 ** 34,
    [`${device}/mem_info_vram_used`]: 2 ** 30,
    [`${device}/gpu_busy_percent`]: 7,
  };
  deepStrictEqual(Object.keys(lines).filter((path) => !AMD_LOADS.includes(path)), []);
  const text = Object.entries(lines).map((entry) => `${entry.join(":")}\n`).join("");
  const load = { name: "AMD GPU 0", usedMib: 1024, totalMib: 16_384, powerWatts: undefined };
  deepStrictEqual(parseAmdLoads(text), [{ ...load, utilization: 0.07 }]);
});

Deno.test("the memory of a Soulstone is that of all processes in the control group of its service", () => {
  const processes = parseProcesses("11, 100\n12, 20\n11, 3\n13, 5\n14, [N/A]\n15, 9\n");
  const slice = "0::/user.slice/user-1000.slice/user@1000.service/app.slice";
  const groups = [
    [11, `${slice}/soulstone-eye.service/libpod-payload-1f`],
    [12, `${slice}/soulstone-eye.service`],
    [13, `${slice}/soulstone-deep.think-2.service/a`],
    // A program of another user, or on the desktop.
    [15, `${slice}/app-soulstone-eye.service.scope`],
  ].map(([pid, group]) => `${controlGroupFile(String(pid))}:${group}\n`).join("");
  deepStrictEqual([...memoryOfSoulstones(processes, groups)], [["eye", 123], ["deep.think-2", 5]]);
});
