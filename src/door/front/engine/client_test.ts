import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { latin1, MemoryConnection } from "../../../testing/memory_connection.ts";
import { type EngineAnswer, EngineClient } from "./client.ts";
import { EngineError, type EngineErrorReason } from "./engine_error.ts";
import type { EngineRequest } from "./request_head.ts";

const GET: EngineRequest = { port: 8100, method: "GET", path: "/", headers: [] };
const POST: EngineRequest = { ...GET, method: "POST", body: [latin1("abc")] };
const HELLO = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

/** A client, and the connections that it opened. */
function clientOf(onConnect: (connection: MemoryConnection, number: number) => void = () => {}) {
  const opened: MemoryConnection[] = [];
  const client = new EngineClient(() => {
    const connection = new MemoryConnection();
    onConnect(connection, opened.push(connection) - 1);
    return Promise.resolve(connection);
  });
  return { client, opened };
}

/** A client whose engine answers every write with the same text. */
function answering(answer: string) {
  return clientOf((connection) => connection.onWrite = () => connection.push(answer));
}

async function textOf({ body }: EngineAnswer): Promise<string> {
  let text = "";
  const add = (bytes: Uint8Array) => bytes.forEach((byte) => text += String.fromCharCode(byte));
  if (body instanceof Uint8Array) add(body);
  else for (let piece; (piece = await body?.next()) !== undefined;) add(piece);
  return text;
}

/** Lets everything happen that needs no further event. */
function settle(): Promise<void> {
  return new Promise((done) => setTimeout(done, 0));
}

function failsWith(reason: EngineErrorReason) {
  return (error: unknown) => error instanceof EngineError && error.reason === reason;
}

interface Case {
  readonly name: string;
  readonly answer: string;
  readonly request?: Partial<EngineRequest>;
  /** The body, or the reason of the error. */
  readonly body: string | { readonly reason: EngineErrorReason };
  readonly status?: number;
  /** True if the connection may be used again. */
  readonly keeps?: boolean;
  /** True if the connection ends after the answer. */
  readonly ends?: boolean;
}

const INVALID = { reason: "invalid" } as const;
const CLOSED = { reason: "closed" } as const;
const UNANSWERED = { reason: "unanswered" } as const;
const CHUNKS = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
/** A text that differs from itself at every distance. */
const fill = (count: number) =>
  Array.from({ length: count }, (_, i) => String.fromCharCode(97 + (i * i + (i >> 8)) % 26)).join(
    "",
  );

/** An answer whose heads have a number of bytes: 40 000 of an interim answer, and the rest. */
function headsOf(count: number): string {
  const interim = `HTTP/1.1 100 Continue\r\nx: ${fill(39_970)}\r\n\r\n`;
  const headOf = (length: number) => HELLO.replace("OK", `OK\r\nx: ${fill(length)}`);
  return interim + headOf(count - interim.length - headOf(0).length + "hello".length);
}

