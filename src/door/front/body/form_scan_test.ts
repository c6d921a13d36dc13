import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { BOUNDARY, FORM_BODY, judgeForm } from "../../../../tests/fuzz/form_body.ts";
import { PIECE_SIZES } from "../../../../tests/fuzz/json_body.ts";
import { formEdits } from "./form_edits.ts";
import { FORM_LIMITS, formBoundary, FormScan } from "./form_scan.ts";

Deno.test("the scanner and the runtime agree about every form that the scanner accepts", async () => {
  await fc.assert(fc.asyncProperty(FORM_BODY, PIECE_SIZES, judgeForm), { numRuns: 500 });
});

Deno.test("the scanner accepts the forms that the runtime writes", async () => {
  for (const model of ["eye", "", "ä😀", "a\r\nb"]) {
    const form = new FormData();
    form.append("file", new Blob([new Uint8Array(100_000).map((_, i) => i % 251)]), 'a "b" ä.wav');
    form.append("model", model);
    form.append("stream", "true");
    form.append("timestamp_granularities[]", "word");
    form.append("timestamp_granularities[]", "segment");
    const response = new Response(form);
    const scan = new FormScan(formBoundary(response.headers.get("content-type") ?? "") ?? "");
    for await (const piece of response.body ?? []) scan.push(piece);
    const scanned = scan.end();
    ok(!("problem" in scanned), JSON.stringify(scanned));
    deepStrictEqual([scanned.model, scanned.stream], [model, true]);
  }
});

for (
  const [type, boundary] of [
    ["multipart/form-data; boundary=abc", "abc"],
    ['Multipart/Form-Data;boundary="a b:c"', "a b:c"],
    ["multipart/form-data; charset=utf-8; boundary=abc", "abc"],
    [`multipart/form-data; boundary=${"x".repeat(70)}`, "x".repeat(70)],
    [`multipart/form-data; boundary=${"x".repeat(71)}`, undefined],
    ["multipart/form-data; boundary=", undefined],
    ['multipart/form-data; boundary=""', undefined],
    ['multipart/form-data; boundary="a "', undefined],
    ['multipart/form-data; boundary="a\\"b"', undefined],
    ["multipart/form-data; boundary=a; boundary=b", undefined],
    ["multipart/form-data; boundary=a; Boundary=a", undefined],
    ["multipart/form-data; boundary=a; charset=utf-16", undefined],
    ["multipart/form-data; boundary=a\xe4", undefined],
    ["multipart/form-data, boundary=a", undefined],
    ["multipart/form-data", undefined],
    ["multipart/mixed; boundary=a", undefined],
    ["application/json; boundary=a", undefined],
  ] as const
) {
  Deno.test(`the boundary of ${type.slice(0, 60)}`, () =>
    strictEqual(formBoundary(type), boundary));
}

function part(headers: string, content = "eye"): string {
  return `--${BOUNDARY}\r\n${headers}\r\n\r\n${content}\r\n`;
}

const MODEL = part('Content-Disposition: form-data; name="model"');
const END = `--${BOUNDARY}--\r\n`;
const named = (rest: string, content?: string) =>
  part(`Content-Disposition: form-data; ${rest}`, content);

function scan(body: string) {
  const scan = new FormScan(BOUNDARY);
  scan.push(new TextEncoder().encode(body));
  const scanned = scan.end();
  return "problem" in scanned ? scanned.problem : [scanned.model, scanned.stream];
}

const eye = ["eye", false];
const NO_NAME = "a part has no plain name";

