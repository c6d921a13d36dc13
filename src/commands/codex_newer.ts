import { join } from "node:path/posix";
import { type Host, HostError } from "../host/host.ts";

/** Deeper folders are not searched, but called newer: links may lead in a circle. */
const DEPTH_LIMIT = 16;

/**
 * Whether any file or folder of a Codex may have changed since a moment, or could not be looked at. Much faster
 * than to read and compile it.
 */
export function isCodexNewer(host: Host, folder: string, thanSeconds: number): boolean {
  function isNewer(path: string, depth: number): boolean {
    const status = host.stat(path);
    if (status === undefined || depth > DEPTH_LIMIT) return true;
    // The same second may be the one before or the one behind.
    if (status.changedSeconds >= thanSeconds) return true;
    return status.kind === "folder" &&
      host.list(path).some((name) => isNewer(join(path, name), depth + 1));
  }
  try {
    return isNewer(folder, 0);
  } catch (error) {
    if (error instanceof HostError) return true;
    throw error;
  }
}
