import { sha256 } from "../core/plan/digest.ts";
import type { Host } from "../host/host.ts";
import { limitOf } from "./own_files.ts";

/** Returns the digest of the file at `place`, a copy of our file `path`; undefined if it is not ours. */
export function digestAt(host: Host, place: string, path: string): string | undefined {
  const status = host.lstat(place);
  if (status?.kind !== "file" || status.sizeBytes > limitOf(path)) return undefined;
  return sha256(host.read(place, limitOf(path)));
}
