import { createHash } from "node:crypto";

/**
 * Returns the SHA-256 digest in hexadecimal. In a file of its own, because `node:crypto` takes a
 * quarter of the time of a hello-world to load, and most commands that read a receipt need no digest.
 */
export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
