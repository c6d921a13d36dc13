import assert from "node:assert/strict";
import { exposition } from "./exposition.ts";
import { sglang } from "./stand_ins.ts";

/** The default `Accept` headers of Prometheus 2.53 and 3.5. */
const ACCEPT_2 = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;" +
  "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
const ACCEPT_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," +
  "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;" +
  "escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

Deno.test("a stand-in replaces `:` as the library does: only for Prometheus 2", async () => {
  const { families, negotiation } = sglang("newest", "m");
  const names = async (accept: string) => {
    const text = await exposition(families(1), accept, negotiation).text();
    return text.split("\n").filter((line) => /^sglang.num_queue_reqs/.test(line))
      .map((line) => line.slice(0, 7));
  };
  assert.deepEqual(new Set(await names(ACCEPT_2)), new Set(["sglang_"]));
  assert.deepEqual(new Set(await names(ACCEPT_3)), new Set(["sglang:"]));
  assert.deepEqual(new Set(await names("text/plain;version=0.0.4")), new Set(["sglang:"]));
});
