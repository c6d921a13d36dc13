import { strictEqual } from "node:assert/strict";
import { SwapTimes } from "./swap_times.ts";

Deno.test("only the last nine swaps count", () => {
  const times = new SwapTimes();
  for (let i = 0; i < 9; i++) times.add(1000);
  for (let i = 0; i < 5; i++) times.add(9000);
  strictEqual(times.medianMilliseconds, 9000);
});
