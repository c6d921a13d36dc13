/**
 * The reasons why an engine gave no whole answer: it does not accept connections, it closed the connection
 * without a byte of an answer or inside of it, its answer is not valid HTTP/1.1, or the request was
 * cancelled on this side.
 */
export type EngineErrorReason = "unreachable" | "unanswered" | "closed" | "invalid" | "cancelled";

/** An answer that is missing or not whole. It contains nothing that an engine or a client sent. */
export class EngineError extends Error {
  override readonly name = "EngineError";
  constructor(readonly reason: EngineErrorReason, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** Makes the error for an answer that is not valid HTTP/1.1. */
export function invalid(problem: string): EngineError {
  return new EngineError("invalid", `the engine sent ${problem}`);
}

/** Makes the error for a request that this side gave up. */
export function cancelled(cause?: unknown): EngineError {
  return new EngineError("cancelled", "the request was cancelled", { cause });
}

/** Makes the error for a connection that ended inside of an answer. */
export function closedEarly(cause?: unknown): EngineError {
  const message = "the engine closed the connection before the end of its answer";
  return new EngineError("closed", message, { cause });
}

/** Makes the error for a connection that ended before the first byte of an answer. */
export function unanswered(): EngineError {
  return new EngineError("unanswered", "the engine closed the connection without an answer");
}
