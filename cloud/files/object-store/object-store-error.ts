/**
 * `unreachable`: no answer in time. `busy`: it asks to be left alone for now. `keys`: it refuses the keys. `clock`: its
 * clock differs from this machine's by too much. `missing`: no such object. `refused`: anything else.
 */
export type ObjectStoreCode = "unreachable" | "busy" | "keys" | "clock" | "missing" | "refused";

/** The store of the files cannot do what was asked for. The message is one line with what to do. */
export class ObjectStoreError extends Error {
  override readonly name = "ObjectStoreError";
  readonly code: ObjectStoreCode;
  /** Whether the same request may go well a moment later. */
  readonly passes: boolean;
  /** How long the store asks to wait, if it does. */
  readonly retryAfterMs: number | undefined;
  /** What the store calls it, such as `NoSuchUpload`. */
  readonly storeCode: string;

  constructor(
    code: ObjectStoreCode,
    message: string,
    {
      passes = code === "unreachable" || code === "busy",
      retryAfterMs,
      storeCode = "",
      cause,
    }: {
      readonly passes?: boolean;
      readonly retryAfterMs?: number | undefined;
      readonly storeCode?: string;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause });
    this.code = code;
    this.passes = passes;
    this.retryAfterMs = retryAfterMs;
    this.storeCode = storeCode;
  }
}

const KEYS = new Set(["InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "AccessDenied"]);
const PASSES = new Set(["InternalError", "SlowDown", "ServiceUnavailable", "RequestTimeout", "OperationAborted"]);
const RETRY_AFTER_LIMIT_MS = 30_000;

/**
 * @param status of the answer
 * @param body   of it: XML if the store itself has answered
 * @returns what the answer means
 */
export function errorOfAnswer(status: number, body: string, headers: Headers): ObjectStoreError {
  const storeCode = textOf(body, "Code") ?? "";
  // Whatever else stands there is nothing to show.
  const name = /^[A-Za-z0-9._-]{1,64}$/.test(storeCode) ? storeCode : `HTTP ${status}`;
  const retryAfterMs = retryAfterOf(headers);
  if (PASSES.has(storeCode) || status === 429 || status >= 500) {
    return new ObjectStoreError("busy", `the store of the files is busy (${name}): try again later`, {
      retryAfterMs,
      storeCode,
    });
  }
  if (storeCode === "RequestTimeTooSkewed") {
    return new ObjectStoreError("clock", "the clock of this machine differs from that of the store: set it", {
      storeCode,
    });
  }
  if (status === 404 && storeCode !== "NoSuchBucket") {
    return new ObjectStoreError("missing", `the store of the files has no such object (${name})`, { storeCode });
  }
  if (KEYS.has(storeCode) || status === 401 || status === 403) {
    const message = `the store of the files refuses the keys (${name}): look at the keys and what they may do`;
    return new ObjectStoreError("keys", message, { storeCode });
  }
  return new ObjectStoreError("refused", `the store of the files refuses (${name}): look at --files`, { storeCode });
}

/** @returns the text between two tags of an XML answer, which holds no markup where it is asked for */
export function textOf(xml: string, tag: string): string | undefined {
  const start = xml.indexOf(`<${tag}>`);
  const end = xml.indexOf(`</${tag}>`, start);
  if (start < 0 || end < 0) return undefined;
  return xml
    .slice(start + tag.length + 2, end)
    .replaceAll("&quot;", '"')
    .replaceAll("&#34;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

function retryAfterOf(headers: Headers): number | undefined {
  const text = headers.get("retry-after") ?? "";
  return /^\d{1,9}$/.test(text) ? Math.min(Number(text) * 1000, RETRY_AFTER_LIMIT_MS) : undefined;
}
