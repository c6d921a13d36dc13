/**
 * Answers the requests of clients: checks who asks, finds the endpoint, and does what it means.
 *
 * @module
 */
import type { Door } from "../../core/orchestrator/door.ts";
import { printableJson, quoted } from "../../core/report/printable.ts";
import { nearest } from "../../core/report/nearest.ts";
import { type Order, ORDER_LIMITS } from "../channel/messages.ts";
import { notValid, receiveBody } from "./body/receive.ts";
import type { Driver } from "./dispatch/driver.ts";
import { enter, exchange, exchangeWith, type Parts } from "./exchange/exchange.ts";
import type { Connection, Incoming } from "./exchange/incoming.ts";
import { relay } from "./exchange/relay.ts";
import { routeTo } from "./exchange/prepare.ts";
import type { Logs } from "./logs.ts";
import type { Orders } from "./orders.ts";
import type { Page } from "./page/page.ts";
import { HOP } from "./portal/portal.ts";
import type { Events } from "./report/events.ts";
import { METRICS_TYPE } from "./report/metrics.ts";
import { modelList } from "./report/models.ts";
import { planOf } from "./report/plan.ts";
import type { RequestLog } from "./report/request_log.ts";
import { statusOf } from "./report/status.ts";
import { type AdmissionRules, checkAdmission } from "./request/admission.ts";
import { codingProblem, contentOf, isSimpleType } from "./request/content.ts";
import { allowOrigin, preflight } from "./request/cors.ts";
import { type Endpoint, endpointName, endpointOf } from "./request/endpoint.ts";
import { type DoorError, errorAnswer } from "./request/error_answer.ts";
import { Refused } from "./request/refused.ts";
import { RequestHeaders } from "./request/request_headers.ts";
import { withoutKeys } from "./request/target.ts";

/** The parts of the door that answer requests. */
export interface DoorParts extends Parts {
  readonly events: Events;
  readonly log: RequestLog;
  readonly logs: Logs;
  readonly orders: Orders;
  readonly page: Page;
}

/** An order of a client has few names. */
const ORDER_MIB = 1 / 16;

/** Answers one request. It never throws. */
export async function handle(
  request: Request,
  connection: Connection,
  parts: DoorParts,
): Promise<Response> {
  const { url } = request;
  const rules = rulesOf(parts.driver);
  const headers = new RequestHeaders(request.headers);
  const origin = headers.get("origin");
  const asked = preflight(request.method, headers, rules.allowedOrigins);
  if (asked !== undefined) return asked;
  const target = withoutKeys(url);
  const path = target.split("?", 1)[0] ?? "";
  const file = parts.page.answer(request, path);
  if (file !== undefined) return file;
  try {
    const admitted = checkAdmission({ url, headers }, rules);
    if ("code" in admitted) {
      parts.metrics.refused(admitted.code);
      if (admitted.code === "bad_key") await pause(parts.pace.wrongKeyMilliseconds);
      return errorAnswer(path, admitted);
    }
    const endpoint = endpointOf(request.method, path);
    if ("error" in endpoint) {
      parts.metrics.refused(endpoint.error.code);
      const answer = errorAnswer(path, endpoint.error);
      const { allow } = endpoint.error;
      if (allow !== undefined) answer.headers.set("allow", allow.join(", "));
      return allowOrigin(answer, origin, rules.allowedOrigins);
    }
    const { client } = admitted;
    const incoming = {
      ...{ request, connection, headers, path, target, client },
      endpoint: endpointName(endpoint, path),
      isAdmitted: () => !("code" in checkAdmission({ url, headers }, rulesOf(parts.driver))),
    };
    return allowOrigin(await answer(incoming, endpoint, parts), origin, rules.allowedOrigins);
  } catch (error) {
    const problem: DoorError = error instanceof Refused ? error.error : INTERNAL;
    parts.metrics.refused(problem.code);
    return allowOrigin(errorAnswer(path, problem), origin, rules.allowedOrigins);
  }
}

const INTERNAL = {
  status: 500,
  code: "internal_error",
  message: "the door failed on this request; this is a bug of lychd",
} as const;

function pause(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}

const RULES = new WeakMap<Door, AdmissionRules>();

/** Returns the rules of admission, computed once for the same settings. */
function rulesOf({ units: { door } }: Driver): AdmissionRules {
  const known = RULES.get(door);
  if (known !== undefined) return known;
  const { keys, allowedOrigins } = door.settings;
  const rules = {
    keys: keys.map(({ name, digest }) => ({ name, digest: Uint8Array.fromHex(digest) })),
    allowedOrigins,
  };
  RULES.set(door, rules);
  return rules;
}

