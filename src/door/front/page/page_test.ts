/** Tests of the files of the page, as the front serves them. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { startFront, test } from "../../../testing/front_bench.ts";

const FILES = { "index.html": "<p>the page</p>", "page.js": "1;", "page.css": "p{}" };
const page = new Map(
  Object.entries(FILES).map(([name, text]) => [name, new Uint8Array(gzipSync(text))]),
);

test("the page needs no key, the rest of the door does", async () => {
  const keys = [{ name: "alice", digest: "0".repeat(64) }];
  const pace = { wrongKeyMilliseconds: 0 };
  await using bench = await startFront({ ports: { eye: 1 }, page, settings: { keys }, pace });
  for (
    const [path, type, text] of [
      ["/", "text/html; charset=utf-8", FILES["index.html"]],
      ["/assets/page.js", "text/javascript; charset=utf-8", FILES["page.js"]],
      ["/assets/page.css?v=1", "text/css; charset=utf-8", FILES["page.css"]],
    ]
  ) {
    const answer = await fetch(`${bench.url}${path}`);
    deepStrictEqual([answer.status, answer.headers.get("content-type"), await answer.text()], [
      200,
      type,
      text,
    ]);
  }
  for (const path of ["/lychd/v1/status", "/assets", "/assets/other.js", "/assets/../health"]) {
    const answer = await fetch(`${bench.url}${path}`);
    strictEqual(answer.status, 401, path);
    await answer.body?.cancel();
  }
});

test("the page loads and sends nothing elsewhere, and no other page frames it", async () => {
  await using bench = await startFront({ ports: { eye: 1 }, page });
  for (const path of ["/", "/assets/page.js"]) {
    const { headers, body } = await fetch(`${bench.url}${path}`);
    await body?.cancel();
    const policy = headers.get("content-security-policy") ?? "";
    deepStrictEqual(policy.split("; "), [
      ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"],
      "img-src 'self' data: blob:",
      ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
    ]);
    strictEqual(headers.get("x-content-type-options"), "nosniff");
    strictEqual(headers.get("referrer-policy"), "no-referrer");
    strictEqual(headers.get("access-control-allow-origin"), null);
  }
});

test("the page is compressed for those who ask, and not sent again", async () => {
  await using bench = await startFront({ ports: { eye: 1 }, page });
  const raw = async (...lines: string[]) => {
    const connection = await Deno.connect({ port: bench.port });
    const head = [`GET / HTTP/1.1`, `Host: 127.0.0.1:${bench.port}`, "Connection: close", ...lines];
    await connection.write(new TextEncoder().encode([...head, "", ""].join("\r\n")));
    return await new Response(connection.readable).text();
  };
  const plain = await raw();
  match(plain, /<p>the page<\/p>/);
  ok(!/content-encoding/i.test(plain));
  ok(!/content-encoding/i.test(await raw("Accept-Encoding: gzip;q=0, br")));
  match(await raw("Accept-Encoding: br, gzip"), /\r\ncontent-encoding: gzip\r\n/i);
  const [, tag = ""] = /\r\netag: (\S+)\r\n/i.exec(plain) ?? [];
  match(await raw(`If-None-Match: ${tag}`), /^HTTP\/1.1 304 /);
  match(await raw('If-None-Match: W/"0000"'), /^HTTP\/1.1 200 /);
});

test("without its files, the door names the command that builds the page", async () => {
  await using bench = await startFront({ ports: { eye: 1 } });
  const answer = await fetch(`${bench.url}/`);
  const { error } = await answer.json();
  deepStrictEqual([answer.status, error.code], [404, "no_page"]);
  match(error.message, /deno task bundle/);
});

test("only GET and HEAD read the page", async () => {
  await using bench = await startFront({ ports: { eye: 1 }, page });
  const head = await fetch(`${bench.url}/`, { method: "HEAD" });
  deepStrictEqual([head.status, await head.text()], [200, ""]);
  const answer = await fetch(`${bench.url}/`, { method: "POST", body: "x" });
  deepStrictEqual([answer.status, (await answer.json()).error.code], [405, "wrong_method"]);
  strictEqual(answer.headers.get("allow"), "GET, HEAD");
});
