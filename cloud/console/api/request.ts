/** Where the API is, below the address of the page. */
export const BASE = "/api/v1";

/** One wrong field of a request. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** The cloud has refused a request (RFC 9457), or cannot be reached: then `status` is 0 and the code `unreachable`. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: string;
  readonly errors: readonly FieldError[];

  constructor({ status, code, detail, errors = [] }: ProblemFields) {
    super(detail);
    this.status = status;
    this.code = code;
    this.errors = errors;
  }
}

interface ProblemFields {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly FieldError[];
}

export type Query = { readonly [name: string]: string | number | boolean | undefined };

export interface RequestOptions {
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** @returns the path with its query; a value that is undefined or empty is left out */
export function address(path: string, query: Query = {}): string {
  const fields = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(fields.map(([name, value]): [string, string] => [name, String(value)])).toString();
  return `${BASE}${path}${text === "" ? "" : `?${text}`}`;
}

/**
 * Makes one request.
 *
 * @returns the JSON of the answer; undefined if it has none
 * @throws ApiError; an AbortError if `signal` ended it
 */
export async function request<T>(method: Method, path: string, options: RequestOptions = {}): Promise<T> {
  const { query, body, signal } = options;
  let response: Response;
  try {
    response = await fetch(address(path, query), {
      method,
      ...(signal === undefined ? {} : { signal }),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw unreachable();
  }
  if (!response.ok) throw problemOf(response.status, await response.text().catch(() => ""));
  if (response.status === 204) return undefined as T;
  try {
    return (await response.json()) as T;
  } catch {
    throw unreachable();
  }
}

export interface UploadOptions {
  readonly query: Query;
  readonly file: File;
  readonly signal?: AbortSignal;
  /** Called with the bytes that were sent so far. */
  onProgress(sentBytes: number): void;
}

/**
 * Sends a file as the raw body of a POST. It is an XMLHttpRequest because fetch reports no progress of a body.
 *
 * @throws ApiError; an AbortError if `signal` ended it
 */
export function upload<T>(path: string, { query, file, signal, onProgress }: UploadOptions): Promise<T> {
  return new Promise((resolve, reject) => {
    const exchange = new XMLHttpRequest();
    exchange.open("POST", address(path, query));
    exchange.setRequestHeader("Content-Type", "application/octet-stream");
    exchange.upload.onprogress = ({ loaded }) => onProgress(loaded);
    exchange.onload = () => {
      const { status, responseText } = exchange;
      if (status >= 200 && status < 300) resolve(JSON.parse(responseText) as T);
      else reject(problemOf(status, responseText));
    };
    exchange.onerror = () => reject(unreachable());
    exchange.onabort = () => reject(new DOMException("aborted", "AbortError"));
    signal?.addEventListener("abort", () => exchange.abort());
    exchange.send(file);
  });
}

function unreachable(): ApiError {
  return new ApiError({ status: 0, code: "unreachable", detail: "the cloud does not answer" });
}

function problemOf(status: number, text: string): ApiError {
  try {
    const { code, detail, errors } = JSON.parse(text) as Partial<ProblemFields>;
    if (typeof code === "string" && typeof detail === "string") {
      return new ApiError({ status, code, detail, ...(Array.isArray(errors) ? { errors } : {}) });
    }
  } catch {
    // It is a page of a proxy, and the status says what there is to say.
  }
  return new ApiError({ status, code: "unreachable", detail: `status ${status}` });
}
