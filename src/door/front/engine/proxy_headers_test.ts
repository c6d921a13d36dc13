import { deepStrictEqual } from "node:assert/strict";
import type { Header } from "./connection.ts";
import { clientHeaders, engineHeaders } from "./proxy_headers.ts";

const IDENTITY: Header = ["accept-encoding", "identity"];
const NO_TRANSFORM: Header = ["cache-control", "no-transform"];

const TO_ENGINE: readonly { name: string; from: readonly Header[]; to: readonly Header[] }[] = [
  { name: "nothing", from: [], to: [] },
  {
    name: "headers about the content, in their order",
    from: [["content-type", "application/json"], ["accept", "text/event-stream"], ["x-a", "b"]],
    to: [["content-type", "application/json"], ["accept", "text/event-stream"], ["x-a", "b"]],
  },
  {
    name: "the headers of a WebSocket",
    from: [
      ["connection", "keep-alive, Upgrade"],
      ["upgrade", "websocket"],
      ["sec-websocket-key", "x"],
      ["sec-websocket-version", "13"],
    ],
    to: [["sec-websocket-key", "x"], ["sec-websocket-version", "13"]],
  },
  {
    name: "headers that Connection names",
    from: [["connection", "close , X-Secret"], ["x-secret", "a"], ["connection", "x-b"], [
      "x-b",
      "c",
    ]],
    to: [],
  },
  { name: "another coding", from: [["accept-encoding", "gzip, br"]], to: [] },
  ...[
    ...["authorization", "x-api-key", "api-key", "x-goog-api-key", "proxy-authorization", "cookie"],
    ...["expect", "host", "content-length", "transfer-encoding", "te", "trailer", "keep-alive"],
    ...["proxy-connection", "http2-settings", "upgrade", "origin", "referer"],
    ...["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "x-lychd-summon"],
  ].map((name) => ({
    name,
    from: [[name, "x"], ["x-a", "b"]] as const,
    to: [["x-a", "b"]] as const,
  })),
];

for (const { name, from, to } of TO_ENGINE) {
  const words = to.length === 0 ? "does not pass to" : "passes correctly to";
  Deno.test(`${name} ${words} the engine`, () =>
    deepStrictEqual(engineHeaders(from), [...to, IDENTITY]));
}

const TO_CLIENT: readonly { name: string; from: readonly Header[]; to: readonly Header[] }[] = [
  { name: "nothing", from: [], to: [NO_TRANSFORM] },
  {
    name: "headers about the content, in their order",
    from: [["content-type", "text/plain"], ["content-length", "5"], ["x-request-id", "a"], [
      "x-a",
      "b",
    ], ["x-a", "c"]],
    to: [
      ["content-type", "text/plain"],
      ["content-length", "5"],
      ["x-request-id", "a"],
      ["x-a", "b"],
      ["x-a", "c"],
      NO_TRANSFORM,
    ],
  },
  {
    name: "cache-control",
    from: [["cache-control", "no-cache"], ["cache-control", "max-age=1"]],
    to: [["cache-control", "no-cache, max-age=1, no-transform"]],
  },
  { name: "no-transform", from: [NO_TRANSFORM], to: [NO_TRANSFORM] },
  {
    name: "headers that Connection names",
    from: [["connection", "Keep-Alive, X-Secret"], ["keep-alive", "5"], ["x-secret", "a"]],
    to: [NO_TRANSFORM],
  },
  ...[
    ...["set-cookie", "set-cookie2", "location", "refresh", "server", "x-powered-by"],
    ...["access-control-allow-origin", "access-control-allow-credentials", "clear-site-data"],
    ...["connection", "keep-alive", "transfer-encoding", "trailer", "upgrade", "te"],
    ...["proxy-authenticate", "www-authenticate", "alt-svc", "strict-transport-security"],
    ...["service-worker-allowed"],
  ].map((name) => ({ name, from: [[name, "x"]] as const, to: [NO_TRANSFORM] })),
];

for (const { name, from, to } of TO_CLIENT) {
  const words = to.length === 1 ? "does not pass to" : "passes correctly to";
  Deno.test(`${name} ${words} the client`, () => deepStrictEqual(clientHeaders(from), to));
}
