import type { HttpClient } from "../../hal/ports/index.js";

/**
 * A client whose every request says who asks (RFC 9110 §10.1.5). A content delivery network may refuse one that does
 * not.
 *
 * @param userAgent printable ASCII
 */
export function withUserAgent(http: HttpClient, userAgent: string): HttpClient {
  return { send: (request) => http.send({ ...request, headers: [["User-Agent", userAgent], ...request.headers] }) };
}
