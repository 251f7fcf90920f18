import type { Device, HttpExchange, Timer, TlsOptions } from "../../hal/ports/index.js";
import { fromNetwork, OtaError } from "../errors.js";
import type { HttpUrl } from "../http/url.js";

export interface PostOptions {
  readonly device: Pick<Device, "http" | "clock">;
  readonly url: HttpUrl;
  readonly tls: TlsOptions;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export interface PostAnswer {
  readonly status: number;
  /** Seconds since 1970 by the server's clock (RFC 9110 §6.6.1), if it has said. */
  readonly unixTime: number | undefined;
  readonly content: Uint8Array;
}

/** Bytes of an answer at most: a device secret's has 200, and a certificate's of RSA with 2,048 bits 4,500. */
const LENGTH_LIMIT = 8192;
const CONNECT_TIMEOUT_MS = 20_000;
/** From the first packet to the last byte, so that no server can hold the exchange open. */
const TIMEOUT_MS = 40_000;

/** One POST, bounded in bytes and in time. @throws OtaError (rejects) */
export function post({ device, url, tls, headers, body }: PostOptions): Promise<PostAnswer> {
  return new Promise((resolve, reject) => {
    const content = new Uint8Array(LENGTH_LIMIT + 1);
    let length = 0;
    let status = 0;
    let unixTime: number | undefined;
    let exchange: HttpExchange | undefined;
    const timer: Timer = device.clock.timer("registration", TIMEOUT_MS, () =>
      fail(new OtaError("idle-timeout", "no whole answer in time")),
    );
    const fail = (error: OtaError): void => {
      timer.cancel();
      exchange?.close();
      reject(error);
    };
    exchange = device.http.send({
      ...url,
      tls: url.secure ? tls : undefined,
      headers,
      body,
      wanted: ["date"],
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      onHead: (head) => {
        status = head.status;
        const seconds = Date.parse(head.header("date") ?? "") / 1000;
        if (seconds > 0) unixTime = seconds;
      },
      onReadable: () => {
        for (let count = 1; count > 0; length += count) {
          count = (exchange as HttpExchange).read(content, length, content.byteLength);
        }
        if (length > LENGTH_LIMIT) fail(new OtaError("unexpected-answer", `answer over ${LENGTH_LIMIT} bytes`));
      },
      onEnd: () => {
        timer.cancel();
        resolve({ status, unixTime, content: content.subarray(0, length) });
      },
      onError: (error) => fail(fromNetwork(error)),
    });
  });
}
