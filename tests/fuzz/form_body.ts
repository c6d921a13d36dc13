/** Makes forms, valid and broken, and compares the scanner with the form reader of the runtime. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { formEdits } from "../../src/door/front/body/form_edits.ts";
import { formBoundary, FormScan } from "../../src/door/front/body/form_scan.ts";
import { splice } from "../../src/door/front/body/splice.ts";
import { CHARACTER } from "../character.ts";
import { mutated } from "./mutate.ts";

export const BOUNDARY = "----WebKitFormBoundary7MA4YWxk";

const encoder = new TextEncoder();
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

const CONTENT = fc.oneof(
  fc.string({ unit: CHARACTER, maxLength: 20 }),
  fc.constantFrom(
    "eye",
    "true",
    "",
    "\r\n",
    "\n",
    "--",
    `--${BOUNDARY}`,
    `\r\n--${BOUNDARY.slice(0, -1)}`,
    "\r\n\r\n",
  ),
);

const DISPOSITION = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom("model", "stream", "file", "x[]").map((n) =>
      `form-data; name="${n}"`
    ),
  },
  fc.constantFrom(
    ...[
      "form-data; name=model",
      'FORM-DATA; NAME="model"',
      'form-data; name="model"; filename="a.wav"',
    ],
    ...[
      'form-data; name="file"; filename="a; name=model"',
      "form-data; name=\"file\"; filename*=UTF-8''%e4.wav",
    ],
    ...[
      'form-data; name="file"; filename="a\\"; name=\\"model"',
      'form-data; name="file"; name="model"',
    ],
    ...[
      'form-data; name="mod\\el"',
      'form-data; name="m%6fdel"',
      "form-data; name*=UTF-8''model",
      "form-data",
    ],
  ),
);

const PART = fc.tuple(
  DISPOSITION,
  fc.oneof(
    { weight: 4, arbitrary: fc.constant("") },
    fc.constantFrom(
      "Content-Type: audio/wav\r\n",
      "content-type: text/plain\r\n",
      "X-A: b\r\n",
      " folded\r\n",
    ),
  ),
  CONTENT,
).map(([disposition, header, content]) =>
  `--${BOUNDARY}\r\nContent-Disposition: ${disposition}\r\n${header}\r\n${content}\r\n`
);

const FORM = fc.tuple(
  fc.array(PART, { maxLength: 3 }),
  fc.oneof({ weight: 5, arbitrary: fc.constant("\r\n") }, fc.constantFrom("", "\r", "x", "\r\nx")),
).map(([parts, end]) => encoder.encode(`${parts.join("")}--${BOUNDARY}--${end}`));

/** The body of a form, or something similar. */
export const FORM_BODY: fc.Arbitrary<Uint8Array> = fc.oneof(
  FORM,
  mutated(FORM, {
    insert: [
      "\r",
      "\n",
      "\r\n",
      "--",
      `\r\n--${BOUNDARY}`,
      `--${BOUNDARY}--`,
      "\0",
      '"',
      ";",
      "\\",
      "name=model",
    ],
  }),
);

function scan(bytes: Uint8Array, sizes: readonly number[]) {
  const scan = new FormScan(formBoundary(TYPE) ?? "");
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    scan.push(bytes.subarray(at, at + size));
    at += size;
  }
  return scan.end();
}

/** Checks that the runtime reads the same in every form that the scanner accepts, also after an edit. */
export async function judgeForm(bytes: Uint8Array, sizes: readonly number[]): Promise<void> {
  const scanned = scan(bytes, sizes);
  deepStrictEqual(scan(bytes, [bytes.length]), scanned);
  if ("problem" in scanned) return;
  const form = await read(bytes);
  deepStrictEqual(form.getAll("model"), scanned.model === undefined ? [] : [scanned.model]);
  strictEqual(scanned.stream, String(form.get("stream")).toLowerCase() === "true");
  const edited = new Uint8Array(
    splice([bytes], formEdits(scanned, "org/other")).flatMap((piece) => [...piece]),
  );
  const after = await read(edited);
  if (form.has("model")) form.set("model", "org/other");
  deepStrictEqual(await valuesOf(after), await valuesOf(form));
  ok(!("problem" in scan(edited, sizes)));
}

function read(bytes: Uint8Array): Promise<FormData> {
  return new Response(Uint8Array.from(bytes), { headers: { "content-type": TYPE } }).formData();
}

function valuesOf(form: FormData): Promise<(readonly [string, string])[]> {
  return Promise.all(
    [...form].map(async ([name, value]) =>
      [name, typeof value === "string" ? value : await value.text()] as const
    ),
  );
}
