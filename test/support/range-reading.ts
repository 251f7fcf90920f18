import assert from "node:assert/strict";
import { RangeReader, type RangeReaderOptions } from "../../src/http/range-reader.js";
import type { OtaError, OtaErrorCode } from "../../src/errors.js";
import { type FakeAnswer, FakeHttp } from "./fake-http.js";
import { CollectedLog } from "./log.js";
import { VirtualClock } from "./virtual-clock.js";

/** Text that no log line and no error may contain. */
export const SIGNATURE = "q-signature%3D0123456789abcdef";
export const URL = `https://host.example:8443/dir/file.bin?sign=${SIGNATURE}%00`;
export const SIZE = 1000;

/** A `RangeReader` whose server the test plays. Its callbacks are kept in `told`, in order. */
export class RangeReading {
  readonly clock = new VirtualClock();
  readonly http = new FakeHttp();
  readonly logged = new CollectedLog();
  readonly told: string[] = [];
  readonly opened: { offset: number; etag: string | undefined }[] = [];
  readonly failures: OtaError[] = [];
  readonly reader: RangeReader;
  /** Whether `onReadable` reads all there is. */
  reads = false;
  readonly received: number[] = [];
  onOpened = (): void => {};

  constructor(options: Partial<RangeReaderOptions> = {}) {
    this.reader = new RangeReader({
      http: this.http,
      clock: this.clock,
      log: this.logged.log,
      url: URL,
      tls: {},
      offset: 0,
      size: SIZE,
      etag: undefined,
      idleTimeoutMs: 20_000,
      onOpened: (opened) => {
        this.told.push("opened");
        this.opened.push(opened);
        this.onOpened();
      },
      onReadable: () => {
        this.told.push("readable");
        if (this.reads) this.readAll();
      },
      onFailed: (error) => {
        this.told.push("failed");
        this.failures.push(error);
      },
      ...options,
    });
  }

  /** The request goes out. */
  static requested(options: Partial<RangeReaderOptions> = {}): RangeReading {
    const reading = new RangeReading(options);
    reading.clock.advance(0);
    return reading;
  }

  /** The request goes out and is answered with a body that begins as it should. */
  static begun(options: Partial<RangeReaderOptions> = {}): RangeReading {
    const reading = RangeReading.requested(options);
    const { offset = 0, size = SIZE } = options;
    if (offset === 0) reading.answer({ status: 200, contentLength: size });
    else reading.answer({ status: 206, headers: { "content-range": `bytes ${offset}-${size - 1}/${size}` } });
    assert.deepEqual(reading.told, ["opened"]);
    return reading;
  }

  answer(answer: FakeAnswer): void {
    this.http.exchange.head(answer);
  }

  redirect(location: string | undefined, status = 302): void {
    this.answer({ status, contentLength: 0, headers: location === undefined ? {} : { location } });
  }

  readAll(pieceLength = 64): void {
    const piece = new Uint8Array(pieceLength);
    for (;;) {
      const count = this.reader.read(piece, 0, piece.byteLength);
      if (count === 0) return;
      this.received.push(...piece.subarray(0, count));
    }
  }

  /** The try failed in this way, once; everything is released, and no secret was shown. */
  assertFailed(code: OtaErrorCode, message: RegExp = /./): void {
    assert.deepEqual(
      this.failures.map((failure) => failure.code),
      [code],
    );
    const text = this.failures[0]?.message ?? "";
    assert.match(text, message);
    assert.equal(this.told.at(-1), "failed");
    assert.ok(
      this.http.exchanges.every((exchange) => exchange.closed),
      "an exchange was left open",
    );
    assert.deepEqual(this.clock.names(), [], "timers were left running");
    this.assertDiscreet();
  }

  assertDiscreet(): void {
    const shown = [...this.logged.lines, ...this.failures.map((failure) => failure.message)].join("\n");
    assert.ok(!shown.includes(SIGNATURE) && !shown.includes("sign="), shown);
  }
}
