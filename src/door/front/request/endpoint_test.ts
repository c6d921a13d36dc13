import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { endpointOf } from "./endpoint.ts";

/** A request line, and its meaning: kind and details, or status and code. */
const MEANINGS: readonly (readonly [request: string, meaning: string])[] = [
  ["POST /v1/chat/completions", "routed text json"],
  ["POST /v1/completions", "routed text json"],
  ["POST /v1/responses", "routed text json"],
  ["POST /v1/messages", "routed text json"],
  ["POST /v1/messages/count_tokens", "routed text json"],
  ["POST /v1/embeddings", "routed embeddings json"],
  ["POST /v1/rerank", "routed rerank json"],
  ["POST /v1/reranking", "routed rerank json"],
  ["POST /rerank", "routed rerank json"],
  ["POST /infill", "routed text json"],
  ["POST /completion", "routed text json"],
  ["POST /v1/audio/speech", "routed speech json"],
  ["POST /v1/audio/transcriptions", "routed transcription form"],
  ["POST /v1/audio/translations", "routed transcription form"],
  ["POST /v1/images/generations", "routed images json"],
  ["POST /v1/images/edits", "routed images form"],
  ["GET /v1/models", "models"],
  ["HEAD /v1/models", "models"],
  ["GET /models", "models"],
  ["GET /v1/models/eye", "model eye"],
  ["GET /v1/models/Qwen/big", "model Qwen/big"],
  ["GET /v1/models/Qwen%2Fbig", "model Qwen/big"],
  ["GET /v1/models/%zz", "model %zz"],
  ["GET /v1/models/", "404 no_endpoint"],
  ["GET /health", "health"],
  ["GET /ready", "ready"],
  ["GET /running", "running"],
  ["GET /props", "queried /props"],
  ["POST /props", "405 wrong_method"],
  ["GET /v1/realtime", "queried /v1/realtime"],
  ["GET /lychd/v1/status", "status"],
  ["GET /lychd/v1/events", "events"],
  ["POST /lychd/v1/summon", "summon"],
  ["POST /lychd/v1/banish", "banish"],
  ["POST /lychd/v1/cancel/1-2", "cancel 1-2"],
  // No GET has an effect.
  ["GET /lychd/v1/summon", "405 wrong_method"],
  ["GET /lychd/v1/banish", "405 wrong_method"],
  ["GET /lychd/v1/cancel/1-2", "405 wrong_method"],
  ["GET /v1/chat/completions", "405 wrong_method"],
  ["DELETE /v1/models", "405 wrong_method"],
  ["CONNECT /", "404 no_endpoint"],
  ["CONNECT /v1/models", "405 wrong_method"],
  ["TRACE /v1/chat/completions", "405 wrong_method"],
  ["TRACE /upstream/eye/health", "405 wrong_method"],
  ["CONNECT /upstream/eye/health", "405 wrong_method"],
  ["OPTIONS /*", "404 no_endpoint"],
  ["GET /", "404 no_endpoint"],
  ["GET /v1/chat/completions/", "404 no_endpoint"],
  ["GET //v1/models", "404 no_endpoint"],
  ["GET /V1/models", "404 no_endpoint"],
  ["GET /v1/%6dodels", "404 no_endpoint"],
  ["GET /__proto__", "404 no_endpoint"],
  ["GET /upstream/eye", "upstream eye / open"],
  ["GET /upstream/eye/", "upstream eye / open"],
  ["GET /upstream/eye/health", "upstream eye /health open"],
  ["HEAD /upstream/eye/health", "upstream eye /health open"],
  ["GET /upstream/eye/v1/models", "upstream eye /v1/models open"],
  ["POST /upstream/eye/v1/chat/completions", "upstream eye /v1/chat/completions open"],
  ["POST /upstream/eye/tokenize", "upstream eye /tokenize open"],
  // They change an engine, or show the prompts of others.
  ["GET /upstream/eye/slots", "upstream eye /slots with a key"],
  ["POST /upstream/eye/slots/0", "upstream eye /slots/0 with a key"],
  ["POST /upstream/eye/sleep", "upstream eye /sleep with a key"],
  ["POST /upstream/eye/v1/load_lora_adapter", "upstream eye /v1/load_lora_adapter with a key"],
  ["POST /upstream/eye/props", "upstream eye /props with a key"],
  ["POST /upstream/eye/health", "upstream eye /health with a key"],
  ["DELETE /upstream/eye/health", "upstream eye /health with a key"],
  ["GET /upstream/eye/health/", "upstream eye /health/ with a key"],
  ["GET /upstream/eye/HEALTH", "upstream eye /HEALTH with a key"],
  ["GET /upstream/eye/%68ealth", "400 bad_path"],
  ["GET /upstream/eye/slots/%2e%2e/health", "400 bad_path"],
  ["GET /upstream/eye/slots/../health", "400 bad_path"],
  ["GET /upstream/eye/./health", "400 bad_path"],
  ["GET /upstream/eye/..", "400 bad_path"],
  ["GET /upstream/eye//health", "400 bad_path"],
  ["GET /upstream/eye/a//", "400 bad_path"],
  ["GET /upstream/eye//", "400 bad_path"],
  ["GET /upstream/eye/a%2fb", "400 bad_path"],
  ["GET /upstream/eye/a\\b", "400 bad_path"],
  ["GET /upstream/eye/a%5cb", "400 bad_path"],
  ["GET /upstream/eye/a%00", "400 bad_path"],
  ["GET /upstream/eye/a#b", "400 bad_path"],
  ["GET /upstream/eye/ä", "400 bad_path"],
  ["GET /upstream/eye%2fslots/health", "400 bad_path"],
  ["GET /upstream//health", "400 bad_path"],
  ["GET /upstream/", "400 bad_path"],
  ["GET /upstream", "404 no_endpoint"],
];

for (const [request, meaning] of MEANINGS) {
  Deno.test(`${request} is: ${meaning}`, () => {
    const [method = "", path = ""] = request.split(" ");
    const found = endpointOf(method, path);
    strictEqual(
      "error" in found ? `${found.error.status} ${found.error.code}` : textOf(found),
      meaning,
    );
  });
}

function textOf(endpoint: Exclude<ReturnType<typeof endpointOf>, { error: unknown }>): string {
  switch (endpoint.kind) {
    case "routed":
      return `routed ${endpoint.work} ${endpoint.body}`;
    case "upstream":
      return `upstream ${endpoint.model} ${endpoint.path} ${
        endpoint.needsKey ? "with a key" : "open"
      }`;
    case "queried":
      return `queried ${endpoint.path}`;
    case "model":
    case "cancel":
      return `${endpoint.kind} ${endpoint.id}`;
    default:
      return endpoint.kind;
  }
}

Deno.test("a wrong method is answered with those that the path takes", () => {
  const found = endpointOf("PUT", "/health");
  deepStrictEqual("error" in found && [found.error.allow, found.error.message], [
    ["GET", "HEAD"],
    "`/health` takes GET, HEAD, not `PUT`",
  ]);
});
