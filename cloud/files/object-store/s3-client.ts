import { setTimeout } from "node:timers/promises";
import { AwsV4Signer } from "aws4fetch";
import type { KeySource } from "./keys.js";
import { objectUrl, type ObjectLocation } from "./location.js";
import { errorOfAnswer, ObjectStoreError } from "./object-store-error.js";
import { within } from "./within.js";

export interface S3ClientOptions {
  readonly location: ObjectLocation;
  readonly keys: KeySource;
  /** For one try, from its beginning to the last byte of the answer. Default: 2 minutes. */
  readonly timeoutMs?: number;
  /** Longest wait after the first failed try; it doubles with each. Default: 200. */
  readonly retryMs?: number;
  nowMs?(): number;
  /** Milliseconds from any origin, of a clock that nobody sets. */
  steadyMs?(): number;
}

export interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly key: string;
  readonly query?: { readonly [name: string]: string };
  readonly headers?: { readonly [name: string]: string };
  readonly body?: Uint8Array;
  /** Compares the clocks by the answer, whatever it says. */
  readonly comparesClocks?: boolean;
  /** Most tries. Default: 5. */
  readonly tries?: number;
  /** For one try, and most for the wait before the next. Default: that of the client, and as the store asks. */
  readonly timeoutMs?: number;
  /** Ends the request. */
  readonly signal?: AbortSignal;
}

const TRIES = 5;
/** Longest wait between two tries, unless the store asks for more. */
const LONGEST_WAIT_MS = 5000;
/** A clock that differs by less is left alone: stores allow 15 minutes, but a short-lived URL would live shorter. */
const CLOCK_TOLERANCE_MS = 30_000;
/** Most bytes of an answer that says what is wrong. */
const ERROR_LIMIT = 65_536;

/** Signed requests to one bucket, by AWS Signature Version 4. What may pass is tried again. */
export class S3Client {
  readonly location: ObjectLocation;
  readonly #options: Required<Omit<S3ClientOptions, "location">>;
  /** Keys that are derived from the secret for one day: nearly all of what signing costs. */
  readonly #derived = new Map<string, ArrayBuffer>();
  /** The store's clock less this machine's, if they differ by much. */
  #clockOffsetMs = 0;
  /** This machine's clock less the steady one, when the offset was found. */
  #clockSetMs = 0;

  constructor({ location, ...options }: S3ClientOptions) {
    this.location = location;
    const { timeoutMs = 120_000, retryMs = 200, nowMs = Date.now, steadyMs = () => performance.now() } = options;
    this.#options = { keys: options.keys, timeoutMs, retryMs, nowMs, steadyMs };
  }

  /** How far the store's clock is ahead of this machine's; 0 if they differ by little, or that is not known. */
  get clockOffsetMs(): number {
    return this.#clockOffsetMs;
  }

  /**
   * @param read takes what is wanted from an answer of success; it is called again if the connection breaks meanwhile
   * @throws ObjectStoreError
   */
  async request<Result>(request: S3Request, read: (response: Response) => Promise<Result>): Promise<Result> {
    const { tries = TRIES, signal } = request;
    let hasSetClock = false;
    for (let count = 1; ; count++) {
      try {
        return await this.#try(request, read);
      } catch (error) {
        const failure = error instanceof ObjectStoreError ? error : unreachable(this.location.endpoint, error);
        if (failure.code === "clock" && !hasSetClock) {
          hasSetClock = true;
          continue;
        }
        if (!failure.passes || count >= tries) throw failure;
        const waitMs = failure.retryAfterMs ?? this.#waitMs(count);
        if (waitMs > (request.timeoutMs ?? Infinity)) throw failure;
        await setTimeout(waitMs, undefined, signal === undefined ? {} : { signal }).catch(() => {
          throw failure;
        });
      }
    }
  }