function answer(
  incoming: Incoming,
  endpoint: Endpoint,
  parts: DoorParts,
): Response | Promise<Response> {
  const { driver } = parts;
  switch (endpoint.kind) {
    case "routed":
      return exchange(incoming, endpoint, parts);
    case "upstream":
      return upstream(incoming, { ...endpoint, query: queryOf(incoming) }, parts);
    case "queried":
      return queried(incoming, endpoint, parts);
    case "models":
      return json(models(incoming, parts));
    case "model":
      return json(modelNamed(endpoint.id, incoming, parts));
    case "health":
      return json({ status: "ok" });
    case "ready": {
      const { phase } = driver.status;
      return json({ status: phase }, phase === "swapping" || phase === "draining" ? 503 : 200);
    }
    case "running":
      return json({
        running: [...driver.engines].filter(([, state]) => state !== "down")
          .map(([model, state]) => ({ model, state })),
      });
    case "metrics":
      return metrics(driver);
    case "status":
      return json(statusOf(driver));
    case "events":
      return follow(incoming, parts);
    case "requests":
      return json({ requests: parts.log.requests });
    case "logs":
      return followLog(incoming, endpoint.soulstone, parts);
    case "plan":
      return json(planOf(new URLSearchParams(queryOf(incoming)), driver));
    case "summon":
    case "banish":
    case "release":
      return give(incoming, endpoint.kind, parts);
    case "cancel":
      return cancel(endpoint.id, parts);
  }
}

function json(value: unknown, status = 200): Response {
  const headers = {
    "content-type": "application/json",
    "cache-control": "no-store, no-transform",
  };
  return new Response(`${printableJson(value)}\n`, { status, headers });
}

async function metrics(driver: Parts["driver"]): Promise<Response> {
  const headers = { "content-type": METRICS_TYPE, "cache-control": "no-store, no-transform" };
  return new Response(await driver.metricsText(), { headers });
}

/** Returns all models. Another door gets those of this host: it must not send requests back. */
function models({ headers }: Incoming, { driver: { units, engines, portals } }: Parts) {
  const offers = headers.get(HOP) === null ? portals.offers : [];
  return modelList(units.inventory.engines, units.door.engines, engines, offers);
}

function modelNamed(id: string, incoming: Incoming, parts: Parts) {
  const { data } = models(incoming, parts);
  const found = data.find((model) => model.id === id) ??
    data.find((model) => model.aliases.includes(id)) ??
    data.find((model) => "served_id" in model && model.served_id === id);
  if (found !== undefined) return found;
  const near = nearest(id, data.flatMap((model) => [model.id, ...model.aliases]));
  const hint = near === undefined ? "" : `; did you mean ${quoted(near)}?`;
  const message = `there is no model ${quoted(id)}${hint}`;
  throw new Refused({ status: 404, code: "model_not_found", message });
}

function follow(incoming: Incoming, { driver, events }: DoorParts): Response {
  const body = events.follow(incoming, statusOf(driver));
  if (body === undefined) {
    const message = "too many clients follow the events, or too many with this key";
    throw new Refused({ status: 503, code: "too_many_followers", message, retryAfterSeconds: 30 });
  }
  return eventStream(body);
}

/** Follows the log of a Soulstone, which needs a key: engines log prompts of other clients. */
function followLog(incoming: Incoming, name: string, { driver, logs }: DoorParts): Response {
  if (incoming.client === undefined) {
    const message = `a log may have prompts, so it needs a key; [vessel.keys] sets one, and ` +
      `lychd logs ${name} prints the log`;
    throw new Refused({ status: 403, code: "needs_key", message });
  }
  const names = driver.units.inventory.engines.map(({ name }) => name);
  if (names.includes(name)) return eventStream(logs.follow(name, incoming));
  const near = nearest(name, names);
  const hint = near === undefined ? "" : `; did you mean ${quoted(near)}?`;
  const message = `there is no Soulstone ${quoted(name)}${hint}`;
  throw new Refused({ status: 404, code: "unknown_name", message });
}

function eventStream(body: ReadableStream<Uint8Array>): Response {
  const headers = {
    "content-type": "text/event-stream",
    "cache-control": "no-store, no-transform",
  };
  return new Response(body, { headers });
}

function cancel(id: string, { driver }: DoorParts): Response {
  const message = "the request was cancelled by id";
  if (driver.endById(id, { status: 503, code: "cancelled", message })) {
    return json({ cancelled: true });
  }
  const missing = "there is no request with this id under way or waiting";
  throw new Refused({ status: 404, code: "no_request", message: missing });
}

async function give(
  { request, headers }: Incoming,
  kind: Order["kind"],
  { memory, orders, pace }: DoorParts,
): Promise<Response> {
  const content = contentOf(headers, "json");
  if ("error" in content) throw new Refused(content.error);
  const received = await receiveBody(request, { headers, maxMib: ORDER_MIB, memory, pace });
  received.release();
  const text = await new Blob([...received.pieces]).text();
  await orders.give(ORDERS[kind](text));
  return json({ done: true });
}

