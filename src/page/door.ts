/// <reference lib="dom" />
/**
 * Speaks to the door that served the page, with the key of this browser session.
 *
 * @module
 */
import { batch, signal } from "@preact/signals";

const STORED = "lychd-key";

/** The key that is sent with each request; empty if the door needs none. */
export const key = signal(sessionStorage.getItem(STORED) ?? "");

/** The reason for which the door needs a key now; undefined if it does not. */
export const keyNeeded = signal<string | undefined>(undefined);

/** A text that a header can carry as a key. */
const KEY = /^[!-~]+$/;

/** Takes a key until the browser session ends, or forgets it. Asks again for a text that cannot be one. */
export function useKey(text: string): void {
  if (text !== "" && !KEY.test(text)) {
    keyNeeded.value =
      "This is not a valid key: a key has only letters, digits and signs of ASCII, without spaces.";
    return;
  }
  batch(() => [key.value, keyNeeded.value] = [text, undefined]);
  if (text === "") sessionStorage.removeItem(STORED);
  else sessionStorage.setItem(STORED, text);
}

/** An answer of the door that is an error, with its words. */
export class DoorFailure extends Error {
  /** The stable word of the error, such as `model_not_found`. */
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** Sends a request. Throws a DoorFailure for an answer that is an error, or if there is none. */
export async function send(
  path: string,
  { body, signal }: { readonly body?: unknown; readonly signal?: AbortSignal } = {},
): Promise<Response> {
  const sent = key.value;
  const headers = new Headers();
  if (sent !== "") headers.set("authorization", `Bearer ${sent}`);
  if (body !== undefined) headers.set("content-type", "application/json");
  const init: RequestInit = { headers, cache: "no-store" };
  if (signal !== undefined) init.signal = signal;
  if (body !== undefined) Object.assign(init, { method: "POST", body: JSON.stringify(body) });
  let answer: Response;
  try {
    answer = await fetch(path, init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new DoorFailure("The door does not answer.", "offline");
  }
  if (answer.ok) return answer;
  const failure = failureOf(await answer.text(), answer.status);
  if (answer.status === 401 && sent === key.value) {
    keyNeeded.value = sent === "" ? "This door needs a key." : "The door refused this key.";
  }
  throw failure;
}

function failureOf(text: string, status: number): DoorFailure {
  try {
    const { error } = JSON.parse(text);
    if (typeof error?.message === "string") {
      return new DoorFailure(error.message, String(error.code ?? status));
    }
  } catch {
    // An engine may answer with any text.
  }
  return new DoorFailure(text.trim().slice(0, 500) || `The answer was ${status}.`, String(status));
}

/** Reads JSON. */
export async function read<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await send(path, signal === undefined ? {} : { signal });
  return await answer.json() as T;
}

/** Returns the words of an error. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
