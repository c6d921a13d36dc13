/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** Starts a front for an engine on a port, and answers with its own port. */
import { startFront } from "./front_bench.ts";

self.onmessage = async ({ data }: MessageEvent<number>) => {
  const bench = await startFront({ ports: { eye: data }, ready: ["eye"] });
  self.postMessage(bench.port);
};
