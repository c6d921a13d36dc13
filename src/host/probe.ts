/** Asks an engine whether it serves. Needs the network permission for its port and nothing else. */

/** What is asked: `http://127.0.0.1:PORT PATH`. */
export interface Endpoint {
  readonly port: number;
  readonly path: string;
}

/** How much of an answer is read for its first line. */
const HEAD_BYTES = 512;

/**
 * Whether an engine answers a GET with 2xx within `timeoutMilliseconds`. The request goes straight to
 * 127.0.0.1: `fetch` would take the proxy of the environment, and follow redirects elsewhere.
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
    return /^HTTP\/1\.[01] 2\d\d\b/.test(await firstLine(connection));
  } catch {
    // Refused, cut off or too slow: it does not serve.
    return false;
  } finally {
    clearTimeout(timer);
    try {
      connection?.close();
    } catch {
      // The timer was first.
    }
  }
}

async function firstLine(connection: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(HEAD_BYTES);
  let length = 0;
  while (length < HEAD_BYTES) {
    const read = await connection.read(buffer.subarray(length));
    if (read === null) break;
    length += read;
    if (buffer.subarray(0, length).includes(10)) break;
  }
  return new TextDecoder().decode(buffer.subarray(0, length)).split("\r\n")[0] ?? "";
}
