/** Codes of refusals, each with the HTTP status of its problem (RFC 9457). */
export const REFUSALS = {
  invalid: 400,
  "not-found": 404,
  exists: 409,
  conflict: 409,
  "in-use": 409,
  "not-verified": 409,
  "too-large": 413,
  "unsupported-format": 415,
  storage: 503,
  "not-running": 409,
} as const;
export type RefusalCode = keyof typeof REFUSALS;

/** The cloud refuses a request. The message is one line that names the reason and what to do. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: RefusalCode;
  /** Wrong fields of the request, by their path. */
  readonly errors: readonly { readonly field: string; readonly message: string }[];

  constructor(code: RefusalCode, message: string, errors: Refusal["errors"] = []) {
    super(message);
    this.code = code;
    this.errors = errors;
  }
}
