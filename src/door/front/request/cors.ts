/** The answers of the door that a page of another origin reads, if the operator allows the origin. */

/**
 * Returns the answer for the question of a browser whether a page of another origin may send a request,
 * or undefined for any other request, and if the origin may not.
 */
export function preflight(
  method: string,
  headers: Pick<Headers, "get">,
  allowedOrigins: readonly string[],
): Response | undefined {
  const origin = headers.get("origin");
  const asked = headers.get("access-control-request-method");
  if (method !== "OPTIONS" || asked === null) return undefined;
  if (origin === null || !allowedOrigins.includes(origin)) return undefined;
  const named = headers.get("access-control-request-headers") ?? "";
  const answer = new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-methods": "GET, POST",
      "access-control-max-age": "600",
      ...named !== "" && { "access-control-allow-headers": named },
    },
  });
  return allowOrigin(answer, origin, allowedOrigins);
}

/** Adds the headers that let a page read an answer, if its origin is allowed. */
export function allowOrigin(
  answer: Response,
  origin: string | null,
  allowedOrigins: readonly string[],
): Response {
  if (origin === null || !allowedOrigins.includes(origin)) return answer;
  answer.headers.set("access-control-allow-origin", origin);
  answer.headers.set("access-control-expose-headers", "retry-after, x-lychd-request-id");
  answer.headers.append("vary", "origin");
  return answer;
}
