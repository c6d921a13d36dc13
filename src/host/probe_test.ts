import { strictEqual } from "node:assert/strict";
import { answers } from "./probe.ts";

/** Starts a server that always sends `response`; undefined for one that never answers. */
function serve(response: string | undefined): { port: number; requests: string[] } & Disposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requests: string[] = [];
  const open: Deno.Conn[] = [];
  (async () => {
    for await (const connection of listener) {
      open.push(connection);
      const buffer = new Uint8Array(1000);
      const length = await connection.read(buffer) ?? 0;
      requests.push(new TextDecoder().decode(buffer.subarray(0, length)));
      if (response === undefined) continue;
      await connection.write(new TextEncoder().encode(response));
      connection.close();
    }
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    requests,
    [Symbol.dispose]() {
      listener.close();
      for (const connection of open) {
        try {
          connection.close();
        } catch {
          // It is already closed.
        }
      }
    },
  };
}

const RESPONSES: readonly (readonly [response: string | undefined, ok: boolean])[] = [
  ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true],
  ["HTTP/1.0 204 No Content\r\n\r\n", true],
  ["HTTP/1.1 200\r\n\r\n", true],
  ["HTTP/1.1 301 Moved\r\nLocation: http://192.0.2.1/\r\n\r\n", false],
  ["HTTP/1.1 404 Not Found\r\n\r\n", false],
  ["HTTP/1.1 503 Service Unavailable\r\n\r\n", false],
  ["HTTP/1.1 2000 Odd\r\n\r\n", false],
  ["hello\r\n", false],
  ["", false],
  [undefined, false],
];

for (const [response, ok] of RESPONSES) {
  Deno.test(`answers() is ${ok} for ${JSON.stringify(response)}`, async () => {
    using server = serve(response);
    strictEqual(await answers({ port: server.port, path: "/health" }, 200), ok);
    strictEqual(
      server.requests[0],
      `GET /health HTTP/1.1\r\nHost: localhost:${server.port}\r\nConnection: close\r\n\r\n`,
    );
  });
}

Deno.test("answers() is false without a listener", async () => {
  const server = serve("");
  server[Symbol.dispose]();
  strictEqual(await answers({ port: server.port, path: "/" }, 200), false);
});

Deno.test("answers() rejects a path that contains another request", async () => {
  using server = serve("HTTP/1.1 200 OK\r\n\r\n");
  for (const path of ["/x\r\nHost: y", "/a b", "health", "/\u00e9"]) {
    strictEqual(await answers({ port: server.port, path }, 200), false);
  }
  strictEqual(server.requests.length, 0);
});
