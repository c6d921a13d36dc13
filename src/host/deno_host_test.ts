import { ok, rejects } from "node:assert/strict";
import { DENO_HOST } from "./deno_host.ts";

Deno.test("a program that is not waited for any more is ended at once", async () => {
  const interruption = new AbortController();
  const limits = { milliseconds: 20_000, bytes: 100, until: interruption.signal };
  const begun = performance.now();
  setTimeout(() => interruption.abort(), 100);
  const running = DENO_HOST.run("/bin/sh", ["-c", "exec sleep 10"], {}, limits);
  await rejects(running, { name: "HostError", fault: "interrupted" });
  await rejects(DENO_HOST.run("/bin/sh", ["-c", "exec sleep 10"], {}, limits), {
    fault: "interrupted",
  });
  ok(performance.now() - begun < 5000);
});
