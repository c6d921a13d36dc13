/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/**
 * The sandbox that asks engines whether they serve: it may speak to the ports that are wanted, on
 * 127.0.0.1, and can neither read, write nor run anything.
 */
import { answers } from "./host/probe.ts";
import type { ProbeAnswer, ProbeQuestion } from "./prober.ts";

/** After this time an engine does not answer. */
const TIMEOUT_MILLISECONDS = 2000;

self.onmessage = ({ data: channel }: MessageEvent<MessagePort>) => {
  channel.onmessage = async ({ data }: MessageEvent<ProbeQuestion>) => {
    const ok = await answers(data.endpoint, TIMEOUT_MILLISECONDS);
    channel.postMessage({ id: data.id, ok } satisfies ProbeAnswer);
  };
};
