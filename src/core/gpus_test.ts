import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { AMD_COUNTERS, parseAmdCounters, parseNvidiaSmi } from "./gpus.ts";

Deno.test("parseNvidiaSmi() skips lines without numbers", () => {
  deepStrictEqual(
    parseNvidiaSmi("0, GPU-5ebe, 24576, 23028\n1, GPU-8f2e, [N/A], [N/A]\nNo devices were found\n"),
    [{ vendor: "nvidia", names: ["0", "GPU-5ebe", "nvidia0"], totalMib: 24576, freeMib: 23028 }],
  );
  deepStrictEqual(parseNvidiaSmi(""), []);
});

Deno.test("parseAmdCounters() skips a card without both counters", () => {
  const at = (i: number) => AMD_COUNTERS[i] ?? "";
  const lines = [`${at(2)}:${16 * 2 ** 30}`, `${at(3)}:${2 ** 30}`, `${at(4)}:5`];
  deepStrictEqual(parseAmdCounters(`${lines.join("\n")}\n`), [
    { vendor: "amd", names: ["0", "card1"], totalMib: 16384, freeMib: 15360 },
  ]);
  deepStrictEqual(parseAmdCounters(""), []);
});

Deno.test("parseAmdCounters() names a card by both of its nodes, up to the 32nd card", () => {
  const lines = (node: string, gib: number) =>
    ["total", "used"].map((what) => {
      const path = `/sys/class/drm/${node}/device/mem_info_vram_${what}`;
      strictEqual(AMD_COUNTERS.includes(path), true, path);
      return `${path}:${what === "used" ? 0 : gib * 2 ** 30}\n`;
    }).join("");
  // card0 is not a GPU and has no render node.
  const text = lines("card1", 16) + lines("card31", 8) + lines("renderD128", 16) +
    lines("renderD159", 8);
  deepStrictEqual(parseAmdCounters(text).map(({ names, totalMib }) => [...names, totalMib]), [
    ["0", "card1", "renderD128", 16384],
    ["1", "card31", "renderD159", 8192],
  ]);
});