const CASES: readonly (readonly [name: string, body: string, result: unknown])[] = [
  ["model", MODEL + END, eye],
  ["no CRLF at the end", MODEL + END.trimEnd(), eye],
  ["no parts", END, [undefined, false]],
  ["a name without quotes", named("name=model") + END, eye],
  [
    "model behind a file",
    named('name="file"; filename="a.wav"', "\r\n".repeat(9999)) + MODEL + END,
    eye,
  ],
  [
    "model in the name of a file",
    named('name="file"; filename="a; name=model"') + MODEL + END,
    eye,
  ],
  ["filename*", named("name=\"file\"; filename*=UTF-8''model") + MODEL + END, eye],
  ["stream", named('name="stream"', "True") + MODEL + END, ["eye", true]],
  ["the boundary in the middle of a line", named('name="a"', `x--${BOUNDARY}`) + MODEL + END, eye],
  [
    "the start of the boundary",
    named('name="a"', `x\r\n--${BOUNDARY.slice(0, -1)}`) + MODEL + END,
    eye,
  ],
  [
    "model as text",
    part(
      'Content-Disposition: form-data; name="model"\r\ncontent-type: text/plain; charset=UTF-8',
    ) + END,
    eye,
  ],
  ["two models", MODEL + MODEL + END, "`model` appears twice"],
  ["two models, one without quotes", MODEL + named("name=model") + END, "`model` appears twice"],
  ["model as a file", named('name="model"; filename="a"') + END, "`model` is a file"],
  [
    "model as a file with filename*",
    named("name=\"model\"; filename*=UTF-8''a") + END,
    "`model` is a file",
  ],
  [
    "model in UTF-16",
    part(
      'Content-Disposition: form-data; name="model"\r\ncontent-type: text/plain; charset=utf-16',
    ) + END,
    "`model` is not plain text",
  ],
  [
    "model in base64",
    part('Content-Disposition: form-data; name="model"\r\ncontent-transfer-encoding: base64') + END,
    "a part is encoded",
  ],
  [
    "a long model",
    named('name="model"', "x".repeat(5000)) + END,
    "`model` has more than 4096 bytes",
  ],
  ["a quote inside of quotes", named('name="file"; filename="a\\"; name=\\"model"') + END, NO_NAME],
  ["two names", named('name="file"; name="model"') + END, NO_NAME],
  ["name*", named("name=\"file\"; name*=UTF-8''model") + END, NO_NAME],
  ["an escaped name", named('name="mod\\el"') + END, NO_NAME],
  ["an encoded name", named('name="m%6fdel"') + END, NO_NAME],
  ["a name in capitals", named('NAME="model"') + END, NO_NAME],
  ["no name", named('filename="a"') + END, NO_NAME],
  ["no form-data", part('Content-Disposition: attachment; name="model"') + END, NO_NAME],
  [
    "no headers",
    `--${BOUNDARY}\r\n\r\neye\r\n${END}`,
    "it ends too early: the last delimiter is missing",
  ],
  [
    "a folded header",
    part('Content-Disposition: form-data;\r\n name="model"') + END,
    "a header of a part is not valid",
  ],
  [
    "the same header twice",
    part(
      'Content-Disposition: form-data; name="a"\r\nContent-Disposition: form-data; name="model"',
    ) + END,
    "a part has the same header twice",
  ],
  [
    "_charset_",
    named('name="_charset_"', "utf-16") + MODEL + END,
    "a part is nested or has its own charset",
  ],
  [
    "a nested part",
    part('Content-Disposition: form-data; name="a"\r\ncontent-type: multipart/mixed; boundary=x') +
    END,
    "a part is nested or has its own charset",
  ],
  ["a preamble", `x\r\n${MODEL}${END}`, "it does not begin with the boundary"],
  ["an empty line first", `\r\n${MODEL}${END}`, "it does not begin with the boundary"],
  ["something behind the end", `${MODEL}${END}x`, "there is something behind the last delimiter"],
  [
    "a part behind the end",
    MODEL + END + MODEL + END,
    "there is something behind the last delimiter",
  ],
  ["no end", MODEL, "it ends too early: the last delimiter is missing"],
  ["half an end", MODEL + `--${BOUNDARY}-`, "it ends too early: the last delimiter is missing"],
  [
    "CR behind the end",
    MODEL + END.slice(0, -1),
    "it ends too early: the last delimiter is missing",
  ],
  ["nothing", "", "it ends too early: the last delimiter is missing"],
  [
    "a space behind the boundary",
    MODEL.replace("\r\n", " \r\n") + END,
    "a line continues behind the boundary",
  ],
  [
    "a longer boundary",
    named('name="a"', `\r\n--${BOUNDARY}x`) + END,
    "a line continues behind the boundary",
  ],
  [
    "a delimiter behind LF",
    named('name="a"', `x\n--${BOUNDARY}\r\n`) + END,
    "a delimiter does not follow CRLF",
  ],
  [
    "a delimiter directly behind the headers",
    MODEL.replace("eye\r\n", "") + END,
    "a delimiter does not follow CRLF",
  ],
  [
    "lines that end with LF",
    (MODEL + END).replaceAll("\r\n", "\n"),
    "a line continues behind the boundary",
  ],
  [
    "long headers",
    part(`x: ${"y".repeat(4096)}`) + END,
    "the headers of a part have more than 4096 bytes",
  ],
  ["256 parts", named("name=a").repeat(FORM_LIMITS.parts) + END, [undefined, false]],
  ["257 parts", named("name=a").repeat(FORM_LIMITS.parts + 1) + END, "it has more than 256 parts"],
];

for (const [name, body, result] of CASES) {
  Deno.test(`a form with ${name}`, () => deepStrictEqual(scan(body), result));
}

Deno.test("a model that is not valid UTF-8 is refused", () => {
  const scan = new FormScan(BOUNDARY);
  scan.push(Uint8Array.from(named("name=model", "\xff") + END, (c) => c.charCodeAt(0)));
  deepStrictEqual(scan.end(), { problem: "`model` is not valid UTF-8" });
});

Deno.test("a model with a line break is not written into a form", () => {
  throws(
    () => formEdits({ model: "eye", place: { start: 1, end: 4 }, stream: false }, "a\r\nb"),
    TypeError,
  );
});
