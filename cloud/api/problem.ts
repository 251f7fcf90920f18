import { STATUS_CODES } from "node:http";
import { type Refusal, REFUSALS } from "../operator/types.js";
import { printableJson } from "./printable.js";

/** Codes of problems that are the API's own, beside those of a `Refusal`. */
export const API_PROBLEMS = {
  unauthorized: 401,
  forbidden: 403,
  "no-route": 404,
  "method-not-allowed": 405,
  "length-required": 411,
  "unsupported-media-type": 415,
  "rate-limited": 429,
  internal: 500,
  busy: 503,
} as const;

export type ProblemCode = keyof typeof API_PROBLEMS | keyof typeof REFUSALS;

/** The API itself refuses a request. The message is one line that names the reason and what to do. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly code: ProblemCode;
  readonly headers: { readonly [name: string]: string };
  readonly errors: Refusal["errors"];

  constructor(
    code: ProblemCode,
    message: string,
    { headers = {}, errors = [] }: { headers?: ApiProblem["headers"]; errors?: ApiProblem["errors"] } = {},
  ) {
    super(message);
    this.code = code;
    this.headers = headers;
    this.errors = errors;
  }
}

/** @returns the answer to a request that was refused (RFC 9457) */
export function problemResponse(problem: {
  readonly code: ProblemCode;
  readonly message: string;
  readonly errors?: Refusal["errors"];
  readonly headers?: { readonly [name: string]: string };
}): Response {
  const { code, message, errors = [], headers = {} } = problem;
  const status = { ...API_PROBLEMS, ...REFUSALS }[code];
  const body = {
    type: `urn:moddable-ota:problem:${code}`,
    title: STATUS_CODES[status] ?? code,
    status,
    detail: message,
    code,
    errors,
  };
  return new Response(printableJson(body), {
    status,
    headers: { "Content-Type": "application/problem+json", ...headers },
  });
}