  /**
   * @param lifetimeSec seconds from now until the store answers 403; below 0: since then
   * @returns a URL by which anybody can get the object meanwhile
   */
  async presign(key: string, lifetimeSec: number): Promise<string> {
    const { location } = this;
    // The store takes no lifetime below a second: what is over began so much earlier.
    const seconds = Math.max(1, Math.floor(lifetimeSec));
    const startMs = this.#nowMs() - (lifetimeSec < 1 ? (seconds - lifetimeSec) * 1000 : 0);
    const url = new URL(objectUrl(location, location.publicEndpoint, key));
    url.searchParams.set("X-Amz-Expires", String(seconds));
    const signed = await new AwsV4Signer({
      url: url.href,
      method: "GET",
      signQuery: true,
      ...this.#signing(startMs),
    }).sign();
    return signed.url.href;
  }

  async #try<Result>(request: S3Request, read: (response: Response) => Promise<Result>): Promise<Result> {
    const { method, key, query = {}, body, timeoutMs = this.#options.timeoutMs } = request;
    const url = new URL(objectUrl(this.location, this.location.endpoint, key));
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const headers = { ...request.headers, "x-amz-content-sha256": await sha256(body ?? new Uint8Array(0)) };
    const signed = await new AwsV4Signer({
      url: url.href,
      method,
      headers,
      ...this.#signing(this.#nowMs()),
    }).sign();
    return within({ timeoutMs, signal: request.signal }, async (signal) => {
      const response = await fetch(signed.url, {
        method,
        headers: signed.headers,
        ...(body === undefined ? {} : { body }),
        // A redirect means another region or endpoint: the signature would not fit there.
        redirect: "manual",
        signal,
      });
      if (request.comparesClocks === true) this.#compareClocks(response);
      if (response.ok) return await read(response);
      const failure = errorOfAnswer(response.status, await textWithin(response, ERROR_LIMIT), response.headers);
      if (failure.code === "clock") this.#compareClocks(response);
      throw failure;
    });
  }

  #signing(atMs: number) {
    return {
      ...this.#options.keys(),
      service: "s3",
      region: this.location.region,
      cache: this.#derived,
      datetime: new Date(atMs).toISOString().replace(/[:-]|\.\d{3}/g, ""),
    };
  }

  #compareClocks(response: Response): void {
    const date = Date.parse(response.headers.get("date") ?? "");
    if (Number.isNaN(date)) return;
    const { nowMs, steadyMs } = this.#options;
    const offsetMs = date - nowMs();
    this.#clockSetMs = nowMs() - steadyMs();
    this.#clockOffsetMs = Math.abs(offsetMs) > CLOCK_TOLERANCE_MS ? offsetMs : 0;
  }

  /** By the store's clock, as far as it is known. */
  #nowMs(): number {
    const { nowMs, steadyMs } = this.#options;
    // Somebody has set this machine's clock since then: the offset would make wrong what is right now.
    const isSet = Math.abs(nowMs() - steadyMs() - this.#clockSetMs) > CLOCK_TOLERANCE_MS;
    if (this.#clockOffsetMs !== 0 && isSet) this.#clockOffsetMs = 0;
    return nowMs() + this.#clockOffsetMs;
  }

  /** Full jitter: not all of many uploads come back at once. */
  #waitMs(count: number): number {
    return Math.random() * Math.min(LONGEST_WAIT_MS, this.#options.retryMs * 2 ** count);
  }
}

function unreachable(endpoint: string, cause: unknown): ObjectStoreError {
  const { code } = ((cause as Error).cause ?? cause) as { readonly code?: unknown };
  // A time-out has a number for its code.
  const why = typeof code === "string" ? code : (cause as Error).name;
  return new ObjectStoreError("unreachable", `the store of the files does not answer at ${endpoint} (${why})`, {
    cause,
  });
}

async function sha256(bytes: Uint8Array): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex");
}

/** @returns the beginning of a text answer: nothing makes a store send a short one */
async function textWithin(response: Response, byteLimit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk as Uint8Array);
    length += (chunk as Uint8Array).byteLength;
    if (length >= byteLimit) break;
  }
  return Buffer.concat(chunks).subarray(0, byteLimit).toString("utf8");
}
