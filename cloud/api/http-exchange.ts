import { Readable } from "node:stream";
import { Refusal, type RefusalCode, REFUSALS } from "../operator/types.js";
import { BASE, COMMAND_HEADER } from "./request.js";

export interface HttpExchangeOptions {
  /** `http://127.0.0.1:8081`, without a slash at its end. */
  readonly url: string;
  readonly token: string;
  /** Name of the command, for the audit. */
  readonly command?: string;
  /** Called once for each request that has waited 2 s for its answer, with one line for the user. */
  onWait?(line: string): void;
}

/** The cloud does not answer, or not as it should. The message is one line with what to do next. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** Status of the answer; absent if there was none. */
  readonly status: number | undefined;
  /** Whether nothing listens at the address. */
  readonly absent: boolean;

  constructor(message: string, { status, absent = false }: { status?: number; absent?: boolean } = {}) {
    super(message);
    this.status = status;
    this.absent = absent;
  }
}

export interface ExchangeRequest {
  readonly query?: { readonly [name: string]: string | number | boolean | undefined };
  readonly body?: unknown;
  readonly stream?: { readonly content: Readable; readonly size: number };
  readonly headers?: { readonly [name: string]: string };
  readonly signal?: AbortSignal;
}

const WORD_AFTER_MS = 2000;
/** Longest wait that the cloud may ask for by Retry-After, and how often it may. */
const RETRY_LIMIT_SEC = 60;
const RETRIES = 3;

/** Requests to the API of a cloud. */
export class HttpExchange {
  readonly #options: HttpExchangeOptions;

  constructor(options: HttpExchangeOptions) {
    this.#options = options;
  }

  get url(): string {
    return this.#options.url;
  }

  /** @returns the JSON of the answer @throws Refusal, ApiError */
  async ask(method: string, path: string, request: ExchangeRequest = {}): Promise<unknown> {
    const response = await this.send(method, path, request);
    const text = await response.text().catch((error: unknown) => {
      throw this.#lost(error);
    });
    if (response.status === 204) return undefined;
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw new ApiError(`${this.url} does not answer as this version of the cloud does: compare their versions`);
    }
  }

  /** @returns an answer that is no problem @throws Refusal, ApiError */
  async send(method: string, path: string, request: ExchangeRequest = {}): Promise<Response> {
    for (let retry = 0; ; retry++) {
      const response = await this.#fetch(method, path, request);
      if (response.ok) return response;
      const seconds = Number(response.headers.get("Retry-After") ?? Number.NaN);
      const mayRetry = response.status === 429 && request.stream === undefined && seconds <= RETRY_LIMIT_SEC;
      if (!mayRetry || retry >= RETRIES) throw await this.#problemOf(response);
      await response.body?.cancel();
      this.#options.onWait?.(`waiting for the cloud: it wants fewer requests; going on in ${seconds} s`);
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    }
  }

  async #fetch(method: string, path: string, request: ExchangeRequest): Promise<Response> {
    const { token, command } = this.#options;
    const { query = {}, body, stream, headers = {}, signal } = request;
    const url = new URL(`${this.url}${BASE}${path}`);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const word = setTimeout(() => this.#options.onWait?.("waiting for the cloud …"), WORD_AFTER_MS);
    try {
      return await fetch(url, {
        method,
        redirect: "error",
        ...(signal === undefined ? {} : { signal }),
        headers: {
          Authorization: `Bearer ${token}`,
          ...(command === undefined ? {} : { [COMMAND_HEADER]: command }),
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          ...(stream === undefined
            ? {}
            : { "Content-Type": "application/octet-stream", "Content-Length": String(stream.size) }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(stream === undefined ? {} : { body: Readable.toWeb(stream.content) as ReadableStream, duplex: "half" }),
      } as RequestInit);
    } catch (error) {
      throw this.#lost(error);
    } finally {
      clearTimeout(word);
    }
  }

  #lost(error: unknown): Error {
    const { cause, name } = error as { readonly cause?: NodeJS.ErrnoException; readonly name?: string };
    if (name === "AbortError") return error as Error;
    const code = cause?.code ?? "no answer";
    const absent = code === "ECONNREFUSED";
    if (absent) return new ApiError(`no cloud runs at ${this.url}: start it with ota-cloud serve`, { absent });
    if (code === "UND_ERR_HEADERS_TIMEOUT") {
      return new ApiError(`the cloud at ${this.url} has not answered for 5 minutes: look at its log`);
    }
    if (cause?.message === "bad port") {
      return new ApiError(`no client of HTTP takes the port of ${this.url}: serve with another --console-port`);
    }
    const done = "what was asked may be done all the same: look before you ask again";
    return new ApiError(`the connection to the cloud at ${this.url} broke (${code}); ${done}`);
  }

  async #problemOf(response: Response): Promise<Error> {
    const { status } = response;
    const problem = (await response.json().catch(() => ({}))) as {
      readonly code?: string;
      readonly detail?: string;
      readonly errors?: Refusal["errors"];
    };
    const { code, detail, errors } = problem;
    if (typeof detail !== "string") {
      return new ApiError(`${this.url} is no cloud of this version: it answers ${status}`, { status });
    }
    if (typeof code === "string" && code in REFUSALS) {
      return new Refusal(code as RefusalCode, detail, Array.isArray(errors) ? errors : []);
    }
    return new ApiError(detail, { status });
  }
}
