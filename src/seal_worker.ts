/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** The sandbox of a command, which tries to break out of it instead of doing what the command does. */
import { type Places, tryAll } from "./seal/attempts.ts";
import type { Permissions } from "./permissions.ts";

/** What the gate hands over. */
export interface SealRequest {
  readonly places: Places;
  readonly permissions: Permissions;
}

self.onmessage = async ({ data }: MessageEvent<SealRequest>) => {
  self.postMessage(await tryAll(data.places, data.permissions));
};
