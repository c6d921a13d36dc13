import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { JSON_BODY, judgeJsonBody, PIECE_SIZES } from "../../../../tests/fuzz/json_body.ts";
import { JSON_LIMITS, JsonScan } from "./json_scan.ts";

Deno.test("the scanner and JSON.parse agree about every body", () => {
  fc.assert(fc.property(JSON_BODY, PIECE_SIZES, judgeJsonBody), { numRuns: 500 });
});

const encoder = new TextEncoder();

function scan(body: string | Uint8Array) {
  const scan = new JsonScan();
  scan.push(typeof body === "string" ? encoder.encode(body) : Uint8Array.from(body));
  const scanned = scan.end();
  return "problem" in scanned ? scanned.problem : { model: scanned.model, stream: scanned.stream };
}

const eye = { model: "eye", stream: false };

const CASES:
  readonly (readonly [name: string, body: string | Uint8Array, result: ReturnType<typeof scan>])[] =
    [
      ["model first", '{"model":"eye","messages":[]}', eye],
      ["model last, and white space", ' {\n"a" : [1,{"b":2}] ,\t"model"\r\n: "eye" } ', eye],
      ["an escaped name and value", '{"mod\\u0065l":"\\u0065y\\u0065"}', eye],
      ["no model", "{}", { model: undefined, stream: false }],
      ["stream", '{"stream":true,"model":"eye"}', { model: "eye", stream: true }],
      ["no stream", '{"stream":false,"model":"eye"}', eye],
      [
        "model in nested objects, in strings and in values",
        '{"a":{"model":"x"},"b":"\\"model\\":\\"x","c":["model"],"model":"eye","d":{"stream":true}}',
        eye,
      ],
      ["__proto__", '{"__proto__":{"model":"x"},"model":"eye"}', eye],
      ["a lone surrogate", '{"model":"\\ud800"}', { model: "\ud800", stream: false }],
      ["model twice", '{"model":"a","model":"a"}', '"model" appears twice'],
      ["model twice, once escaped", '{"model":"a","\\u006dodel":"b"}', '"model" appears twice'],
      ["another name twice", '{"a":1,"b":2,"a":1}', '"a" appears twice'],
      ["model a number", '{"model":1}', "`model` is not a string"],
      ["model an object", '{"model":{"model":"eye"}}', "`model` is not a string"],
      ["an array", '[{"model":"eye"}]', "it is not a JSON object"],
      ["a byte order mark", '\ufeff{"model":"eye"}', "it is not a JSON object"],
      [
        "UTF-16",
        Uint8Array.from([...'{"model":"eye"}'].flatMap((c) => [c.charCodeAt(0), 0])),
        "it is not valid JSON at byte 1",
      ],
      [
        "UTF-16, big-endian",
        Uint8Array.from([...'{"model":"eye"}'].flatMap((c) => [0, c.charCodeAt(0)])),
        "it is not a JSON object",
      ],
      [
        "an overlong quote",
        Uint8Array.from([...encoder.encode('{"a":"'), 0xc0, 0xa2, ...encoder.encode('"}')]),
        "it is not valid UTF-8",
      ],
      [
        "a surrogate in UTF-8",
        Uint8Array.from([...encoder.encode('{"a":"'), 0xed, 0xa0, 0x80, ...encoder.encode('"}')]),
        "it is not valid UTF-8",
      ],
      ["something behind", '{"model":"eye"}{}', "there is something behind the JSON object"],
      ["no end", '{"model":"eye"', "it ends too early: it is not complete JSON"],
      ["nothing", " ", "it is empty"],
      ["a comma at the end", '{"model":"eye",}', "it is not valid JSON at byte 15"],
      ["a comment", '{"model":"eye"/**/}', "it is not valid JSON at byte 14"],
      ["200 levels", `{"a":${"[".repeat(199)}${"]".repeat(199)}}`, {
        model: undefined,
        stream: false,
      }],
      ["201 levels", `{"a":${"[".repeat(200)}`, "it is nested more than 200 levels deep"],
      ["1000 parameters", `{${Array.from({ length: 1000 }, (_, i) => `"${i}":0`)}}`, {
        model: undefined,
        stream: false,
      }],
      [
        "1001 parameters",
        `{${Array.from({ length: 1001 }, (_, i) => `"${i}":0`)}}`,
        "it has more than 1000 parameters",
      ],
      ["a long name", `{"${"x".repeat(4095)}":0}`, "a name or `model` has more than 4096 bytes"],
      [
        "a long model",
        `{"model":"${"x".repeat(4095)}"}`,
        "a name or `model` has more than 4096 bytes",
      ],
    ];

for (const [name, body, result] of CASES) {
  Deno.test(`a JSON body with ${name}`, () => deepStrictEqual(scan(body), result));
}

Deno.test("a scan does not keep the bytes of a name that never ends", () => {
  const scan = new JsonScan();
  scan.push(encoder.encode('{"'));
  for (let i = 0; i < JSON_LIMITS.nameBytes; i++) scan.push(encoder.encode("x"));
  strictEqual(scan.problem, "a name or `model` has more than 4096 bytes");
});

Deno.test("the scanner and JSON.parse agree about every byte at every place of a long string", () => {
  for (const byte of [0x00, 0x08, 0x1f, 0x20, 0x22, 0x5c, 0x7f, 0x80, 0xa2, 0xff]) {
    for (let at = 0; at < 48; at++) {
      const body = encoder.encode(`{"model":"${"x".repeat(48)}"}`);
      body[10 + at] = byte;
      judgeJsonBody(body, [100]);
      judgeJsonBody(body, [3, 40]);
    }
  }
});

/** Tokens of JSON, and many that only look like one. */
const TOKENS = [
  ..."0 -0 1 12 -1 1.5 0.5 1e5 1E5 1e+5 1e-5 0e0 1.5E-2 - 01 -01 00 1. 1.e1 .5 -.5 1e 1e+ 1.5e +1 --1 1.5.5"
    .split(" "),
  ..."1e5e5 1e5.5 0x1 1_0 1- 1+ Infinity -Infinity NaN true false null tru truee True nul nulll undefined"
    .split(" "),
  ...[
    '"',
    '""',
    "''",
    '"\\x"',
    '"\\"',
    '"\\u123"',
    '"\\u12g4"',
    '"\\u\x10000"',
    '"\\u00aF"',
    '"\\U0000"',
    '"\t"',
  ],
  ...[
    "[]",
    "[",
    "]",
    "[1",
    "[1,]",
    "[,1]",
    "[1 2]",
    "[}",
    "{]",
    "{}",
    "{",
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    "{1:1}",
  ],
  ...['{"a" 1}', '{"a"::1}', '{"a":1 "b":2}', "{,}", "\v", "\u00a0", "\u2028", "//", "/**/1"],
];

Deno.test("the scanner and JSON.parse agree about every token", () => {
  for (const token of TOKENS) {
    for (
      const body of [
        `{"a":${token}}`,
        `{"a":[0,${token},${token}]}`,
        `{"a": ${token} ,"b":1}`,
        `{"a":${token}`,
      ]
    ) {
      judgeJsonBody(encoder.encode(body), [1]);
    }
  }
});
