import { strictEqual } from "node:assert/strict";
import { Failures } from "./failures.ts";

Deno.test("the pause doubles with each failure, up to ten minutes", () => {
  const failures = new Failures();
  for (const seconds of [30, 60, 120, 240, 480, 600, 600]) {
    failures.add("eye", "", 0);
    strictEqual(failures.of("eye", 0)?.untilMilliseconds, seconds * 1000);
  }
});
