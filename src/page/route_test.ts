import { deepStrictEqual } from "node:assert/strict";
import { routeOf } from "./route.ts";

Deno.test("any fragment names a part of the page", () => {
  deepStrictEqual(
    ["", "#", "#logs", "#logs/", "#logs/eye", "#try/a%20b", "#logs/%", "#try/%zz", "#try/%ff"].map(
      (hash) => Object.values(routeOf(hash)),
    ),
    [
      ...[["engines", ""], ["engines", ""], ["logs", ""], ["logs", ""], ["logs", "eye"]],
      ...[["try", "a b"], ["logs", "%"], ["try", "%zz"], ["try", "%ff"]],
    ],
  );
});