const CASES: readonly Case[] = [
  { name: "a length", answer: HELLO, body: "hello", keeps: true },
  { name: "no reason", answer: HELLO.replace(" OK", ""), body: "hello", keeps: true },
  {
    name: "a length of 0",
    answer: HELLO.replace(/5\r\n\r\nhello/, "0\r\n\r\n"),
    body: "",
    keeps: true,
  },
  {
    name: "the same length twice",
    answer: HELLO.replace("\r\n\r\n", "\r\ncontent-length: 5\r\n\r\n"),
    body: "hello",
    keeps: true,
  },
  {
    name: "a length that just fits into the buffer",
    answer: `HTTP/1.1 200 OK\r\ncontent-length: 65536\r\n\r\n${fill(65_536)}`,
    body: fill(65_536),
    keeps: true,
  },
  {
    name: "a length beyond the buffer",
    answer: `HTTP/1.1 200 OK\r\ncontent-length: 70000\r\n\r\n${fill(70_000)}`,
    body: fill(70_000),
    keeps: true,
  },
  { name: "HEAD", answer: HELLO.slice(0, -5), request: { method: "HEAD" }, body: "", keeps: true },
  { name: "204", answer: "HTTP/1.1 204 No\r\n\r\n", status: 204, body: "", keeps: true },
  {
    name: "204 that announces a body",
    answer: "HTTP/1.1 204 No\r\ncontent-length: 5\r\n\r\n",
    status: 204,
    body: "",
  },
  {
    name: "304 with a length",
    answer: "HTTP/1.1 304 No\r\ncontent-length: 5\r\n\r\n",
    status: 304,
    body: "",
    keeps: true,
  },
  { name: "chunks", answer: `${CHUNKS}5\r\nhello\r\n0\r\n\r\n`, body: "hello", keeps: true },
  {
    name: "chunks with extensions and trailers",
    answer:
      `${CHUNKS}00A;a=b;c="d;\xe4"\r\n0123456789\r\n3 ;x\r\nabc\r\n0;y\r\nX-A: b\r\nX-B:\r\n\r\n`,
    body: "0123456789abc",
    keeps: true,
  },
  {
    name: "CHUNKED in capitals",
    answer: `${CHUNKS.replace("chunked", "CHUNKED")}1\r\nx\r\n0\r\n\r\n`,
    body: "x",
    keeps: true,
  },
  {
    name: "chunks beyond the buffer",
    answer: `${CHUNKS}11170\r\n${fill(70_000)}\r\n1\r\ny\r\n0\r\n\r\n`,
    body: `${fill(70_000)}y`,
    keeps: true,
  },
  { name: "no length", answer: "HTTP/1.1 200 OK\r\n\r\nhello", body: "hello", ends: true },
  {
    name: "connection: close",
    answer: HELLO.replace("OK", "OK\r\nConnection: x, Close"),
    body: "hello",
  },
  { name: "HTTP/1.0", answer: HELLO.replace("1.1", "1.0"), body: "hello" },
  {
    name: "interim answers",
    answer: `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${HELLO}`,
    body: "hello",
    keeps: true,
  },
  { name: "bytes behind the answer", answer: `${HELLO}HTTP/1.1 200`, body: "hello" },
  { name: "nothing", answer: "", body: UNANSWERED },
  { name: "half a head", answer: "HTTP/1.1 200 OK\r\ncontent-", body: CLOSED },
  { name: "half a short body", answer: HELLO.slice(0, -1), body: CLOSED },
  {
    name: "half a long body",
    answer: `HTTP/1.1 200 OK\r\ncontent-length: 70000\r\n\r\n${fill(69_999)}`,
    body: CLOSED,
  },
  { name: "half a chunk", answer: `${CHUNKS}5\r\nhel`, body: CLOSED },
  { name: "no last chunk", answer: `${CHUNKS}5\r\nhello\r\n`, body: CLOSED },
  { name: "no end of the trailers", answer: `${CHUNKS}0\r\nx: y\r\n`, body: CLOSED },
  { name: "only an interim answer", answer: "HTTP/1.1 100 Continue\r\n\r\n", body: CLOSED },
  {
    name: "a length and chunks",
    answer: CHUNKS.replace("\r\n\r\n", "\r\ncontent-length: 5\r\n\r\n"),
    body: INVALID,
  },
  { name: "two lengths", answer: HELLO.replace("OK", "OK\r\ncontent-length: 4"), body: INVALID },
  ...["-5", "+5", "5, 5", "0x5", "5 5", "", "9".repeat(16)].map((length) => ({
    name: `the length "${length}"`,
    answer: HELLO.replace("length: 5", `length: ${length}`),
    body: INVALID,
  })),
  ...["gzip, chunked", "chunked, chunked", "identity", "", "\x0bchunked"].map((coding) => ({
    name: `the coding ${JSON.stringify(coding)}`,
    answer: CHUNKS.replace("chunked", coding) + "0\r\n\r\n",
    body: INVALID,
  })),
  {
    name: "chunks twice",
    answer: CHUNKS.replace("OK", "OK\r\ntransfer-encoding: chunked") + "0\r\n\r\n",
    body: INVALID,
  },
  { name: "chunks of HTTP/1.0", answer: CHUNKS.replace("1.1", "1.0") + "0\r\n\r\n", body: INVALID },
  ...[
    "x",
    "-1",
    "0x1",
    "",
    " 1",
    "1 x",
    "1\t\x01",
    "1;\x00",
    "1\r",
    `1;${fill(1030)}`,
    "00000000000001",
  ]
    .map((size) => ({
      name: `the size of a chunk ${JSON.stringify(size.slice(0, 20))}`,
      answer: `${CHUNKS}${size}\r\nx\r\n0\r\n\r\n`,
      body: INVALID,
    })),
  { name: "no size of a chunk", answer: `${CHUNKS}\r\n\r\n`, body: INVALID },
  { name: "only an extension", answer: `${CHUNKS};a\r\n\r\n`, body: INVALID },
  { name: "a size that ends with CR", answer: `${CHUNKS}1\rxy\r\n0\r\n\r\n`, body: INVALID },
  { name: "a size that ends with LF", answer: `${CHUNKS}1\nx\r\n0\r\n\r\n`, body: INVALID },
  { name: "a chunk longer than its size", answer: `${CHUNKS}1\r\nxy\r\n0\r\n\r\n`, body: INVALID },
  { name: "a chunk that ends with CR", answer: `${CHUNKS}1\r\nx\rx`, body: INVALID },
  { name: "a bad trailer", answer: `${CHUNKS}0\r\nx\r\n\r\n`, body: INVALID },
  {
    name: "large trailers",
    answer: `${CHUNKS}0\r\n${`x: ${fill(1000)}\r\n`.repeat(9)}\r\n`,
    body: INVALID,
  },
  { name: "a folded header", answer: HELLO.replace("OK", "OK\r\nx: y\r\n z"), body: INVALID },
  { name: "a space before the colon", answer: HELLO.replace("length:", "length :"), body: INVALID },
  { name: "a header without a name", answer: HELLO.replace("OK", "OK\r\n: y"), body: INVALID },
  { name: "a header without a colon", answer: HELLO.replace("OK", "OK\r\nxy"), body: INVALID },
  ...["\0", "\r", "\x7f", "\x1b[2J"].map((bad) => ({
    name: `the header value ${JSON.stringify(bad)}`,
    answer: HELLO.replace("OK", `OK\r\nx: a${bad}b`),
    body: INVALID,
  })),
  { name: "a head with LF", answer: HELLO.replaceAll("\r\n", "\n"), body: INVALID },
  {
    name: "256 headers",
    answer: HELLO.replace("OK", `OK${"\r\nx: y".repeat(255)}`),
    body: "hello",
    keeps: true,
  },
  {
    name: "257 headers",
    answer: HELLO.replace("OK", `OK${"\r\nx: y".repeat(256)}`),
    body: INVALID,
  },
  {
    name: "a head of 64 KiB",
    answer: HELLO.replace("OK", `OK\r\nx: ${fill(65_536)}`),
    body: INVALID,
  },
  {
    name: "heads of exactly 64 KiB",
    answer: headsOf(65_536),
    body: "hello",
    keeps: true,
  },
  { name: "heads of 64 KiB and one byte", answer: headsOf(65_537), body: INVALID },
  {
    name: "heads of 64 KiB that never end",
    answer: headsOf(65_536).slice(0, -9) + fill(9),
    body: INVALID,
  },
  {
    name: "interim answers of 64 KiB",
    answer: "HTTP/1.1 100 Continue\r\n\r\n".repeat(2700) + HELLO,
    body: INVALID,
  },
  ...[
    "HTTP/2 200 OK",
    "HTTP/1.2 200 OK",
    "HTTP/1.1 20 OK",
    "HTTP/1.1 600 X",
    "HTTP/1.1  200 OK",
    "ICY 200 OK",
    "\x15\x03\x01",
  ]
    .map((line) => ({
      name: `the status line ${JSON.stringify(line)}`,
      answer: HELLO.replace("HTTP/1.1 200 OK", line),
      body: INVALID,
    })),
  { name: "an empty line first", answer: `\r\n${HELLO}`, body: INVALID },
  {
    name: "a switch of protocols that was not requested",
    answer: "HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    body: INVALID,
  },
];

