/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** The sandbox of a command, which tries to break out instead of doing what the command does. */
import { tryAll } from "./self_test/attempts.ts";
import type { SealRequest } from "./self_test/report.ts";

self.onmessage = async ({ data }: MessageEvent<SealRequest>) => {
  self.postMessage(await tryAll(data.places, data.permissions));
};
