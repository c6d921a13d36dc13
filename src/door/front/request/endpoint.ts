/**
 * The endpoints of the door: what a method and a path mean.
 *
 * @module
 */
import type { Work } from "../../../core/dispatcher/route.ts";
import { quoted } from "../../../core/report/printable.ts";
import type { DoorError } from "./error_answer.ts";
import { isOpenUpstreamPath, upstreamPathProblem } from "./upstream_path.ts";

/** The meaning of a request. */
export type Endpoint =
  /** The body names a model, and the request may start its engine. */
  | { readonly kind: "routed"; readonly work: Work; readonly body: "json" | "form" }
  /** One path of one engine, which must run unless a header asks to start it. */
  | {
    readonly kind: "upstream";
    readonly model: string;
    readonly path: string;
    readonly needsKey: boolean;
  }
  /** The same, with the model in the query. */
  | { readonly kind: "queried"; readonly path: string }
  | { readonly kind: "models" }
  | { readonly kind: "model"; readonly id: string }
  | {
    readonly kind:
      | "health"
      | "ready"
      | "running"
      | "metrics"
      | "status"
      | "events"
      | "requests"
      | "plan";
  }
  | { readonly kind: "summon" | "banish" | "release" }
  | { readonly kind: "cancel"; readonly id: string }
  | { readonly kind: "logs"; readonly soulstone: string };

interface Row {
  readonly methods: readonly string[];
  readonly endpoint: Endpoint;
}

const GET = ["GET", "HEAD"];
const POST = ["POST"];

function routed(work: Work, body: "json" | "form" = "json"): Row {
  return { methods: POST, endpoint: { kind: "routed", work, body } };
}

const ENDPOINTS: ReadonlyMap<string, Row> = new Map<string, Row>([
  ["/v1/chat/completions", routed("text")],
  ["/v1/completions", routed("text")],
  ["/v1/responses", routed("text")],
  ["/v1/messages", routed("text")],
  ["/v1/messages/count_tokens", routed("text")],
  ["/v1/embeddings", routed("embeddings")],
  ["/v1/rerank", routed("rerank")],
  ["/v1/reranking", routed("rerank")],
  ["/rerank", routed("rerank")],
  ["/infill", routed("text")],
  ["/completion", routed("text")],
  ["/v1/audio/speech", routed("speech")],
  ["/v1/audio/transcriptions", routed("transcription", "form")],
  ["/v1/audio/translations", routed("transcription", "form")],
  ["/v1/images/generations", routed("images")],
  ["/v1/images/edits", routed("images", "form")],
  ["/v1/models", { methods: GET, endpoint: { kind: "models" } }],
  ["/models", { methods: GET, endpoint: { kind: "models" } }],
  ["/v1/realtime", { methods: ["GET"], endpoint: { kind: "queried", path: "/v1/realtime" } }],
  ["/props", { methods: GET, endpoint: { kind: "queried", path: "/props" } }],
  ["/health", { methods: GET, endpoint: { kind: "health" } }],
  ["/ready", { methods: GET, endpoint: { kind: "ready" } }],
  ["/running", { methods: GET, endpoint: { kind: "running" } }],
  ["/metrics", { methods: GET, endpoint: { kind: "metrics" } }],
  ["/lychd/v1/status", { methods: GET, endpoint: { kind: "status" } }],
  ["/lychd/v1/events", { methods: ["GET"], endpoint: { kind: "events" } }],
  ["/lychd/v1/requests", { methods: GET, endpoint: { kind: "requests" } }],
  ["/lychd/v1/plan", { methods: GET, endpoint: { kind: "plan" } }],
  ["/lychd/v1/summon", { methods: POST, endpoint: { kind: "summon" } }],
  ["/lychd/v1/banish", { methods: POST, endpoint: { kind: "banish" } }],
  ["/lychd/v1/release", { methods: POST, endpoint: { kind: "release" } }],
]);

/** The methods that reach an engine below `/upstream`. */
const UPSTREAM_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

const MODEL = "/v1/models/";
const CANCEL = "/lychd/v1/cancel/";
const LOGS = "/lychd/v1/logs/";
const UPSTREAM = "/upstream/";
const NAME = /^[A-Za-z0-9._-]+$/;

/** A request that no endpoint takes, and the methods that its path takes. */
export interface NoEndpoint extends DoorError {
  readonly allow?: readonly string[];
}

/**
 * Returns the endpoint for a method and a path without its query, or the error.
 *
 * @example
 * ```ts
 * import { endpointOf } from "./endpoint.ts";
 * endpointOf("POST", "/v1/embeddings"); // { kind: "routed", work: "embeddings", body: "json" }
 * ```
 */
export function endpointOf(
  method: string,
  path: string,
): Endpoint | { readonly error: NoEndpoint } {
  const row = ENDPOINTS.get(path) ?? rowOf(method, path);
  if (row === undefined) {
    const message = `there is no endpoint ${quoted(path)}; it has /v1/chat/completions and other ` +
      "paths of the API of OpenAI, /v1/messages, /v1/models, /upstream/NAME/, /lychd/v1/status";
    return { error: { status: 404, code: "no_endpoint", message } };
  }
  if ("error" in row) return row;
  if (row.methods.includes(method)) return row.endpoint;
  const message = `${quoted(path)} takes ${row.methods.join(", ")}, not ${quoted(method)}`;
  return { error: { status: 405, code: "wrong_method", message, allow: row.methods } };
}

/**
 * Returns the name of an endpoint for figures: its path only if that is one of the list.
 *
 * @example
 * ```ts
 * import { endpointName } from "./endpoint.ts";
 * endpointName({ kind: "upstream", model: "eye", path: "/slots", needsKey: true }, "/upstream/eye/slots"); // "upstream"
 * ```
 */
export function endpointName({ kind }: Endpoint, path: string): string {
  return kind === "routed" || kind === "queried" ? path : kind;
}

/** Returns the row of a path with a name in it. */
function rowOf(method: string, path: string): Row | { readonly error: NoEndpoint } | undefined {
  if (path.startsWith(MODEL) && path.length > MODEL.length) {
    return { methods: GET, endpoint: { kind: "model", id: decoded(path.slice(MODEL.length)) } };
  }
  if (path.startsWith(CANCEL) && path.length > CANCEL.length) {
    return { methods: POST, endpoint: { kind: "cancel", id: path.slice(CANCEL.length) } };
  }
  if (path.startsWith(LOGS) && NAME.test(path.slice(LOGS.length))) {
    return { methods: ["GET"], endpoint: { kind: "logs", soulstone: path.slice(LOGS.length) } };
  }
  if (!path.startsWith(UPSTREAM)) return undefined;
  const slash = path.indexOf("/", UPSTREAM.length);
  const model = path.slice(UPSTREAM.length, slash < 0 ? undefined : slash);
  const rest = slash < 0 ? "/" : path.slice(slash);
  const problem = NAME.test(model) ? upstreamPathProblem(rest) : "does not begin with a name";
  if (problem !== undefined) {
    const message = `the path behind /upstream/ ${problem}`;
    return { error: { status: 400, code: "bad_path", message } };
  }
  const needsKey = !isOpenUpstreamPath(method, rest);
  return {
    methods: UPSTREAM_METHODS,
    endpoint: { kind: "upstream", model, path: rest, needsKey },
  };
}

/** Decodes a part of a path; one that is not valid stays as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
