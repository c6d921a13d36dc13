/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** Speaks HTTP for the front door. Its sandbox has the ports of the door and of engines, and nothing else. */
import { serveFront } from "../door/front/mod.ts";
import type { FrontOrder } from "./second_sandboxes.ts";

self.onmessage = async ({ data: { channel, page } }: MessageEvent<FrontOrder>) => {
  await serveFront(channel, { page });
  // Otherwise the front of each former render would keep its memory.
  self.close();
};
