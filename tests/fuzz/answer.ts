/** Makes answers of engines, valid and broken, and compares the client with an independent reader. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { type EngineAnswer, EngineClient } from "../../src/door/front/engine/client.ts";
import { EngineError } from "../../src/door/front/engine/engine_error.ts";
import { latin1, MemoryConnection } from "../../src/testing/memory_connection.ts";
import { mutated } from "./mutate.ts";
import { readReference } from "./reference_answer.ts";

/** The circumstances of an answer. */
export interface Circumstances {
  readonly method: "GET" | "POST" | "HEAD";
  readonly upgrade: "websocket" | undefined;
  /** The sizes of the pieces that arrive, which repeat. */
  readonly sizes: readonly number[];
  /** The fate of the connection after the answer. */
  readonly ending: "end" | "reset" | "open";
}

/** Circumstances as fast-check makes them. */
export const CIRCUMSTANCES: fc.Arbitrary<Circumstances> = fc.record({
  method: fc.constantFrom("GET", "POST", "POST", "HEAD"),
  upgrade: fc.constantFrom(undefined, undefined, undefined, "websocket"),
  sizes: fc.oneof(
    fc.constant([1]),
    fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 }),
    fc.constant([100_000]),
  ),
  ending: fc.constantFrom("end", "reset", "open"),
});

const BODY = fc.oneof(
  { weight: 9, arbitrary: fc.uint8Array({ maxLength: 40 }).map(textOf) },
  {
    weight: 3,
    arbitrary: fc.constantFrom("", "0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "data: x\n\n"),
  },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 70_000 }).map((length) => "x".repeat(length)) },
);

const HEADER = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.constantFrom(
      ...[
        "Content-Type: text/event-stream",
        "Date: Mon, 30 Nov 2026 07:00:00 GMT",
        "x-a:b",
        "X-A:  \xe4 \t",
        "x:",
      ],
      ...["Connection: keep-alive", "Connection: close", "connection: x , CLOSE", "Trailer: x-a"],
      ...["Upgrade: websocket", "upgrade: h2c", "Connection: upgrade"],
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(60_000, 65_400, 65_536).map((length) => `x: ${"y".repeat(length)}`),
  },
);
const HEADERS = fc.array(HEADER, { maxLength: 4 });

/** Writes a body as chunks. */
const CHUNKER = fc.record({
  sizes: fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 4 }),
  spell: fc.constantFrom(
    (size: number) => size.toString(16),
    (size: number) => size.toString(16).toUpperCase().padStart(4, "0"),
    (size: number) => size.toString(16).padStart(14, "0"),
  ),
  extension: fc.oneof(
    { weight: 5, arbitrary: fc.constant("") },
    fc.constantFrom(";a", ' ; a="b;\xe4"', "\t;", ";" + "x".repeat(1030)),
  ),
  trailers: fc.oneof(
    { weight: 3, arbitrary: fc.constant<string[]>([]) },
    fc.array(HEADER, { maxLength: 2 }),
  ),
}).map(({ sizes, spell, extension, trailers }) => (body: string) => {
  let [text, at] = ["", 0];
  for (const size of [...sizes, body.length]) {
    const data = body.slice(at, at + size);
    at += data.length;
    if (data !== "") text += `${spell(data.length)}${extension}\r\n${data}\r\n`;
  }
  return `${text}0${extension}\r\n${trailers.map((line) => `${line}\r\n`).join("")}\r\n`;
});

const CHUNKED = "Transfer-Encoding: chunked";

/** Headers and bytes for a body. */
const MESSAGE: fc.Arbitrary<readonly [headers: readonly string[], bytes: string]> = fc.tuple(
  BODY,
  CHUNKER,
)
  .chain(([body, chunks]) => {
    const length = `Content-Length: ${body.length}`;
    return fc.oneof(
      { weight: 6, arbitrary: fc.constant([[length], body] as const) },
      { weight: 6, arbitrary: fc.constant([[CHUNKED], chunks(body)] as const) },
      { weight: 2, arbitrary: fc.constant([[], body] as const) },
      fc.constantFrom(
        ...[
          [[length, length], body],
          [[length, `content-length:${body.length + 1}`], body],
          [[`Content-Length: ${body.length + 1}`], body],
          [[`Content-Length: 0${body.length}`], body],
          [[`Content-Length: ${body.length}, ${body.length}`], body],
          [["Content-Length: 9999999999999999"], body],
          [[length, CHUNKED], chunks(body)],
          [[CHUNKED, length], body],
          [["transfer-encoding: CHUNKED"], chunks(body)],
          [["Transfer-Encoding: gzip, chunked"], chunks(body)],
          [[CHUNKED, CHUNKED], chunks(body)],
          [[CHUNKED], body],
        ] as const,
      ),
    );
  });

