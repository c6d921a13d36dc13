/** The protocol by which pages of OpenAI's realtime API send a key: browsers permit no other header. */
const KEY = "openai-insecure-api-key.";

/**
 * Returns the protocols that a client offers for a WebSocket, without the one that is its key, and the key.
 *
 * @example
 * ```ts
 * import { webSocketProtocols } from "./web_socket_protocols.ts";
 * webSocketProtocols("realtime, openai-insecure-api-key.x"); // { protocols: ["realtime"], key: "x" }
 * ```
 */
export function webSocketProtocols(
  header: string | null,
): { readonly protocols: readonly string[]; readonly key: string | undefined } {
  const offered = header?.split(",").map((name) => name.trim()) ?? [];
  const key = offered.find((name) => name.startsWith(KEY))?.slice(KEY.length);
  return { protocols: offered.filter((name) => !name.startsWith(KEY)), key };
}
