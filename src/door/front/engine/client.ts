import { type AnswerHead, readAnswerHead } from "./answer_head.ts";
import { bodyReader } from "./body_reader.ts";
import type { ByteConnection, Connect, Header } from "./connection.ts";
import { cancelled, closedEarly, EngineError, unanswered } from "./engine_error.ts";
import { BUFFER_BYTES } from "./input.ts";
import { Link } from "./link.ts";
import { encodeRequestHead, type EngineRequest } from "./request_head.ts";

/** An answer of an engine whose head was read. */
export interface EngineAnswer {
  readonly status: number;
  /** Everything that the engine sent, with names in lower case; see `clientHeaders`. */
  readonly headers: readonly Header[];
  /** The body; a short one with a known length is complete. */
  readonly body: Uint8Array<ArrayBuffer> | EngineBody | null;
  /** The connection after a switch of protocols (101), which is now the caller's. */
  readonly connection?: ByteConnection;
}

/** A body that is read piece by piece, and from the connection only when it is read. */
export interface EngineBody {
  /** Returns the next piece, or undefined after the last. Throws an EngineError if the body is not complete. */
  readonly next: () => Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Closes the connection. */
  readonly cancel: () => void;
}

/** The limit of unused connections to one port; each has a buffer of 64 KiB. */
const MAX_IDLE = 32;

/**
 * An HTTP/1.1 client for engines on this host. It keeps connections open, and accepts an answer only if it
 * is complete and can be understood in one way. It has no timeouts: use the signal of a request.
 *
 * @example
 * ```ts ignore
 * const client = new EngineClient((port, signal) => Deno.connect({ port, signal }));
 * const answer = await client.request({ port: 8100, method: "GET", path: "/health", headers: [] });
 * ```
 */
export class EngineClient {
  readonly #connect: Connect;
  readonly #idle = new Map<number, Link[]>();

  constructor(connect: Connect) {
    this.#connect = connect;
  }

  /**
   * Sends a request and returns the answer as soon as its head was read. Throws an EngineError, or a
   * TypeError for a request that cannot be written.
   *
   * An engine may close an unused connection at any time. If that happens before the first byte of an
   * answer, the request is sent once more on a new connection, unless its body is a stream.
   */
  async request(request: EngineRequest): Promise<EngineAnswer> {
    const head = encodeRequestHead(request);
    const used = request.body instanceof ReadableStream
      ? undefined
      : this.#idle.get(request.port)?.pop();
    if (used !== undefined) {
      const answer = await this.#exchange(used, head, request);
      if (answer !== undefined) return answer;
    }
    const answer = await this.#exchange(await this.#open(request), head, request);
    if (answer === undefined) throw unanswered();
    return answer;
  }

  /** Closes the unused connections. Answers that are being read are not affected. */
  close(): void {
    for (const links of this.#idle.values()) for (const link of links) link.close();
    this.#idle.clear();
  }

  async #open({ port, signal }: EngineRequest): Promise<Link> {
    try {
      return new Link(await this.#connect(port, signal));
    } catch (cause) {
      if (signal?.aborted) throw cancelled(signal.reason);
      if (cause instanceof EngineError) throw cause;
      throw new EngineError("unreachable", `no engine accepts connections on port ${port}`, {
        cause,
      });
    }
  }

  /** Sends a request on a connection. Returns undefined if the engine closed it without an answer. */
  async #exchange(link: Link, sent: Uint8Array, request: EngineRequest) {
    const end = (head: AnswerHead) => {
      if (link.end(head.keepsAlive)) this.#keep(request.port, link);
    };
    try {
      link.begin(sent, request);
      const head = await readAnswerHead(link.input, request);
      if (head === undefined) throw closedEarly();
      const { status, headers } = head;
      if (status === 101) return { status, headers, body: null, connection: link.detach() };
      return { status, headers, body: await readBody(link, head, end) };
    } catch (error) {
      link.close();
      const isClosed = error instanceof EngineError && error.reason === "closed";
      if (isClosed && !link.hasAnswered) return undefined;
      throw error;
    }
  }

  /** Keeps an unused connection until the engine closes it, or sends something that was not requested. */
  #keep(port: number, link: Link): void {
    const links = this.#idle.get(port) ?? [];
    this.#idle.set(port, links);
    if (links.length >= MAX_IDLE) return link.close();
    links.push(link);
    const drop = () => {
      const at = links.indexOf(link);
      if (at < 0) return;
      links.splice(at, 1);
      link.close();
    };
    link.input.readAhead().then(drop, drop);
  }
}

/** Returns the body of an answer, and calls `end` after its last byte. */
async function readBody(
  link: Link,
  head: AnswerHead,
  end: (head: AnswerHead) => void,
): Promise<EngineAnswer["body"]> {
  const { input } = link;
  if (typeof head.body === "number" && head.body <= BUFFER_BYTES) {
    while (input.length < head.body) if (!await input.fill()) throw closedEarly();
    const bytes = input.take(head.body);
    end(head);
    return head.body === 0 ? null : bytes;
  }
  const reader = bodyReader(head.body);
  let isEnded = false;
  return {
    async next() {
      if (isEnded) return undefined;
      try {
        for (;;) {
          const data = reader.take(input);
          if (reader.isDone) {
            isEnded = true;
            end(head);
          }
          if (data !== undefined || isEnded) return data;
          if (!await input.fill()) reader.end();
        }
      } catch (error) {
        link.close();
        throw error;
      }
    },
    cancel: link.close,
  };
}
