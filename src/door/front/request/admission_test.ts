import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { checkAdmission, digestOfKey } from "./admission.ts";

interface Case {
  readonly claim: string;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly keys?: readonly string[];
  readonly allowedOrigins?: readonly string[];
  readonly expected: "bad_host" | "bad_origin" | "bad_key" | undefined;
}

const OWN = "http://localhost:8081/v1/models";

const CASES: readonly Case[] = [
  { claim: "localhost", expected: undefined },
  { claim: "an address", url: "http://127.0.0.1:8081/", expected: undefined },
  { claim: "an address of IPv6", url: "http://[::1]:8081/", expected: undefined },
  {
    claim: "the name that containers use",
    url: "http://host.containers.internal:8081/",
    expected: undefined,
  },
  { claim: "a name of localhost", url: "http://door.localhost:8081/", expected: undefined },
  { claim: "another name", url: "http://evil.example:8081/", expected: "bad_host" },
  { claim: "a name that looks local", url: "http://localhost.evil.example/", expected: "bad_host" },
  { claim: "a name of digits", url: "http://127.0.0.1.evil.example/", expected: "bad_host" },
  {
    claim: "another name, with a key",
    url: "http://gpu.example:8081/",
    keys: ["secret"],
    headers: { authorization: "Bearer secret" },
    expected: undefined,
  },
  {
    claim: "a Host header that differs from the address of the request",
    headers: { host: "evil.example" },
    expected: "bad_host",
  },
  { claim: "an address that is none", url: "http://a:b:c/", expected: "bad_host" },
  {
    claim: "a Host header with a path",
    url: "http://a b@localhost:8081/../",
    headers: { host: "a b@localhost:8081" },
    expected: "bad_host",
  },
  { claim: "another port in Host", headers: { host: "localhost:80" }, expected: "bad_host" },
  { claim: "the same Host", headers: { host: "LOCALHOST:8081" }, expected: undefined },
  {
    claim: "a page of the door",
    headers: { origin: "http://localhost:8081" },
    expected: undefined,
  },
  {
    claim: "a page of another port",
    headers: { origin: "http://localhost:3000" },
    expected: "bad_origin",
  },
  {
    claim: "a page of an allowed origin",
    headers: { origin: "http://localhost:3000" },
    allowedOrigins: ["http://localhost:3000"],
    expected: undefined,
  },
  { claim: "a page without an origin", headers: { origin: "null" }, expected: "bad_origin" },
  {
    claim: "a page of another origin, with a key",
    headers: { origin: "https://evil.example", authorization: "Bearer secret" },
    keys: ["secret"],
    expected: "bad_origin",
  },
  { claim: "no key", keys: ["secret"], expected: "bad_key" },
  {
    claim: "a wrong key",
    keys: ["secret"],
    headers: { authorization: "Bearer secreT" },
    expected: "bad_key",
  },
  {
    claim: "the beginning of a key",
    keys: ["secret"],
    headers: { authorization: "Bearer secre" },
    expected: "bad_key",
  },
  {
    claim: "an empty key",
    keys: ["secret"],
    headers: { authorization: "Bearer " },
    expected: "bad_key",
  },
  {
    claim: "another scheme",
    keys: ["secret"],
    headers: { authorization: "Basic secret" },
    expected: "bad_key",
  },
  {
    claim: "the second of two keys",
    keys: ["old", "new"],
    headers: { authorization: "bearer new" },
    expected: undefined,
  },
  {
    claim: "the key of Anthropic's clients",
    keys: ["old", "new"],
    headers: { "x-api-key": "old" },
    expected: undefined,
  },
];

for (const { claim, url = OWN, headers = {}, keys = [], allowedOrigins = [], expected } of CASES) {
  Deno.test(`a request with ${claim} is ${expected ?? "admitted"}`, () => {
    const named = keys.map((key) => ({ name: `of ${key}`, digest: digestOfKey(key) }));
    const request = { url, headers: new Headers(headers) };
    const admitted = checkAdmission(request, { keys: named, allowedOrigins });
    strictEqual("code" in admitted ? admitted.code : undefined, expected);
  });
}

Deno.test("a request is that of the client whose key it has", () => {
  const keys = ["old", "new"].map((key) => ({ name: `of ${key}`, digest: digestOfKey(key) }));
  const request = { url: OWN, headers: new Headers({ "x-api-key": "new" }) };
  const admitted = checkAdmission(request, { keys, allowedOrigins: [] });
  deepStrictEqual(admitted, { client: "of new" });
});

Deno.test("a key whose digest only ends like that of the right one is refused", () => {
  const right = digestOfKey("secret");
  let wrong = 0;
  while (digestOfKey(`${wrong}`).at(-1) !== right.at(-1)) wrong++;
  const request = { url: OWN, headers: new Headers({ "x-api-key": `${wrong}` }) };
  const keys = [{ name: "right", digest: right }];
  const admitted = checkAdmission(request, { keys, allowedOrigins: [] });
  strictEqual("code" in admitted ? admitted.code : undefined, "bad_key");
});