for (
  const {
    name,
    answer,
    request,
    body,
    status = 200,
    keeps = false,
    ends = body === CLOSED || body === UNANSWERED,
  } of CASES
) {
  for (const size of [answer.length > 10_000 ? 999 : 1, Infinity]) {
    Deno.test(`an answer with ${name}, ${size} bytes at a time`, async () => {
      const { client, opened } = clientOf((connection) =>
        connection.onWrite = () => {
          for (let at = 0; at < answer.length; at += size) {
            connection.push(answer.slice(at, at + size));
          }
          if (ends) connection.push(null);
        }
      );
      const act = async () => {
        const received = await client.request({ ...GET, ...request });
        strictEqual(received.status, status);
        return await textOf(received);
      };
      if (typeof body === "string") strictEqual(await act(), body);
      else await rejects(act, failsWith(body.reason));
      await settle();
      deepStrictEqual(opened.map(({ isClosed }) => isClosed), [!keeps]);
    });
  }
}

Deno.test("the heads of an answer have at most 64 KiB, wherever they are divided", async () => {
  const heads = headsOf(65_537);
  const { client } = clientOf((connection) =>
    connection.onWrite = () => connection.push(heads.slice(0, 40_000), heads.slice(40_000))
  );
  strictEqual(heads.slice(39_996, 40_008), "\r\n\r\nHTTP/1.1");
  await rejects(() => client.request(GET), failsWith("invalid"));
});

