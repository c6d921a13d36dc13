/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/**
 * The sandbox that asks engines whether they serve: it may speak to the ports of rendered engines on
 * 127.0.0.1, and can neither read, write nor run anything.
 */
import { answers } from "../host/probe.ts";
import type { ProbeAnswer, ProbeQuestion, ProberOrder } from "../run/health.ts";

/** After this time an engine does not answer. */
const TIMEOUT_MILLISECONDS = 2000;

self.onmessage = ({ data: { endpoints, channel } }: MessageEvent<ProberOrder>) => {
  channel.onmessage = async ({ data: { id, port } }: MessageEvent<ProbeQuestion>) => {
    const endpoint = endpoints.find((each) => each.port === port);
    const ok = endpoint !== undefined && await answers(endpoint, TIMEOUT_MILLISECONDS);
    channel.postMessage({ id, ok } satisfies ProbeAnswer);
  };
};
