import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { sha256 } from "./digest.ts";
import { formatReceipt, parseReceipt } from "./receipt.ts";

const ENTRY = { sha256: sha256("x"), mode: 0o600 };

Deno.test("a receipt reads back as it was written, sorted", () => {
  const files = {
    "systemd/user/lychd-coven-a.target": ENTRY,
    "containers/systemd/lychd/lychd.pod": ENTRY,
    "systemd/user/default.target.d/lychd.conf": ENTRY,
  };
  const text = formatReceipt({ files });
  deepStrictEqual(parseReceipt(text), { receipt: { files } });
  strictEqual(text, formatReceipt({ files: Object.fromEntries(Object.entries(files).reverse()) }));
  strictEqual(text.endsWith("}\n"), true);
});

Deno.test("a receipt may contain the digest of its Codex", () => {
  const receipt = { codex: sha256("eye"), files: { "systemd/user/lychd-coven-a.target": ENTRY } };
  deepStrictEqual(parseReceipt(formatReceipt(receipt)), { receipt });
});

function naming(path: string): string {
  return JSON.stringify({ lychd: 1, files: { [path]: ENTRY } });
}

const CANNOT_BE_OURS = /^it names a file that lychd cannot have written: /;

const REFUSED: readonly (readonly [claim: string, text: string, problem: RegExp])[] = [
  ["nothing", "", /JSON/],
  ["half a file", '{"lychd": 1, "files": {', /JSON/],
  ["a list", "[]", /^it is not a receipt of lychd$/],
  ["null", "null", /^it is not a receipt of lychd$/],
  ["no files", '{"lychd": 1}', /^it is not a receipt of lychd$/],
  ["a list of files", '{"lychd": 1, "files": []}', /^it is not a receipt of lychd$/],
  ["no version", '{"files": {}}', /^it has version undefined; this version of lychd reads 1$/],
  [
    "another version",
    '{"lychd": 2, "files": {}}',
    /^it has version 2; this version of lychd reads 1$/,
  ],
  ["a version as text", '{"lychd": "1", "files": {}}', /^it has version 1; /],
  ["a way up", naming("systemd/user/../../../.ssh/authorized_keys"), CANNOT_BE_OURS],
  ["a way up at the end", naming("systemd/user/.."), CANNOT_BE_OURS],
  ["an absolute path", naming("/etc/passwd"), CANNOT_BE_OURS],
  ["a path of another folder", naming("lychd/lychd.toml"), CANNOT_BE_OURS],
  ["a folder beside ours", naming("containers/systemd/lychd-other/x"), CANNOT_BE_OURS],
  ["the folder itself", naming("systemd/user/"), CANNOT_BE_OURS],
  ["an empty part", naming("systemd/user//x"), CANNOT_BE_OURS],
  ["a dot", naming("systemd/user/./x"), CANNOT_BE_OURS],
  ["a NUL", naming("systemd/user/a\0b"), CANNOT_BE_OURS],
  ["__proto__", '{"lychd": 1, "files": {"__proto__": {}}}', CANNOT_BE_OURS],
  [
    "an entry without digest",
    '{"lychd": 1, "files": {"systemd/user/x": {"mode": 1}}}',
    /is broken$/,
  ],
  ["an entry that is null", '{"lychd": 1, "files": {"systemd/user/x": null}}', /is broken$/],
];

for (const [claim, text, problem] of REFUSED) {
  Deno.test(`a receipt with ${claim} is refused`, () => {
    const read = parseReceipt(text);
    match("problem" in read ? read.problem : "", problem);
  });
}