Deno.test("headers keep their order and their bytes, with names in lower case", async () => {
  const { client } = answering(
    "HTTP/1.1 200 OK\r\nX-B:  \tb\xe4\x80 \t\r\nX-A:\r\nx-b: c\r\ncontent-length: 0\r\n\r\n",
  );
  const { headers } = await client.request(GET);
  deepStrictEqual(headers, [["x-b", "b\xe4\x80"], ["x-a", ""], ["x-b", "c"], [
    "content-length",
    "0",
  ]]);
});

Deno.test("a request is written exactly", async () => {
  const { client, opened } = answering(HELLO);
  await client.request(GET);
  await client.request({
    ...POST,
    path: "/v1/x?a=%20",
    headers: [["x-a", "\xe4 b"]],
    body: [latin1("ab"), latin1(""), latin1("c")],
  });
  deepStrictEqual(opened.map(({ sent }) => sent), [
    "GET / HTTP/1.1\r\nhost: 127.0.0.1:8100\r\n\r\n" +
    "POST /v1/x?a=%20 HTTP/1.1\r\nhost: 127.0.0.1:8100\r\nx-a: \xe4 b\r\ncontent-length: 3\r\n\r\nabc",
  ]);
});

Deno.test("a stream is written as chunks, without empty ones", async () => {
  const { client, opened } = clientOf((connection) =>
    connection.onWrite = () => {
      if (connection.sent.endsWith("0\r\n\r\n")) connection.push(HELLO);
    }
  );
  const body = ReadableStream.from([latin1("hello"), latin1(""), latin1(fill(40_000))]);
  strictEqual(await textOf(await client.request({ ...POST, body })), "hello");
  const head = "POST / HTTP/1.1\r\nhost: 127.0.0.1:8100\r\ntransfer-encoding: chunked\r\n\r\n";
  strictEqual(opened[0]?.sent, `${head}5\r\nhello\r\n9c40\r\n${fill(40_000)}\r\n0\r\n\r\n`);
});

Deno.test("a large body is written completely by a connection that writes little at a time", async () => {
  const { client, opened } = clientOf((connection) => {
    connection.write = (bytes) => {
      const some = bytes.subarray(0, 50_000);
      connection.sent += `${some[0]}:${some.length} `;
      if (some.length < 50_000) connection.push(HELLO);
      return Promise.resolve(some.length);
    };
  });
  await client.request({ ...POST, body: [new Uint8Array(120_000).fill(7)] });
  strictEqual(opened[0]?.sent.replace(/^\S+ /, ""), "7:50000 7:50000 7:20000 ");
});

for (
  const [name, request] of [
    ["CONNECT", { method: "CONNECT" }],
    ["TRACE", { method: "TRACE" }],
    ["a method with a space", { method: "GET /" }],
    ["a path with a line break", { path: "/a\r\nx: y" }],
    ["a path with a space", { path: "/a b" }],
    ["a path with a fragment", { path: "/a#b" }],
    ["a path that is an address", { path: "http://example.org/" }],
    ["a header value with a line break", { headers: [["x", "a\r\nb: c"]] }],
    ["a header value with NUL", { headers: [["x", "a\0"]] }],
    ["a header value beyond Latin-1", { headers: [["x", "\u0141"]] }],
    ["a header name with a line break", { headers: [["x\r\ny", "a"]] }],
    ["an empty header name", { headers: [["", "a"]] }],
    ["a length of its own", { headers: [["content-length", "3"]] }],
    ["a coding of its own", { headers: [["transfer-encoding", "chunked"]] }],
    ["a host of its own", { headers: [["host", "x"]] }],
  ] as const satisfies readonly (readonly [string, Partial<EngineRequest>])[]
) {
  Deno.test(`a request with ${name} is not sent`, async () => {
    const { client, opened } = answering(HELLO);
    await rejects(() => client.request({ ...GET, ...request }), TypeError);
    strictEqual(opened.length, 0);
  });
}

