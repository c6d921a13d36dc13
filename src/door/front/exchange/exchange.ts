/**
 * The exchange of one request for one answer: from the body of the client to the last byte of the engine.
 *
 * @module
 */
import type { Place } from "../../../core/dispatcher/portals.ts";
import type { Work } from "../../../core/dispatcher/route.ts";
import type { BodyMemory } from "../body/body_memory.ts";
import type { Driver } from "../dispatch/driver.ts";
import type { Ticket } from "../dispatch/ticket.ts";
import type { EngineAnswer, EngineBody } from "../engine/client.ts";
import { clientHeaders, engineHeaders } from "../engine/proxy_headers.ts";
import type { Content } from "../request/content.ts";
import type { Pace } from "../pace.ts";
import { type DoorError, errorAnswer, errorEvent } from "../request/error_answer.ts";
import { Refused } from "../request/refused.ts";
import { ask, type Asker } from "./ask_engine.ts";
import { faultOf } from "./engine_fault.ts";
import type { Incoming } from "./incoming.ts";
import { isEvents, measured, measureWhole } from "./measured.ts";
import { passOn } from "./pass_on.ts";
import { prepare } from "./prepare.ts";
import { settledWithin } from "./settled_within.ts";
import { waitingEvent, waitingText } from "./waiting.ts";

/** The parts of the door that an exchange works with. */
export interface Parts extends Asker {
  readonly memory: BodyMemory;
  readonly pace: Pace;
}

/** The end of a request whose client left, which does not read it. */
export const LEFT: DoorError = { status: 503, code: "cancelled", message: "the client left" };

/** Answers a request whose body names a model. */
export async function exchange(
  incoming: Incoming,
  { work, body }: { readonly work: Work; readonly body: Content["kind"] },
  parts: Parts,
): Promise<Response> {
  const { path, target } = incoming;
  const { driver, metrics, pace } = parts;
  const prepared = await prepare(incoming, { work, body, ...parts });
  const ticket = enter(incoming, prepared.places, driver);
  const headers = engineHeaders(incoming.headers.entries);
  const sendingTo = (place: Place) => {
    return { method: "POST", target, headers, body: prepared.piecesFor(place) };
  };
  const answering = ask(ticket, sendingTo, parts).finally(prepared.release);
  try {
    if (prepared.isStreamAt(ticket.place) && !ticket.isForwarded) {
      await settledWithin(answering, pace.silentMilliseconds);
      if (!ticket.isForwarded && !ticket.signal.aborted) {
        return waitFor(answering, ticket, { path, model: prepared.model, driver, metrics, pace });
      }
    }
    return answerOf(await answering, ticket, { path, driver, metrics });
  } catch (error) {
    return errorAnswer(path, failed(error, ticket, driver));
  }
}

/** Answers a request for a path of one engine. */
export async function exchangeWith(
  incoming: Incoming,
  { ticket, pieces }: {
    readonly ticket: Ticket;
    readonly pieces: readonly Uint8Array[] | undefined;
  },
  parts: Parts,
): Promise<Response> {
  const { request, path, target } = incoming;
  const { driver, metrics } = parts;
  const headers = engineHeaders(incoming.headers.entries);
  const sending = { method: request.method, target, headers, body: pieces };
  try {
    return answerOf(await ask(ticket, () => sending, parts), ticket, { path, driver, metrics });
  } catch (error) {
    return errorAnswer(path, failed(error, ticket, driver));
  }
}

/** Takes a failed request out of the queue, and returns the error for its client. */
function failed(error: unknown, ticket: Ticket, driver: Driver): DoorError {
  try {
    return ticket.outcome = faultOf(error, ticket);
  } finally {
    driver.leave(ticket);
  }
}

/** Enters a request, and takes it out when its client leaves. */
export function enter(
  { request, connection, client, endpoint }: Incoming,
  places: readonly [Place, ...Place[]],
  driver: Driver,
): Ticket {
  const ticket = driver.enter({ places, connection, client, endpoint });
  request.signal.addEventListener("abort", () => {
    if (ticket.isAdmitted === undefined) driver.end(ticket, LEFT);
  });
  return ticket;
}

/** The statuses whose answers have no body. */
const WITHOUT_BODY = new Set([204, 205, 304]);

/** The way of an answer to its client. */
type Passage = Pick<Parts, "driver" | "metrics"> & { readonly path: string };

