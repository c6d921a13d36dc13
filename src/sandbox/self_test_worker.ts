/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** Tries to break out of the sandbox of a command, instead of running the command. */
import { tryAll } from "./self_test/attempts.ts";
import type { SelfTestRequest } from "./self_test/report.ts";

self.onmessage = async ({ data }: MessageEvent<SelfTestRequest>) => {
  self.postMessage(await tryAll(data.places, data.permissions));
};
