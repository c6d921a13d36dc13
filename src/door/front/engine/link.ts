import type { ByteConnection } from "./connection.ts";
import { cancelled, closedEarly, type EngineError } from "./engine_error.ts";
import { Input } from "./input.ts";
import { type EngineRequest, lengthOf } from "./request_head.ts";
import { send } from "./send.ts";
import type { StopSignal } from "./stop_signal.ts";

/** A connection to an engine, with at most one request under way. */
export class Link implements ByteConnection {
  readonly input: Input;
  readonly #connection: ByteConnection;
  #signal: StopSignal | undefined;
  /** Stops the stream of a body. */
  #sending: AbortController | undefined;
  #unsentBytes = 0;
  #isClosed = false;
  #hasAnswered = false;
  #writeFailed = false;
  #bodyError: EngineError | undefined;

  constructor(connection: ByteConnection) {
    this.#connection = connection;
    this.input = new Input(this);
  }

  /** True if a byte came back since `begin`. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /**
   * Starts to send a request. The answer can be read at the same time, because an engine may answer before
   * it has read a large body.
   */
  begin(head: Uint8Array, { body, signal }: EngineRequest): void {
    const isStream = body instanceof ReadableStream;
    this.#unsentBytes = isStream ? Infinity : head.length + lengthOf(body ?? []);
    this.#hasAnswered = false;
    this.#signal = signal;
    signal?.addEventListener("abort", this.close);
    if (signal?.aborted) return this.close();
    this.#sending = isStream ? new AbortController() : undefined;
    send(this, head, { body, signal: this.#sending?.signal }).then(
      () => this.#unsentBytes = 0,
      (cause) => {
        // If the engine reads no more, it may still answer.
        if (this.#writeFailed || this.#isClosed) return;
        this.#bodyError = cancelled(cause);
        this.close();
      },
    );
  }

  /** Ends an answer. Returns true if another request can follow, and closes the connection otherwise. */
  end(keepsAlive: boolean): boolean {
    this.#signal?.removeEventListener("abort", this.close);
    if (keepsAlive && this.#unsentBytes === 0 && this.input.length === 0 && !this.#isClosed) {
      return true;
    }
    this.close();
    return false;
  }

  /** Leaves the connection to the caller, with the bytes that were read too early. */
  detach(): ByteConnection {
    this.#signal?.removeEventListener("abort", this.close);
    return {
      read: (into) => {
        const count = Math.min(into.length, this.input.length);
        if (count === 0) return this.#connection.read(into);
        into.set(this.input.take(count));
        return Promise.resolve(count);
      },
      write: (bytes) => this.#connection.write(bytes),
      close: () => this.close(),
    };
  }

  /** Reads as the connection does. Fails with an EngineError, also after `close`. */
  read(into: Uint8Array): Promise<number | null> {
    return this.#connection.read(into).then(this.#received, this.#failed);
  }

  readonly #received = (count: number | null): number | null => {
    if (this.#isClosed) throw this.#failure();
    this.#hasAnswered ||= count !== null;
    return count;
  };

  readonly #failed = (error: unknown): never => {
    throw this.#failure(error);
  };

  /** Writes as the connection does. */
  async write(bytes: Uint8Array): Promise<number> {
    try {
      const count = await this.#connection.write(bytes);
      this.#unsentBytes -= count;
      return count;
    } catch (error) {
      this.#writeFailed = true;
      throw error;
    }
  }

  /** Closes the connection, once. */
  readonly close = (): void => {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#signal?.removeEventListener("abort", this.close);
    this.#sending?.abort();
    try {
      this.#connection.close();
    } catch {
      // It is already closed.
    }
  };

  #failure(error?: unknown): EngineError {
    return this.#bodyError ??
      (this.#isClosed ? cancelled(this.#signal?.reason) : closedEarly(error));
  }
}
