/** An HTTP endpoint of an engine: `http://127.0.0.1:PORT PATH`. */
export interface Endpoint {
  readonly port: number;
  readonly path: string;
}

/** The length of a response that is read at most; only its first line matters. */
const HEAD_LENGTH = 512;

/**
 * Returns true if an engine answers a GET with 2xx within `timeoutMilliseconds`. Needs only the network
 * permission for its port. `fetch` would use the proxy of the environment and follow redirects to other
 * hosts, so the request is written by hand.
 */
export async function answers(
  { port, path }: Endpoint,
  timeoutMilliseconds: number,
): Promise<boolean> {
  if (!/^\/[!-~]*$/.test(path)) return false;
  let connection: Deno.Conn | undefined;
  const timer = setTimeout(() => connection?.close(), timeoutMilliseconds);
  try {
    connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const request = `GET ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`;
    await connection.write(new TextEncoder().encode(request));
    let head = "";
    for await (const text of connection.readable.pipeThrough(new TextDecoderStream())) {
      head += text;
      if (head.includes("\n") || head.length >= HEAD_LENGTH) break;
    }
    return /^HTTP\/1\.[01] 2\d\d\b/.test(head);
  } catch {
    // Refused, interrupted or too slow.
    return false;
  } finally {
    clearTimeout(timer);
    try {
      connection?.close();
    } catch {
      // It is already closed.
    }
  }
}