Deno.test("requests one after the other share a connection, at the same time they do not", async () => {
  const { client, opened } = answering(HELLO);
  await client.request(POST);
  await client.request(GET);
  strictEqual(opened.length, 1);
  await Promise.all([client.request(GET), client.request(GET)]);
  strictEqual(opened.length, 2);
  await client.request({ ...GET, port: 8101 });
  strictEqual(opened.length, 3);
  client.close();
  ok(opened.every(({ isClosed }) => isClosed));
});

Deno.test("at most 32 unused connections are kept", async () => {
  const { client, opened } = answering(HELLO);
  await Promise.all(Array.from({ length: 40 }, () => client.request(GET)));
  strictEqual(opened.filter(({ isClosed }) => !isClosed).length, 32);
});

for (
  const [name, arrival] of [["an answer that was not requested", HELLO], ["the end", null]] as const
) {
  Deno.test(`${name} on an unused connection discards it`, async () => {
    const { client, opened } = answering(HELLO);
    await client.request(GET);
    opened[0]?.push(arrival);
    await settle();
    strictEqual(opened[0]?.isClosed, true);
    await client.request(GET);
    strictEqual(opened.length, 2);
  });
}

/** Connections of which the first one answers once and then ends as soon as it is used again. */
function stale(arrivals: readonly (string | null | Error)[]) {
  return clientOf((connection, number) => {
    let answered = false;
    connection.onWrite = () => {
      if (number > 0 || !answered) connection.push(HELLO);
      else connection.push(...arrivals);
      answered = true;
    };
  });
}

for (const arrival of [null, new Error("reset")]) {
  Deno.test(`a request is sent again if a used connection ${arrival === null ? "ends" : "fails"} first`, async () => {
    const { client, opened } = stale([arrival]);
    await client.request(GET);
    strictEqual(await textOf(await client.request(POST)), "hello");
    deepStrictEqual(opened.map(({ isClosed }) => isClosed), [true, false]);
    ok(opened[1]?.sent.endsWith("\r\n\r\nabc"));
  });
}

Deno.test("a request is not sent again after the first byte of an answer", async () => {
  const { client, opened } = stale(["H", null]);
  await client.request(GET);
  await rejects(() => client.request(POST), failsWith("closed"));
  strictEqual(opened.length, 1);
});

Deno.test("a request is sent again only once", async () => {
  const { client, opened } = clientOf((connection, number) => {
    connection.onWrite = () =>
      connection.push(number === 0 && connection.sent.length < 50 ? HELLO : null);
  });
  await client.request(GET);
  await rejects(() => client.request(POST), failsWith("unanswered"));
  strictEqual(opened.length, 2);
});

Deno.test("a stream is sent on a new connection", async () => {
  const { client, opened } = answering(HELLO);
  await client.request(GET);
  await client.request({ ...POST, body: ReadableStream.from([]) });
  strictEqual(opened.length, 2);
});

Deno.test("a body reads only when it is read, and cancelling it closes the connection", async () => {
  const { client, opened } = answering(CHUNKS);
  const { body } = await client.request(GET);
  ok(body !== null && !(body instanceof Uint8Array));
  const [connection] = opened;
  connection?.push("1\r\na\r\n", "1\r\nb\r\n");
  await settle();
  strictEqual(connection?.reads, 1);
  deepStrictEqual(await body.next(), latin1("a"));
  await settle();
  strictEqual(connection?.reads, 2);
  deepStrictEqual(await body.next(), latin1("b"));
  const waiting = body.next();
  body.cancel();
  await rejects(() => waiting, failsWith("cancelled"));
  strictEqual(connection?.isClosed, true);
});

