/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/**
 * Asks engines for their health. Its sandbox may connect to the ports of rendered engines on 127.0.0.1
 * and do nothing else.
 */
import { answers } from "../host/probe.ts";
import type { ProbeAnswer, ProbeQuestion, ProberOrder } from "../run/health.ts";

/** The time after which an engine counts as not answering. */
const TIMEOUT_MILLISECONDS = 2000;

self.onmessage = ({ data: { endpoints, channel } }: MessageEvent<ProberOrder>) => {
  channel.onmessage = async ({ data: { id, port } }: MessageEvent<ProbeQuestion>) => {
    const endpoint = endpoints.find((each) => each.port === port);
    const ok = endpoint !== undefined && await answers(endpoint, TIMEOUT_MILLISECONDS);
    channel.postMessage({ id, ok } satisfies ProbeAnswer);
  };
};