/** Makes the answer for the client of that of the engine, and leaves the queue after its last byte. */
function answerOf(
  { status, headers, body }: EngineAnswer,
  ticket: Ticket,
  { path, driver, metrics }: Passage,
): Response {
  ticket.outcome = status;
  if (isWhole(body)) {
    if (body !== null) measureWhole(body, { headers, ticket, metrics });
    driver.leave(ticket);
  }
  const passed = isWhole(body) ? body : passedOn(body, headers, ticket, { path, driver, metrics });
  const answer = new Response(WITHOUT_BODY.has(status) ? null : passed, { status });
  // This is faster than to give them to the constructor.
  for (const [name, value] of clientHeaders(headers)) {
    // The runtime knows the length of bytes.
    if (name !== "content-length" || !(body instanceof Uint8Array)) {
      answer.headers.append(name, value);
    }
  }
  answer.headers.append(REQUEST_ID, ticket.id);
  return answer;
}

function passedOn(
  body: EngineBody,
  headers: EngineAnswer["headers"],
  ticket: Ticket,
  { path, driver, metrics }: Passage,
): ReadableStream<Uint8Array> {
  return passOn({
    next: measured(body.next, { headers, ticket, metrics }),
    ended: () => driver.leave(ticket),
    left: () => driver.end(ticket, LEFT),
    eventsOf: isEvents(headers) ? path : undefined,
    failed: (error) => failed(error, ticket, driver),
  });
}

const REQUEST_ID = "x-lychd-request-id";

function isWhole(body: EngineAnswer["body"]): body is Uint8Array<ArrayBuffer> | null {
  return body === null || body instanceof Uint8Array;
}

const encoder = new TextEncoder();

/** Makes an answer that begins before the engine is ready, and goes on with that of the engine. */
function waitFor(
  answering: Promise<EngineAnswer>,
  ticket: Ticket,
  { path, model, driver, metrics, pace }: Passage & {
    readonly model: string;
    readonly pace: Pace;
  },
): Response {
  const waiting = { path, model, isShown: driver.units.door.settings.loadingMessage };
  let isFirst = true;
  let source: (() => Promise<Uint8Array<ArrayBuffer> | undefined>) | undefined;
  const next = async () => {
    if (source !== undefined) return await source();
    if (isFirst || !await settledWithin(answering, pace.commentMilliseconds)) {
      isFirst = false;
      return encoder.encode(waitingEvent(waitingText(ticket, driver), waiting));
    }
    try {
      const answer = await answering;
      const { headers } = answer;
      source = measured(eventsOf(answer, ticket.engine), { headers, ticket, metrics });
      ticket.outcome = answer.status;
    } catch (error) {
      // Nothing of the engine's answer came, so the event is the whole answer.
      source = () => Promise.resolve(undefined);
      return encoder.encode(errorEvent(path, failed(error, ticket, driver)));
    }
    return await source();
  };
  const passed = passOn({
    next,
    ended: () => driver.leave(ticket),
    left: () => driver.end(ticket, LEFT),
    eventsOf: path,
    failed: (error) => failed(error, ticket, driver),
  });
  const headers = {
    "content-type": "text/event-stream",
    "cache-control": "no-store, no-transform",
    [REQUEST_ID]: ticket.id,
  };
  return new Response(passed, { headers });
}

/** Returns the pieces of an answer that is a stream of events; throws a Refused for any other. */
function eventsOf({ status, headers, body }: EngineAnswer, engine: string) {
  if (status === 200 && isEvents(headers)) {
    if (!isWhole(body)) return body.next;
    let rest = body;
    return () => {
      const piece = rest;
      rest = null;
      return Promise.resolve(piece ?? undefined);
    };
  }
  if (!isWhole(body)) body.cancel();
  const said = body instanceof Uint8Array ? messageOf(body) : undefined;
  const message = `${engine} answered with status ${status}${
    said === undefined ? "" : `: ${said}`
  }`;
  throw new Refused({ status: 502, code: "engine_error", message });
}

/** Returns the message of an error of an engine, which its client may see. */
function messageOf(body: Uint8Array): string | undefined {
  try {
    const { error, message } = JSON.parse(new TextDecoder().decode(body));
    const said = typeof error === "object" ? error?.message : error ?? message;
    return typeof said === "string" ? said.slice(0, 1000) : undefined;
  } catch {
    return undefined;
  }
}