Deno.test("the chunks that arrived together are one piece, and the connection is free again", async () => {
  const { client, opened } = answering(`${CHUNKS}1\r\na\r\n2\r\nbc\r\n0\r\n\r\n`);
  const { body } = await client.request(GET);
  ok(body !== null && !(body instanceof Uint8Array));
  deepStrictEqual(await body.next(), latin1("abc"));
  strictEqual(await body.next(), undefined);
  await client.request(GET);
  strictEqual(opened.length, 1);
});

Deno.test("pieces stay as they are while more is read, also by the next request", async () => {
  const body = fill(150_000);
  const chunks = [...body.matchAll(/[^]{1,7000}/g)].map(([part]) => part);
  const answer = async (connection: MemoryConnection) => {
    await settle();
    connection.push(CHUNKS);
    for (const part of chunks) {
      connection.push(`${part.length.toString(16)}\r\n${part}\r\n`);
      await settle();
    }
    connection.push("0\r\n\r\n");
  };
  const { client, opened } = clientOf((connection) =>
    connection.onWrite = () => void answer(connection)
  );
  const pieces: Uint8Array[] = [];
  for (let requests = 0; requests < 2; requests++) {
    const { body } = await client.request(GET);
    ok(body !== null && !(body instanceof Uint8Array));
    for (let piece; (piece = await body.next()) !== undefined;) pieces.push(piece);
  }
  ok(pieces.length > 20);
  strictEqual(pieces.map((piece) => String.fromCharCode(...piece)).join(""), body + body);
  strictEqual(opened.length, 1);
});

Deno.test("an engine that fails in mid-stream makes the stream fail", async () => {
  const { client, opened } = answering("HTTP/1.1 200 OK\r\n\r\nhello");
  const answer = await client.request(GET);
  opened[0]?.push(new Error("reset"));
  await rejects(() => textOf(answer), failsWith("closed"));
  strictEqual(opened[0]?.isClosed, true);
});

Deno.test("the signal closes the connection while the answer is awaited", async () => {
  const { client, opened } = clientOf();
  const abort = new AbortController();
  const answer = client.request({ ...GET, signal: abort.signal });
  await settle();
  abort.abort();
  await rejects(() => answer, failsWith("cancelled"));
  strictEqual(opened[0]?.isClosed, true);
});

Deno.test("the signal makes a stream fail that would end with the connection", async () => {
  const { client } = clientOf((connection) => {
    connection.onWrite = () => connection.push("HTTP/1.1 200 OK\r\n\r\nhello");
    connection.close = () => connection.push(null);
  });
  const abort = new AbortController();
  const answer = await client.request({ ...GET, signal: abort.signal });
  abort.abort();
  await rejects(() => textOf(answer), failsWith("cancelled"));
});

Deno.test("a request that was cancelled before is not sent, nor sent again", async () => {
  const { client, opened } = answering(HELLO);
  await client.request(GET);
  await rejects(
    () => client.request({ ...GET, signal: AbortSignal.abort() }),
    failsWith("cancelled"),
  );
  strictEqual(opened.length, 1);
  strictEqual(opened[0]?.sent.split("GET").length, 2);
});

Deno.test("the signal does not close a connection after its answer", async () => {
  const { client, opened } = answering(HELLO);
  const abort = new AbortController();
  await client.request({ ...GET, signal: abort.signal });
  abort.abort();
  await settle();
  strictEqual(opened[0]?.isClosed, false);
});

Deno.test("an engine may answer before it has read the body; its connection is not used again", async () => {
  const { client, opened } = clientOf((connection) => {
    connection.onWrite = () => {
      connection.push(HELLO);
      return new Promise(() => {});
    };
  });
  strictEqual(
    await textOf(await client.request({ ...POST, body: [new Uint8Array(100_000)] })),
    "hello",
  );
  strictEqual(opened[0]?.isClosed, true);
});

Deno.test("an engine may answer and stop reading", async () => {
  const { client } = clientOf((connection) => {
    connection.onWrite = () => {
      setTimeout(() => connection.push(HELLO.replace("200", "413")), 0);
      throw new Error("broken pipe");
    };
  });
  strictEqual((await client.request(POST)).status, 413);
});

Deno.test("a stream is cancelled if the engine answers before its end", async () => {
  const { client } = answering(HELLO);
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({ cancel: () => void (isCancelled = true) });
  await client.request({ ...POST, body });
  await settle();
  ok(isCancelled);
});

