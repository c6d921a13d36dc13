import { deepStrictEqual, rejects } from "node:assert/strict";
import { PACE } from "../pace.ts";
import { Refused } from "../request/refused.ts";
import { BodyMemory } from "./body_memory.ts";
import { receiveBody } from "./receive.ts";

function requestOf(pieces: readonly number[], headers: Readonly<Record<string, string>> = {}) {
  const body = ReadableStream.from(pieces.map((length) => new Uint8Array(length)));
  return new Request("http://localhost/", { method: "POST", body, headers });
}

function receive(request: Request, memory: BodyMemory) {
  return receiveBody(request, { headers: request.headers, maxMib: 1, memory, pace: PACE });
}

function failsWith(code: string) {
  return (error: unknown) => error instanceof Refused && error.error.code === code;
}

Deno.test("a body takes memory until it is released, once", async () => {
  const memory = new BodyMemory(100);
  const received = await receive(requestOf([40, 20]), memory);
  deepStrictEqual(received.pieces.map(({ length }) => length), [40, 20]);
  await rejects(receive(requestOf([30, 20]), memory), failsWith("no_memory"));
  received.release();
  received.release();
  await receive(requestOf([100]), memory);
  await rejects(receive(requestOf([1]), memory), failsWith("no_memory"));
});

Deno.test("a body that is refused gives its memory back", async () => {
  const memory = new BodyMemory(2_000_000);
  await rejects(receive(requestOf([1_000_000, 100_000]), memory), failsWith("body_too_large"));
  await receive(requestOf([1_000_000]), memory);
  await receive(requestOf([1_000_000]), memory);
});

Deno.test("a body whose length is too large is not read", async () => {
  const request = requestOf([1], { "content-length": "1048577" });
  await rejects(receive(request, new BodyMemory(10)), failsWith("body_too_large"));
});

Deno.test("a body that does not arrive whole is refused, and its memory given back", async () => {
  const memory = new BodyMemory(100);
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new Uint8Array(60));
    },
    pull(controller) {
      controller.error(new Error("gone"));
    },
  });
  const request = new Request("http://localhost/", { method: "POST", body });
  await rejects(receive(request, memory), failsWith("body_lost"));
  await receive(requestOf([100]), memory);
});
