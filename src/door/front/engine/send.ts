/**
 * Writes a request to a connection.
 *
 * @module
 */
import type { ByteConnection } from "./connection.ts";
import { type EngineRequest, lengthOf } from "./request_head.ts";

/** Requests up to this size are written at once. */
const JOIN_BYTES = 32_768;

/** Larger bodies are written in parts of this size, so that other requests get their turn. */
const PART_BYTES = 262_144;

const encoder = new TextEncoder();
const CRLF = encoder.encode("\r\n");
const LAST_CHUNK = encoder.encode("0\r\n\r\n");

/** The body of a request, and the signal that stops a stream. */
export interface Sending {
  readonly body: EngineRequest["body"];
  readonly signal: AbortSignal | undefined;
}

/** Writes a head and a body; a stream becomes chunks. If it fails, a stream is cancelled. */
export async function send(
  connection: ByteConnection,
  head: Uint8Array,
  { body = [], signal }: Sending,
): Promise<void> {
  if (!(body instanceof ReadableStream)) return await writePieces(connection, [head, ...body]);
  await write(connection, head);
  const chunks = new WritableStream<Uint8Array>({
    async write(data) {
      // An empty chunk would end the body.
      if (data.length === 0) return;
      const size = encoder.encode(`${data.length.toString(16)}\r\n`);
      await writePieces(connection, [size, data, CRLF]);
    },
  });
  await body.pipeTo(chunks, signal && { signal });
  await write(connection, LAST_CHUNK);
}

async function writePieces(connection: ByteConnection, pieces: readonly Uint8Array[]) {
  const length = lengthOf(pieces);
  if (length > JOIN_BYTES) {
    for (const piece of pieces) await write(connection, piece);
    return;
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  await write(connection, all);
}

async function write(connection: ByteConnection, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await connection.write(bytes.subarray(at, at + PART_BYTES));
  }
}
