import type { Clock, HttpClient, HttpExchange, HttpHead, Timer, TlsOptions } from "../../hal/ports/index.js";
import { parseUrl } from "../http/url.js";
import { decodeRequirements, REQUIREMENTS, type Requirements } from "../protocol/requirements.js";
import { readMessage } from "../protocol/json.js";

/**
 * `found`: a manifest, or none, which is one without requirements. `none`: an answer that is no manifest, for this
 * reason. `unknown`: the server could not be asked, or was busy.
 */
export type ManifestAnswer =
  | { readonly found: Requirements }
  | { readonly none: string }
  | { readonly unknown: string };

export interface ManifestReaderOptions {
  readonly http: HttpClient;
  readonly clock: Clock;
  /** The firmware's. */
  readonly url: string;
  readonly tls: TlsOptions;
  onEnded(answer: ManifestAnswer): void;
}

/** Bytes of a manifest at most: several times what its seven short fields need. */
const LENGTH_LIMIT = 1024;
const TIMEOUT_MS = 10_000;
const NONE: Requirements = Object.freeze({});

/** Fetches the manifest next to a firmware: one request, bounded in bytes and in time. */
export class ManifestReader {
  readonly #options: ManifestReaderOptions;
  readonly #body = new Uint8Array(LENGTH_LIMIT + 1);
  #length = 0;
  #exchange: HttpExchange | undefined;
  #timer: Timer | undefined;
  #reading = false;

  constructor(options: ManifestReaderOptions) {
    this.#options = options;
    this.#timer = options.clock.timer("manifest", TIMEOUT_MS, () => this.#end({ unknown: "no answer in time" }));
    const url = parseUrl(manifestUrl(options.url));
    if (url === undefined) {
      this.#timer.cancel();
      this.#timer = options.clock.timer("manifest", 0, () => this.#end({ found: NONE }));
      return;
    }
    this.#exchange = options.http.send({
      ...url,
      tls: url.secure ? options.tls : undefined,
      headers: [],
      wanted: [],
      connectTimeoutMs: TIMEOUT_MS,
      onHead: (head) => this.#onHead(head),
      onReadable: () => this.#read(),
      onEnd: () => this.#onEnd(),
      onError: ({ kind, message }) => this.#end(kind === "malformed" ? { none: message } : { unknown: message }),
    });
  }

  /** Idempotent; nothing is called after it. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#exchange?.close();
    this.#exchange = undefined;
  }

  /** A signed URL is valid for one path. A server that refuses the manifest's path counts as one without a manifest. */
  #onHead({ status }: HttpHead): void {
    if (status === 200) this.#reading = true;
    else if (status >= 500 || status === 429) this.#end({ unknown: `server answers ${status}` });
    else if (status >= 300 && status < 400) this.#end({ none: `at another place (${status}), and not followed` });
    else this.#end({ found: NONE });
  }

  #read(): void {
    while (this.#reading && this.#exchange !== undefined) {
      const count = this.#exchange.read(this.#body, this.#length, this.#body.byteLength);
      if (count === 0) return;
      this.#length += count;
      if (this.#length > LENGTH_LIMIT) this.#unreadable(`over ${LENGTH_LIMIT} bytes`);
    }
  }

  #onEnd(): void {
    const fields = readMessage(this.#body.subarray(0, this.#length), REQUIREMENTS);
    if (typeof fields === "string") this.#unreadable(fields);
    else this.#end({ found: decodeRequirements(fields) ?? NONE });
  }

  /**
   * What begins like a JSON object was meant to be a manifest: its demands are not passed over. Anything else is what a
   * server sends in the place of a file that it lacks: a page of HTML, nothing, or the firmware itself.
   */
  #unreadable(fault: string): void {
    let start = 0;
    while (start < this.#length && isBlank(this.#body[start] as number)) start++;
    this.#end(this.#body[start] === 0x7b ? { found: { wrong: `manifest is ${fault}` } } : { none: fault });
  }

  #end(answer: ManifestAnswer): void {
    if (this.#timer === undefined) return;
    this.close();
    this.#options.onEnded(answer);
  }
}

/** The blanks of JSON (RFC 8259 §2), and the bytes of a UTF-8 byte order mark. */
function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0xef || byte === 0xbb || byte === 0xbf;
}

/** Appends `.json` to the path. The query, which holds the signature, stays as it is. */
export function manifestUrl(url: string): string {
  const query = url.indexOf("?");
  return query < 0 ? `${url}.json` : `${url.slice(0, query)}.json${url.slice(query)}`;
}
