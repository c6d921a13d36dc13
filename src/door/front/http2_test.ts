/**
 * Tests that the rules for requests hold for HTTP/2 without TLS too: the runtime accepts it from clients that
 * begin with it.
 */
import { strictEqual } from "node:assert/strict";
import { type ClientHttp2Session, connect, constants } from "node:http2";
import {
  type FrontBench,
  startEngine,
  startFront,
  startRawEngine,
  test,
} from "../../testing/front_bench.ts";

const CHAT = {
  ":method": "POST",
  ":path": "/v1/chat/completions",
  "content-type": "application/json",
};
const BODY = '{"model":"eye"}';

/** Sends one request with HTTP/2, and returns the status and the code of the answer. */
async function outcomeOf(bench: FrontBench, headers: Record<string, string>, body?: string) {
  const session = connect(bench.url);
  session.on("error", () => {});
  try {
    return await answerOf(session, headers, body);
  } finally {
    session.destroy();
  }
}

function answerOf(session: ClientHttp2Session, headers: Record<string, string>, body?: string) {
  const { promise, resolve } = Promise.withResolvers<string>();
  const stream = session.request(headers);
  let [status, text] = ["", ""];
  stream.setEncoding("utf8");
  stream.on("response", (answer) => status = String(answer[":status"]));
  stream.on("data", (part) => text += part);
  stream.on("end", () => resolve(`${status} ${/"code":"(\w+)"/.exec(text)?.[1] ?? text.trim()}`));
  stream.on("error", () => resolve("reset"));
  stream.end(body);
  return promise;
}

/** The claim, other headers than those of a chat, and the outcome; `AUTHORITY` is the door's own. */
const CASES = [
  ["a chat", {}, "200 hello"],
  ["another authority", { ":authority": "evil.example" }, "403 bad_host"],
  [
    "another authority with the host",
    { ":authority": "a.example", host: "AUTHORITY" },
    "400 bad_host",
  ],
  ["another host", { host: "evil.example" }, "403 bad_host"],
  [
    "its authority and another host",
    { ":authority": "AUTHORITY", host: "a.example" },
    "400 bad_host",
  ],
  ["the same host", { host: "AUTHORITY" }, "200 hello"],
  ["an authority of two", { ":authority": "AUTHORITY@evil.example" }, "403 bad_host"],
  ["a page of another origin", { origin: "http://evil.example" }, "403 bad_origin"],
  ["a length that is too short", { "content-length": "5" }, "reset"],
  ["a length that is too long", { "content-length": "500" }, "reset"],
  ["a body of any page", { "content-type": "text/plain" }, "415 bad_content_type"],
  ["the path of a URL", { ":path": "http://127.0.0.1/v1/chat/completions" }, "404 no_endpoint"],
  ["another scheme", { ":scheme": "https" }, "200 hello"],
] as const;

/** Frames of HTTP/2 that the client of Node.js refuses to send, and that no engine may see the effect of. */
const FORBIDDEN = [
  ["connection", "x-a"],
  ["transfer-encoding", "chunked"],
  ["upgrade", "websocket"],
  ["keep-alive", "1"],
  ["te", "gzip"],
  [":authority", "evil.example"],
  [":unknown", "1"],
  ["X-Upper", "1"],
  ["x-a", "1\r\nx-b: 2"],
  ["x-a", "1\0"],
] as const;

/** Sends a request with one more header as frames, and returns the type of the first answer to it. */
async function rawOutcomeOf(bench: FrontBench, header: readonly [name: string, value: string]) {
  const connection = await Deno.connect({ port: bench.port });
  const bytes = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));
  const frame = (type: number, flags: number, stream: number, payload: string) => {
    const length = payload.length;
    const head = [length >> 16, length >> 8 & 255, length & 255, type, flags, 0, 0, 0, stream];
    return String.fromCharCode(...head) + payload;
  };
  const literal = ([name, value]: readonly [string, string]) =>
    `\0${String.fromCharCode(name.length)}${name}${String.fromCharCode(value.length)}${value}`;
  const headers = [
    ...[[":method", "GET"], [":scheme", "http"], [":path", "/upstream/eye/health"]] as const,
    [":authority", `127.0.0.1:${bench.port}`] as const,
    header,
  ];
  const [SETTINGS, HEADERS, RST_STREAM, GOAWAY] = [4, 1, 3, 7];
  await connection.write(bytes(
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, "") +
      frame(HEADERS, 5, 1, headers.map(literal).join("")),
  ));
  let all = "";
  const buffer = new Uint8Array(65_536);
  for (let count; (count = await connection.read(buffer)) !== null;) {
    all += String.fromCharCode(...buffer.subarray(0, count));
    for (let at = 0; at + 9 <= all.length;) {
      const type = all.charCodeAt(at + 3);
      if ([HEADERS, RST_STREAM, GOAWAY].includes(type)) {
        connection.close();
        return type === HEADERS ? "answered" : "refused";
      }
      at += 9 + all.charCodeAt(at) * 65_536 + all.charCodeAt(at + 1) * 256 + all.charCodeAt(at + 2);
    }
  }
  connection.close();
  return "closed";
}

test("HTTP/2 has the same rules", async (test) => {
  await using engine = startEngine(() => new Response("hello"));
  await using bench = await startFront({ ports: { eye: engine.port }, ready: ["eye"] });
  const authority = `127.0.0.1:${bench.port}`;
  for (const [claim, changes, expected] of CASES) {
    await test.step(claim, async () => {
      const headers = Object.fromEntries(
        Object.entries({ ...CHAT, ...changes })
          .map(([name, value]) => [name, value.replace("AUTHORITY", authority)]),
      );
      strictEqual(await outcomeOf(bench, headers, BODY), expected);
    });
  }
});

test("HTTP/2 with headers of a connection, or with two readings, is refused", async (test) => {
  await using engine = startEngine(() => new Response("hello"));
  await using bench = await startFront({ ports: { eye: engine.port }, ready: ["eye"] });
  strictEqual(await rawOutcomeOf(bench, ["x-a", "1"]), "answered");
  strictEqual(engine.requests, 1);
  for (const header of FORBIDDEN) {
    await test.step(JSON.stringify(header), async () => {
      strictEqual(await rawOutcomeOf(bench, header), "refused");
    });
  }
  strictEqual(engine.requests, 1);
});

test("a request of HTTP/2 ends with its client, and one that fails is reset", async () => {
  await using engine = startRawEngine(async (connection) => {
    await connection.write(
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n" +
        "9\r\ndata: 1\n\n\r\n",
    );
    connection.close();
  });
  await using bench = await startFront({ ports: { eye: engine.port, sage: 1 }, ready: ["eye"] });
  strictEqual(await outcomeOf(bench, CHAT, BODY), "reset");
  const session = connect(bench.url);
  const stream = session.request(CHAT);
  stream.on("error", () => {});
  stream.end('{"model":"sage"}');
  const waits = async (count: number) => {
    while ((await bench.next("state")).state.engines.length !== count);
  };
  await waits(1);
  stream.close(constants.NGHTTP2_CANCEL);
  await waits(0);
  session.destroy();
});
