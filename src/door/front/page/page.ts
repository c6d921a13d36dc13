import { createHash } from "node:crypto";
import { quoted } from "../../../core/report/printable.ts";
import type { DoorError } from "../request/error_answer.ts";
import { errorAnswer } from "../request/error_answer.ts";

/** The files of the page, compressed with gzip, by name. */
export type PageFiles = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** The page loads nothing from elsewhere, runs only its own script, and no other page may frame it. */
const POLICY = [
  "default-src 'none'",
  ...["script-src", "style-src", "connect-src"].map((kind) => `${kind} 'self'`),
  "img-src 'self' data: blob:",
  ...["base-uri", "form-action", "frame-ancestors"].map((kind) => `${kind} 'none'`),
].join("; ");

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

const NOT_BUILT: DoorError = {
  status: 404,
  code: "no_page",
  message: "the page is not built; `deno task bundle` builds it",
};

/**
 * The page of the door. Its files contain nothing of this host and need no key: the page asks for one, and
 * sends it with each of its own requests.
 *
 * @example
 * ```ts
 * import { Page } from "./page.ts";
 * const page = new Page(new Map([["index.html", new Uint8Array()]]));
 * page.answer(new Request("http://localhost/"), "/")?.headers.get("content-encoding"); // null
 * ```
 */
export class Page {
  readonly #files: ReadonlyMap<string, { readonly bytes: Uint8Array<ArrayBuffer>; tag: string }>;

  constructor(files: PageFiles) {
    const tagged = [...files].map(([name, bytes]) => {
      const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
      return [name, { bytes, tag: `W/"${digest}"` }] as const;
    });
    this.#files = new Map(tagged);
  }

  /** Returns the answer for a file of the page; undefined if the path belongs to the rest of the door. */
  answer({ method, headers }: Pick<Request, "method" | "headers">, path: string) {
    const name = path === "/" ? "index.html" : path.match(/^\/assets\/([a-z.]+)$/)?.[1];
    if (name === undefined) return undefined;
    const file = this.#files.get(name);
    if (file === undefined && path !== "/") return undefined;
    if (method !== "GET" && method !== "HEAD") {
      const message = `${quoted(path)} takes GET, HEAD, not ${quoted(method)}`;
      const answer = errorAnswer(path, { status: 405, code: "wrong_method", message });
      answer.headers.set("allow", "GET, HEAD");
      return answer;
    }
    if (file === undefined) return errorAnswer(path, NOT_BUILT);
    const answer = new Headers({
      "content-type": TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream",
      "content-security-policy": POLICY,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-cache",
      vary: "accept-encoding",
      etag: file.tag,
    });
    if (headers.get("if-none-match")?.includes(file.tag)) {
      return new Response(null, { status: 304, headers: answer });
    }
    if (/\bgzip\b(?!\s*;\s*q=0(?![.]\d*[1-9]))/i.test(headers.get("accept-encoding") ?? "")) {
      answer.set("content-encoding", "gzip");
      return new Response(file.bytes, { headers: answer });
    }
    const plain = new Blob([file.bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(plain, { headers: answer });
  }
}
