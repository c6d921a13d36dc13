import { printableJson } from "../../../core/report/printable.ts";

/** An error of the door itself, as clients receive it. */
export interface DoorError {
  readonly status:
    | (400 | 401 | 403 | 404 | 405 | 408 | 409 | 413 | 415)
    | (500 | 502 | 503 | 504 | 508);
  /** A stable word for programs. */
  readonly code: string;
  readonly message: string;
  /** When a retry makes sense; clients do not retry without it. */
  readonly retryAfterSeconds?: number;
}

/** The types of errors of OpenAI's API by status; others are `invalid_request_error`. */
const OPENAI_TYPES: Readonly<Record<number, string>> = {
  401: "authentication_error",
  403: "permission_error",
  500: "server_error",
  502: "server_error",
  503: "server_error",
  504: "server_error",
};

/** The types of errors of Anthropic's API by status; others are `invalid_request_error`. */
const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  500: "api_error",
  502: "api_error",
  503: "overloaded_error",
  504: "timeout_error",
};

/**
 * Returns the answer for an error, in the form that clients of a path expect: Anthropic's below
 * `/v1/messages`, OpenAI's elsewhere.
 *
 * The clients of both services obey `x-should-retry`, and `Retry-After` up to a minute.
 *
 * @example
 * ```ts
 * import { errorAnswer } from "./error_answer.ts";
 * const error = { status: 404, code: "model_not_found", message: "there is no model `x`" } as const;
 * errorAnswer("/v1/chat/completions", error).headers.get("x-should-retry"); // "false"
 * ```
 */
export function errorAnswer(path: string, error: DoorError): Response {
  const { status, retryAfterSeconds } = error;
  const headers = new Headers({
    "content-type": "application/json",
    "cache-control": "no-store, no-transform",
    "x-should-retry": String(retryAfterSeconds !== undefined),
  });
  if (retryAfterSeconds !== undefined) headers.set("retry-after", String(retryAfterSeconds));
  if (status === 401) headers.set("www-authenticate", "Bearer");
  return new Response(`${printableJson(errorBody(path, error))}\n`, { status, headers });
}

/**
 * Returns the event that ends a stream with an error, in the form that clients of a path expect.
 *
 * @example
 * ```ts
 * import { errorEvent } from "./error_answer.ts";
 * const error = { status: 503, code: "cut", message: "eye makes room" } as const;
 * errorEvent("/v1/messages", error).split("\n")[0]; // "event: error"
 * ```
 */
export function errorEvent(path: string, error: DoorError): string {
  const event = isAnthropic(path) ? "event: error\n" : "";
  return `${event}data: ${printableJson(errorBody(path, error))}\n\n`;
}

function errorBody(path: string, { status, code, message }: DoorError) {
  if (isAnthropic(path)) {
    const type = ANTHROPIC_TYPES[status] ?? "invalid_request_error";
    return { type: "error", error: { type, message } };
  }
  const type = OPENAI_TYPES[status] ?? "invalid_request_error";
  return { error: { message, type, param: null, code } };
}

function isAnthropic(path: string): boolean {
  return path === "/v1/messages" || path.startsWith("/v1/messages/");
}