/** Reads the body of each order. */
const ORDERS = { summon: summonOf, banish: banishOf, release: releaseOf } as const;

function summonOf(text: string): Order {
  const { wish, hold = false } = parsed(text, ["wish", "hold"]);
  const names = typeof wish === "string" ? [wish] : wish;
  const isList = Array.isArray(names) && names.length > 0 && names.length <= ORDER_LIMITS.names;
  if (typeof hold !== "boolean") throw notValid("`hold` must be true or false");
  if (isList && names.every(isName)) return { kind: "summon", wish: names, hold };
  throw notValid('`wish` must be a name or a list of capabilities, as in {"wish": "eye"}');
}

function releaseOf(text: string): Order {
  parsed(text, []);
  return { kind: "release" };
}

function banishOf(text: string): Order {
  const { name } = parsed(text, ["name"]);
  if (name === undefined || isName(name)) return { kind: "banish", name };
  throw notValid('`name` must be a name, as in {"name": "eye"}; without it, all engines stop');
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value.length <= ORDER_LIMITS.nameLength;
}

/** Parses an order, which has no other fields: one with a typing error must not mean all engines. */
function parsed(text: string, fields: readonly string[]): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw notValid("it is not valid JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw notValid("it is not a JSON object");
  }
  const [unknown] = Object.keys(value).filter((name) => !fields.includes(name));
  if (unknown === undefined) return { ...value };
  const known = fields.map((field) => `\`${field}\``).join(", ") || "none";
  throw notValid(`unknown field ${quoted(unknown)}; the known ones: ${known}`);
}

function queryOf({ target, path }: Incoming): string {
  return target.slice(path.length);
}

/** Passes a request to an engine that the query names. */
function queried(
  incoming: Incoming,
  { path }: Extract<Endpoint, { kind: "queried" }>,
  parts: DoorParts,
): Promise<Response> {
  const query = new URLSearchParams(queryOf(incoming));
  const model = query.get("model");
  if (model === null) {
    const message = `\`model\` is missing in the query, as in ${path}?model=NAME`;
    throw new Refused({ status: 400, code: "no_model", message });
  }
  const { served } = routeTo(model, "text", parts.driver);
  if (served !== undefined) query.set("model", served);
  return upstream(incoming, { model, path, needsKey: false, query: `?${query}` }, parts);
}

/** A path of an engine. */
interface Upstream {
  readonly model: string;
  readonly path: string;
  readonly query: string;
  readonly needsKey: boolean;
}

/** Passes a request to a path of one engine, if it runs or the client asks to start it. */
async function upstream(
  incoming: Incoming,
  { model, path, query, needsKey }: Upstream,
  parts: DoorParts,
): Promise<Response> {
  const { request, headers, client } = incoming;
  const { driver, memory, pace } = parts;
  if (needsKey && client === undefined) {
    const message = `${
      quoted(path)
    } may change the engine, so it needs a key; [vessel.keys] sets one`;
    throw new Refused({ status: 403, code: "needs_key", message });
  }
  const place = routeTo(model, "text", driver);
  const { engine } = place;
  const summons = headers.get("x-lychd-summon") === "1";
  if (!summons && driver.engines.get(engine) !== "ready") throw notReady(engine, "does not run");
  const problem = codingProblem(headers);
  if (problem !== undefined) throw new Refused(problem);
  if (request.body !== null && isSimpleType(headers)) throw simpleType();
  const { maxBodyMib } = driver.units.door.settings;
  const received = request.body === null
    ? undefined
    : await receiveBody(request, { headers, maxMib: maxBodyMib, memory, pace });
  try {
    const ticket = enter(incoming, [place], driver);
    if (!summons && !ticket.isForwarded) {
      driver.leave(ticket);
      throw notReady(engine, "takes no more requests now");
    }
    const target = `${path}${query}`;
    if (headers.get("upgrade")?.toLowerCase() === "websocket") {
      const port = driver.units.inventory.engines.find(({ name }) => name === engine)?.port ?? 0;
      return await relay(incoming, { ticket, port, target }, driver);
    }
    const pieces = received?.pieces;
    return await exchangeWith({ ...incoming, target }, { ticket, pieces }, parts);
  } finally {
    received?.release();
  }
}

function notReady(engine: string, why: string): Refused {
  const message = `${quoted(engine)} ${why}; the header x-lychd-summon: 1 starts it and waits`;
  return new Refused({ status: 409, code: "not_running", message });
}

function simpleType(): Refused {
  const message =
    "the type of the body is one that any web page may send; send another content-type";
  return new Refused({ status: 415, code: "bad_content_type", message });
}