Deno.test("a stream that fails cancels its request", async () => {
  const { client, opened } = clientOf();
  const body = new ReadableStream<Uint8Array>({ start: (c) => c.error(new Error("gone")) });
  await rejects(() => client.request({ ...POST, body }), failsWith("cancelled"));
  strictEqual(opened[0]?.isClosed, true);
});

Deno.test("an engine that accepts no connection is unreachable", async () => {
  const client = new EngineClient(() => Promise.reject(new Error("refused")));
  await rejects(() => client.request(GET), failsWith("unreachable"));
});

Deno.test("a switch of protocols that was requested returns the connection", async () => {
  const { client, opened } = answering(
    "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\nframe",
  );
  const abort = new AbortController();
  const request = { ...GET, upgrade: "websocket", signal: abort.signal };
  const { status, body, connection } = await client.request(request);
  ok(opened[0]?.sent.endsWith("\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"));
  deepStrictEqual([status, body], [101, null]);
  ok(connection !== undefined);
  // It belongs to the caller now.
  abort.abort();
  const into = new Uint8Array(3);
  strictEqual(await connection.read(into), 3);
  deepStrictEqual(into, latin1("fra"));
  strictEqual(await connection.read(into), 2);
  opened[0]?.push("x");
  strictEqual(await connection.read(into), 1);
  strictEqual(await connection.write(latin1("y")), 1);
  connection.close();
  ok(opened[0]?.isClosed);
});

Deno.test("an engine may decline to switch protocols", async () => {
  const { client } = answering(HELLO.replace("200 OK", "426 No"));
  strictEqual((await client.request({ ...GET, upgrade: "websocket" })).status, 426);
});

Deno.test("a switch to another protocol than requested is refused", async () => {
  const { client } = answering("HTTP/1.1 101 Switching\r\nupgrade: h2c\r\n\r\n");
  await rejects(() => client.request({ ...GET, upgrade: "websocket" }), failsWith("invalid"));
});

Deno.test("the client speaks to a server of another implementation", async () => {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const text = await request.text();
    return request.method === "GET"
      ? new Response(fill(300_000))
      : new Response(ReadableStream.from([text, text]).pipeThrough(new TextEncoderStream()));
  });
  const { port } = server.addr;
  const client = new EngineClient((port) => Deno.connect({ port, hostname: "127.0.0.1" }));
  for (const body of [[latin1("abc")], ReadableStream.from([latin1("a"), latin1("bc")])]) {
    strictEqual(await textOf(await client.request({ ...POST, port, body })), "abcabc");
  }
  strictEqual(await textOf(await client.request({ ...GET, port })), fill(300_000));
  client.close();
  await server.shutdown();
});

const TYPICAL = [
  HELLO,
  `HTTP/1.1 100 Continue\r\n\r\n${HELLO}`,
  `${CHUNKS}5;a="b"\r\nhello\r\n1\r\n!\r\n0\r\nx: y\r\n\r\n`,
];

Deno.test("an answer is refused if the connection ends or fails at any of its bytes", async () => {
  for (const answer of TYPICAL) {
    for (let cut = 0; cut < answer.length; cut++) {
      for (
        const [size, arrival] of [[1, null], [Infinity, null], [
          Infinity,
          new Error("reset"),
        ]] as const
      ) {
        const { client } = clientOf((connection) =>
          connection.onWrite = () => {
            for (let at = 0; at < cut; at += size) {
              connection.push(answer.slice(at, Math.min(cut, at + size)));
            }
            connection.push(arrival);
          }
        );
        const act = async () => await textOf(await client.request(GET));
        const reason = cut === 0 ? "unanswered" : "closed";
        await rejects(act, failsWith(reason), `${cut} of ${JSON.stringify(answer)}`);
      }
    }
  }
});

Deno.test("an answer is the same if it arrives in two parts, wherever they are divided", async () => {
  for (const answer of TYPICAL) {
    for (let cut = 0; cut <= answer.length; cut++) {
      const { client } = clientOf((connection) =>
        connection.onWrite = () =>
          connection.push(...[answer.slice(0, cut), answer.slice(cut)].filter((t) => t))
      );
      strictEqual((await textOf(await client.request(GET))).slice(0, 5), "hello");
    }
  }
});
