/**
 * The paths of an engine that clients reach directly, below `/upstream/NAME`. A path that the door and an
 * engine could understand in two ways is not accepted, so that no path looks harmless and is not.
 *
 * @module
 */

/** The paths that change nothing at an engine and show no prompts, by method. */
const OPEN: Readonly<Record<string, ReadonlySet<string>>> = {
  GET: new Set([
    ...["/", "/health", "/ping", "/version", "/v1/models", "/models", "/props", "/metrics"],
    ...["/get_model_info", "/get_server_info", "/v1/model", "/v1/model/list", "/openapi.json"],
    "/v1/realtime",
  ]),
  POST: new Set([
    ...["/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages"],
    ...["/v1/messages/count_tokens", "/v1/embeddings", "/v1/rerank", "/v1/reranking", "/v1/score"],
    ...["/v1/audio/speech", "/v1/audio/transcriptions", "/v1/audio/translations"],
    ...["/v1/images/generations", "/v1/images/edits", "/v1/token/encode", "/v1/token/decode"],
    ...["/chat/completions", "/completion", "/completions", "/infill", "/embedding", "/embeddings"],
    ...["/rerank", "/reranking", "/score", "/pooling", "/classify", "/generate"],
    ...["/tokenize", "/detokenize", "/apply-template"],
  ]),
};

const SEGMENT = /^[A-Za-z0-9_~!$&'()*+,;=:@.-]*$/;

/**
 * Returns the problem of a path of an engine, as the end of a sentence, or undefined. Encoded characters,
 * empty segments, `.` and `..` are not accepted.
 *
 * @example
 * ```ts
 * import { upstreamPathProblem } from "./upstream_path.ts";
 * upstreamPathProblem("/slots/%2e%2e/health"); // "has characters other than letters, digits and _~!$&'()*+,;=:@.-"
 * ```
 */
export function upstreamPathProblem(path: string): string | undefined {
  const segments = path.split("/").slice(1);
  if (!segments.every((segment) => SEGMENT.test(segment))) {
    return "has characters other than letters, digits and _~!$&'()*+,;=:@.-";
  }
  if (segments.slice(0, -1).includes("")) return "has an empty segment";
  return segments.some((segment) => segment === "." || segment === "..")
    ? "has a segment of dots"
    : undefined;
}

/**
 * Returns true for a path that every client of the door may use. All others, such as `/slots` of
 * llama.cpp or `/sleep` of vLLM, need a key.
 *
 * @example
 * ```ts
 * import { isOpenUpstreamPath } from "./upstream_path.ts";
 * isOpenUpstreamPath("POST", "/sleep"); // false
 * ```
 */
export function isOpenUpstreamPath(method: string, path: string): boolean {
  return OPEN[method === "HEAD" ? "GET" : method]?.has(path) ?? false;
}
