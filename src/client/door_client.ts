/** A client of the front door, for the commands that use it as other programs do. */
import type { DoorAccess } from "../run/context.ts";
import { EXIT } from "../run/invocation.ts";
import { Refusal } from "../run/refusal.ts";
import { type ServerEvent, serverEvents } from "./server_events.ts";

/** The most characters of an error that is not in the form of the door. */
const LONGEST_ERROR = 200;

const KEY_NEEDED = { hint: "LYCHD_KEY=$(cat FILE) lychd ..." };

/** The characters that a header may have and a key has. */
const KEY = /^[!-~\u00a1-\u00ff]+$/;

const BAD_KEY = "LYCHD_KEY is not a valid key: a key is one word of letters, digits and other " +
  "characters of Latin-1";

const SILENT = Symbol("silent");

/** Sends requests to the front door. Throws a Refusal with the reason if it does not fulfil one. */
export class DoorClient {
  readonly #access: DoorAccess;

  constructor(access: DoorAccess) {
    this.#access = access;
  }

  /** Returns the JSON at a path. */
  async get(path: string): Promise<unknown> {
    return await (await this.#request(path)).json();
  }

  /** Sends a body as JSON, and returns that of the answer. */
  async post(path: string, body: unknown, signal?: AbortSignal): Promise<unknown> {
    return await (await this.#request(path, { body, signal })).json();
  }

  /**
   * Returns the events at a path, or those of the answer to a body. Throws a Refusal after a longer silence
   * than `silenceMilliseconds`.
   */
  async *events(
    path: string,
    { silenceMilliseconds, ...sent }: {
      readonly body?: unknown;
      readonly signal?: AbortSignal | undefined;
      readonly silenceMilliseconds?: number;
    } = {},
  ): AsyncGenerator<ServerEvent, void> {
    const end = new AbortController();
    const signal = AbortSignal.any([end.signal, ...sent.signal ? [sent.signal] : []]);
    try {
      const { body } = await within(silenceMilliseconds, this.#request(path, { ...sent, signal }));
      if (body === null) return;
      const reader = body.pipeThrough(new TextDecoderStream()).getReader();
      yield* serverEvents(async function* () {
        for (;;) {
          const { done, value } = await within(silenceMilliseconds, reader.read());
          if (done) return;
          yield value;
        }
      }());
    } catch (error) {
      if (sent.signal?.aborted) return;
      if (error === SILENT) throw failed("the front door does not answer");
      if (error instanceof Refusal) throw error;
      throw failed("the connection to the front door broke off", error);
    } finally {
      end.abort();
    }
  }

  async #request(
    path: string,
    { body, signal }: { readonly body?: unknown; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Response> {
    const { url, key } = this.#access;
    if (key !== undefined && !KEY.test(key.trim())) throw new Refusal(BAD_KEY, KEY_NEEDED);
    const headers = {
      ...key !== undefined && { authorization: `Bearer ${key}` },
      ...body !== undefined && { "content-type": "application/json" },
    };
    const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    let answer: Response;
    try {
      answer = await fetch(`${url}${path}`, { ...sent, headers, signal: signal ?? null });
    } catch (error) {
      if (error instanceof TypeError) throw failed(`nothing answers at ${url}`, error);
      throw error;
    }
    if (answer.ok) return answer;
    const text = await answer.text();
    if (answer.status === 401) {
      const message = key === undefined
        ? errorOf(text)
        : "LYCHD_KEY is not a key of the front door";
      throw new Refusal(message ?? "the front door needs a key", KEY_NEEDED);
    }
    throw new Refusal(errorOf(text) ?? `status ${answer.status}: ${text.slice(0, LONGEST_ERROR)}`, {
      code: answer.status === 404 ? EXIT.usage : EXIT.failure,
    });
  }
}

/** Returns the message of an error of the door, or of an event with one. */
export function errorOf(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text);
    const message = typeof error === "object" ? error?.message : error;
    return typeof message === "string" ? message : undefined;
  } catch {
    return undefined;
  }
}

function failed(what: string, error?: unknown): Refusal {
  const why = error instanceof Error && error.message !== "" ? `: ${error.message}` : "";
  const options = { code: EXIT.hostRefused, hint: "systemctl --user status lychd-vessel" };
  return new Refusal(`${what}${why}`, options);
}

/**
 * Returns the result of a promise, and throws {@linkcode SILENT} if it takes longer. It does not rely on
 * the end of the request: Deno 2.7 goes on to wait for a body whose request has been aborted.
 */
async function within<T>(milliseconds: number | undefined, promise: Promise<T>): Promise<T> {
  if (milliseconds === undefined) return await promise;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(SILENT), milliseconds);
  });
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}
