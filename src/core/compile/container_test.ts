import { deepStrictEqual } from "node:assert/strict";
import { outputOf, QUIET } from "./container.ts";

Deno.test("outputOf() keeps the output of Podman only if a container writes through it", () => {
  for (const driver of ["passthrough", "passthrough-tty"]) {
    deepStrictEqual(outputOf({ Container: { LogDriver: driver } }), {});
  }
  deepStrictEqual(outputOf({ Container: { LogDriver: "journald" } }), QUIET);
  deepStrictEqual(outputOf({}), QUIET);
});
