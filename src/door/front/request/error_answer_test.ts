import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { errorAnswer, errorEvent } from "./error_answer.ts";

const FULL = {
  status: 503,
  code: "queue_full",
  message: "128 requests already wait for eye",
  retryAfterSeconds: 30,
} as const;
const UNKNOWN = { status: 404, code: "model_not_found", message: "there is no model `x`" } as const;

Deno.test("an error has the form of OpenAI's API", async () => {
  const answer = errorAnswer("/v1/chat/completions", UNKNOWN);
  strictEqual(answer.status, 404);
  strictEqual(answer.headers.get("x-should-retry"), "false");
  strictEqual(answer.headers.get("retry-after"), null);
  deepStrictEqual(await answer.json(), {
    error: {
      message: "there is no model `x`",
      type: "invalid_request_error",
      param: null,
      code: "model_not_found",
    },
  });
});

Deno.test("an error below /v1/messages has the form of Anthropic's API", async () => {
  const answer = errorAnswer("/v1/messages/count_tokens", FULL);
  strictEqual(answer.headers.get("x-should-retry"), "true");
  strictEqual(answer.headers.get("retry-after"), "30");
  deepStrictEqual(await answer.json(), {
    type: "error",
    error: { type: "overloaded_error", message: "128 requests already wait for eye" },
  });
});

Deno.test("a missing key is reported with the scheme that is needed", () => {
  const error = { status: 401, code: "bad_key", message: "a key is needed" } as const;
  strictEqual(errorAnswer("/v1/models", error).headers.get("www-authenticate"), "Bearer");
});

Deno.test("an error ends a stream with an event of the API", () => {
  strictEqual(
    errorEvent("/v1/completions", FULL),
    'data: {"error":{"message":"128 requests already wait for eye","type":"server_error",' +
      '"param":null,"code":"queue_full"}}\n\n',
  );
  strictEqual(
    errorEvent("/v1/messages", FULL),
    'event: error\ndata: {"type":"error","error":{"type":"overloaded_error",' +
      '"message":"128 requests already wait for eye"}}\n\n',
  );
});

Deno.test("a message cannot add an event to a stream", () => {
  const event = errorEvent("/v1/messages", { ...UNKNOWN, message: "a\n\ndata: b\r\u2028" });
  strictEqual(event.split(/\r|\n|\u2028/).filter((line) => line !== "").length, 2);
});