const STATUS_LINE = fc.oneof(
  { weight: 9, arbitrary: fc.constant("HTTP/1.1 200 OK") },
  fc.constantFrom(
    ...[
      "HTTP/1.0 200 OK",
      "HTTP/1.1 204 No Content",
      "HTTP/1.1 304 Not Modified",
      "HTTP/1.1 500 \xe4",
    ],
    ...[
      "HTTP/1.1 429",
      "HTTP/1.1 101 Switching Protocols",
      "HTTP/1.2 200 OK",
      "HTTP/1.1 600 X",
      "HTTP/1.1 099 X",
    ],
  ),
);

const INTERIM = fc.oneof(
  { weight: 5, arbitrary: fc.constant("") },
  fc.constantFrom(
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n".repeat(2),
    `HTTP/1.1 102 Processing\r\nx: ${"y".repeat(40_000)}\r\n\r\n`.repeat(2),
  ),
);

const REST = fc.oneof(
  { weight: 5, arbitrary: fc.constant("") },
  fc.constantFrom("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "\r\n", "x"),
);

const ANSWER = fc.tuple(INTERIM, STATUS_LINE, HEADERS, MESSAGE, fc.boolean(), REST).map(
  ([interim, line, headers, [framing, bytes], isFirst, rest]) => {
    const all = isFirst ? [...framing, ...headers] : [...headers, ...framing];
    return latin1(`${interim}${[line, ...all].join("\r\n")}\r\n\r\n${bytes}${rest}`);
  },
);

/** An answer as an engine sends it, or something similar. */
export const ANSWER_BYTES: fc.Arbitrary<Uint8Array> = fc.oneof(
  ANSWER,
  mutated(ANSWER, {
    insert: [
      ...[
        "\r",
        "\n",
        "\r\n",
        "\r\n\r\n",
        "0\r\n\r\n",
        ":",
        " ",
        "\t",
        "\0",
        ";",
        "\xff",
        " folded\r\n",
        "-",
        "f",
      ],
      ...[
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "Content-Length: 5\r\n",
        `${CHUNKED}\r\n`,
      ],
    ],
  }),
);

function textOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

async function readAll(body: EngineAnswer["body"]): Promise<string> {
  if (body instanceof Uint8Array) return textOf(body);
  let text = "";
  for (let piece; (piece = await body?.next()) !== undefined;) text += textOf(piece);
  return text;
}

/**
 * Checks that the client takes an answer for complete if and only if it is, that it then returns the same
 * as the other reader, and that it does not use the connection again if anything is left in it.
 */
export async function judgeAnswer(bytes: Uint8Array, circumstances: Circumstances): Promise<void> {
  const { method, upgrade, sizes } = circumstances;
  const text = textOf(bytes);
  const expected = readReference(text, circumstances);
  // An answer that is not complete would be awaited forever.
  const isOpen = circumstances.ending === "open" && expected?.endsByItself === true;
  const connection = new MemoryConnection();
  connection.onWrite = () => {
    connection.onWrite = undefined;
    // A large answer in single bytes would take as long as hundreds of others.
    const least = Math.ceil(bytes.length / 1000);
    for (let at = 0, i = 0; at < bytes.length; i++) {
      const size = Math.max(least, sizes[i % sizes.length] ?? 1);
      connection.push(bytes.subarray(at, at + size));
      at += size;
    }
    if (!isOpen) connection.push(circumstances.ending === "reset" ? new Error("reset") : null);
  };
  let opened = 0;
  const client = new EngineClient(() => {
    opened++;
    return Promise.resolve(connection);
  });
  let received: unknown, left: string | undefined;
  try {
    const answer = await client.request({ port: 1, method, path: "/", headers: [], upgrade });
    received = { status: answer.status, headers: answer.headers, body: await readAll(answer.body) };
    if (answer.connection !== undefined) {
      left = await readLeft(answer.connection, expected?.left.length ?? 0);
    }
  } catch (error) {
    ok(error instanceof EngineError && error.reason !== "cancelled", String(error));
    ok(connection.isClosed, "the connection stays open after an error");
  }
  deepStrictEqual(received, expected?.answer);
  strictEqual(opened, 1);
  if (expected === undefined) return;
  if (left !== undefined) return strictEqual(left, expected.left);
  for (let i = 0; i < 50; i++) await Promise.resolve();
  strictEqual(connection.isClosed, !(isOpen && expected.keepsAlive), "the connection");
}

async function readLeft(
  connection: { read(into: Uint8Array): Promise<number | null> },
  length: number,
) {
  let text = "";
  const into = new Uint8Array(7);
  while (text.length < length) text += textOf(into.subarray(0, await connection.read(into) ?? 0));
  return text;
}
