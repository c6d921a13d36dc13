import { formBoundary } from "../body/form_scan.ts";
import { parseParameters } from "../body/parameters.ts";
import type { DoorError } from "./error_answer.ts";

/** The type of a body that the door reads. */
export type Content = { readonly kind: "json" } | {
  readonly kind: "form";
  readonly boundary: string;
};

/**
 * Returns the type of a body by its headers, or the error. A body without the type of JSON or of a form is
 * refused: every web page may send one to the door. Forms of HTML are such a type too; they cannot pass
 * because browsers send `Origin` with them.
 *
 * @example
 * ```ts
 * import { contentOf } from "./content.ts";
 * contentOf(new Headers({ "content-type": "application/json" }), "json"); // { kind: "json" }
 * ```
 */
export function contentOf(
  headers: Pick<Headers, "get">,
  expected: Content["kind"],
): Content | { readonly error: DoorError } {
  const error = codingProblem(headers);
  if (error !== undefined) return { error };
  const type = headers.get("content-type") ?? "";
  if (expected === "form") {
    const boundary = formBoundary(type);
    if (boundary !== undefined) return { kind: "form", boundary };
    const message = "the body must be multipart/form-data with a valid boundary";
    return { error: { status: 415, code: "bad_content_type", message } };
  }
  if (isJson(type)) return { kind: "json" };
  const message = "the body must be JSON, with content-type: application/json";
  return { error: { status: 415, code: "bad_content_type", message } };
}

/** Returns the error for a body that is compressed, or whose end two readers could see in two places. */
export function codingProblem(headers: Pick<Headers, "get">): DoorError | undefined {
  const content = headers.get("content-encoding");
  if (content !== null && content.toLowerCase() !== "identity") {
    const message = "the body is compressed; send it as it is, without content-encoding";
    return { status: 415, code: "compressed_body", message };
  }
  const transfer = headers.get("transfer-encoding");
  if (transfer === null) return undefined;
  if (transfer.toLowerCase() === "chunked" && headers.get("content-length") === null) {
    return undefined;
  }
  const message = "transfer-encoding must be chunked, without content-length";
  return { status: 400, code: "bad_transfer_encoding", message };
}

/** The type that almost all clients send. */
const USUAL = "application/json";

function isJson(type: string): boolean {
  if (type === USUAL) return true;
  const parsed = parseParameters(type);
  return parsed !== undefined && parsed.type.toLowerCase() === USUAL &&
    /^utf-?8$/i.test(parsed.values.get("charset") ?? "utf-8");
}

/** The types that a page of any origin may send without asking, except forms, which have an `Origin`. */
const SIMPLE = /^(?:text\/plain|application\/x-www-form-urlencoded)\b/i;

/** Returns true for a body that any web page may send, because of its type or because it has none. */
export function isSimpleType(headers: Pick<Headers, "get">): boolean {
  const type = headers.get("content-type");
  return type === null || SIMPLE.test(type);
}
