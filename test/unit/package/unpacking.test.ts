import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { buildAppImage } from "../../../hal/boards/sim/app-image-builder.js";
import { packages } from "../../../src/package/part.js";
import { newKnowledge } from "../../../src/update/flash/knowledge.js";
import type { Event, Stored } from "../../../src/update/machine/types.js";
import { changedPackage } from "../../support/changed-package.js";
import { BLOCK, Downloading, type DownloadingOptions, FRESH } from "../../support/downloading.js";
import { MemoryFlash } from "../../support/memory-flash.js";
import { exchanged, packageFor, rebuilt, unhashed, withRecord } from "../../support/package-variants.js";
import { successorImage } from "../../support/successor-image.js";
import { readHeader } from "../../support/unpack.js";

const OLD = "0.1.0";
const NEW = "0.2.0";
/** Checked in three turns. */
const BASE = buildAppImage({ version: OLD, byteLength: 10 * BLOCK, seed: 1 });
const RESULT = unhashed(successorImage({ base: BASE, version: NEW, byteLength: 5 * BLOCK + 48, seed: 6 }));
const DELTA = packageFor({ bytes: RESULT, version: NEW }, { bytes: BASE, version: OLD });
/** Differs from the base in its first block and in its end: the whole package is shorter than a block. */
const TWIN = buildAppImage({ version: NEW, byteLength: BASE.byteLength, seed: 1 });
const SHORT = packageFor({ bytes: TWIN, version: NEW }, { bytes: BASE, version: OLD });
/** Number of the block of `RESULT` that is new: its record is the block itself. */
const NEW_BLOCK = 2;
const { headerLength } = readHeader(DELTA);
/** So long that after a restart the records are asked for by themselves. */
const LONG_BASE = buildAppImage({ version: OLD, byteLength: 20 * BLOCK, seed: 1 });
const LONG = unhashed(successorImage({ base: LONG_BASE, version: NEW, byteLength: 20 * BLOCK + 48, seed: 6 }));
const LONG_DELTA = packageFor({ bytes: LONG, version: NEW }, { bytes: LONG_BASE, version: OLD });

/** Tries of one boot: they share flash, block and knowledge, and each gets what the ones before have made known. */
class Tries {
  readonly #options: DownloadingOptions;
  stored: Stored;

  constructor(options: DownloadingOptions = {}) {
    this.#options = {
      image: DELTA,
      made: RESULT,
      running: BASE,
      packages: (device) => packages({ device }),
      flash: new MemoryFlash({ blocks: 40 }),
      block: new Uint8Array(BLOCK),
      knowledge: newKnowledge(),
      ...options,
    };
    this.stored = options.stored ?? FRESH;
  }

  /** The request of the next try has gone out, if there is one. */
  next(version = NEW): Downloading {
    const { flash } = this.#options;
    if (flash !== undefined) flash.onChange = () => {};
    const downloading = new Downloading({
      ...this.#options,
      stored: this.stored,
      version,
      onEvent: (event) => (this.stored = after(event, this.stored)),
    });
    downloading.clock.advance(0);
    return downloading;
  }

  /** The server sends the file with this tag, from the start. */
  begun(etag: string | null = '"a"', version = NEW): Downloading {
    const downloading = this.next(version);
    const { byteLength } = downloading.image;
    downloading.exchange.head({ status: 200, contentLength: byteLength, headers: etag === null ? {} : { etag } });
    return downloading;
  }

  /** The server sends what is asked for. @returns the try, and where the server begins */
  continued(): { readonly downloading: Downloading; readonly from: number } {
    const downloading = this.next();
    return { downloading, from: answerRange(downloading) };
  }
}

/** What the machine would have made of it. */
function after(event: Event, stored: Stored): Stored {
  switch (event.type) {
    case "download-started":
      return { ...stored, etag: event.etag, resultLength: event.resultLength };
    case "region-erased":
    case "block-written":
      return { ...stored, regionOffset: 0, written: event.offset };
    default:
      return stored;
  }
}

function answerRange({ exchange, image }: Downloading): number {
  const range = exchange.request.headers.find(([name]) => name === "Range")?.[1];
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1]);
  const contentRange = `bytes ${from}-${image.byteLength - 1}/${image.byteLength}`;
  exchange.head({ status: 206, headers: { "content-range": contentRange, etag: '"a"' } });
  return from;
}

function startsOf({ events }: Downloading): Event[] {
  return events.filter(({ type }) => type === "download-started");
}

describe("a package that is downloaded", () => {
  test("becomes its result; the base is checked before anything is erased", () => {
    const downloading = new Tries().begun();
    downloading.send(0, DELTA.byteLength);
    downloading.assertWhole();
    assert.deepEqual(startsOf(downloading), [
      { type: "download-started", offset: 0, etag: '"a"', resultLength: undefined, spliced: undefined },
      { type: "download-started", offset: 0, etag: '"a"', resultLength: RESULT.byteLength, spliced: false },
    ]);
    assert.equal(downloading.readBack.matches("0".repeat(32)), false, "not the MD5 that was offered");
  });

  test("in pieces of any length it becomes the same, each block by one flash operation a turn", () => {
    for (const length of [1, 7, 255, 256, 257, 5000]) {
      const downloading = new Tries().begun();
      downloading.send(0, DELTA.byteLength, () => length);
      downloading.clock.advance(10);
      downloading.assertWhole();
      assert.ok(downloading.turns.every((operations) => operations <= 1));
    }
  });

  test("broken off at any byte, it goes on there", () => {
    for (let at = 1; at < DELTA.byteLength; at += at < headerLength + 300 ? 37 : 997) {
      const tries = new Tries();
      const first = tries.begun();
      first.send(0, at);
      first.clock.advance(10);
      first.exchange.fail("closed");
      first.clock.advance(0);
      const { downloading, from } = tries.continued();
      assert.equal(from, at);
      downloading.send(at, DELTA.byteLength);
      downloading.clock.advance(10);
      downloading.assertWhole();
    }
  });

  test("a record that nobody can have made ends it at once; after a header in two answers it is fetched once more", () => {
    const hostile = withRecord(DELTA, 4, 0xff);
    const whole = new Tries({ image: hostile }).begun();
    whole.send(0, hostile.byteLength);
    assert.equal(whole.failure, "package-malformed");
    for (const at of [100, headerLength - 10]) {
      const tries = new Tries({ image: hostile });
      const first = tries.begun();
      first.send(0, at);
      first.exchange.fail("closed");
      first.clock.advance(0);
      const { downloading } = tries.continued();
      downloading.send(at, hostile.byteLength);
      assert.equal(downloading.failure, "content-changed");
    }
  });
});

test("a header that the first block has from two answers is fetched once more before it is refused", () => {
  const changed = exchanged(DELTA, rebuilt(RESULT, NEW_BLOCK), NEW_BLOCK);
  const tries = new Tries();
  const first = tries.begun(null);
  first.send(0, 40);
  first.exchange.fail("closed");
  first.clock.advance(0);
  const { downloading } = tries.continued();
  downloading.exchange.send(changed.subarray(40));
  downloading.clock.advance(10);
  assert.equal(downloading.failure, "content-changed");
});

test("a package is not gone on with for another version than the one that it makes", () => {
  const tries = new Tries();
  const first = tries.begun();
  first.send(0, BLOCK + 400);
  first.exchange.fail("closed");
  first.clock.advance(0);
  const downloading = tries.begun('"a"', "0.3.0");
  downloading.send(0, DELTA.byteLength);
  downloading.clock.advance(10);
  assert.match(JSON.stringify(downloading.events.at(-1)), /"image-invalid".*version/);
});

describe("a download that rests while the base of its package is checked", () => {
  test("goes on with the check, and with all bytes there it asks for nothing", () => {
    assert.ok(SHORT.byteLength < BLOCK, `${SHORT.byteLength} bytes`);
    const tries = new Tries({ image: SHORT, made: TWIN });
    const first = tries.begun();
    first.onEvent = ({ type }) => type === "download-started" && first.download.close();
    first.exchange.send(SHORT);
    first.clock.advance(10);
    assert.deepEqual(
      startsOf(first).map((event) => event.type === "download-started" && event.resultLength),
      [undefined],
      "the check has just begun",
    );
    first.onEvent = () => {};
    const second = tries.next();
    second.clock.advance(10);
    assert.equal(second.http.exchanges.length, 0);
    assert.deepEqual(startsOf(second), [
      { type: "download-started", offset: 0, etag: '"a"', resultLength: TWIN.byteLength, spliced: false },
    ]);
    assert.equal(second.story.at(-1), "download-completed");
    assert.deepEqual(second.flash.content(TWIN.byteLength), TWIN);
    assert.deepEqual(first.story.length, 1, "the first try has reported nothing more");
  });

  test("goes on with the check although the connection is lost meanwhile, and fails after it", () => {
    const tries = new Tries();
    const first = tries.begun();
    first.exchange.send(DELTA.subarray(0, BLOCK));
    first.exchange.fail("closed");
    first.clock.advance(10);
    assert.equal(first.failure, "connection-lost");
    assert.equal(first.knowledge.gathering?.unpacking?.isReady, true, "the base is checked already");
    const { downloading, from } = tries.continued();
    downloading.clock.advance(0);
    assert.equal(from, BLOCK);
    assert.equal(startsOf(downloading).length, 1);
    downloading.send(BLOCK, DELTA.byteLength);
    downloading.assertWhole();
  });

  test("and tells the machine of all that it has stored then, also of what is behind the length of the file", () => {
    const tries = new Tries();
    const first = tries.begun();
    first.exchange.send(DELTA.subarray(0, BLOCK));
    first.exchange.fail("closed");
    first.clock.advance(10);
    const { downloading: second } = tries.continued();
    second.send(BLOCK, DELTA.byteLength - 20);
    second.clock.advance(10);
    second.exchange.fail("closed");
    second.clock.advance(0);
    assert.ok((tries.stored.written ?? 0) > DELTA.byteLength, `${tries.stored.written}`);
    const { downloading: third, from } = tries.continued();
    third.send(from, DELTA.byteLength);
    third.clock.advance(10);
    third.assertWhole();
  });

  test("after a restart goes on with the same request although the connection was lost meanwhile", () => {
    const flash = new MemoryFlash({ blocks: 40 });
    const long = { flash, image: LONG_DELTA, made: LONG, running: LONG_BASE };
    const tries = new Tries(long);
    const first = tries.begun();
    first.send(0, 15_000);
    first.exchange.fail("closed");
    first.clock.advance(0);
    const next = new Tries({ ...long, stored: { ...tries.stored, written: undefined } });
    const downloading = next.begun('"a"');
    downloading.exchange.send(LONG_DELTA.subarray(0, BLOCK));
    downloading.exchange.fail("closed");
    downloading.clock.advance(10);
    assert.equal(downloading.failure, undefined);
    assert.equal(downloading.http.exchanges.length, 2);
    const from = answerRange(downloading);
    downloading.send(from, LONG_DELTA.byteLength);
    downloading.clock.advance(10);
    downloading.assertWhole();
  });

  test("is not idle while what is installed is read slowly", () => {
    let clock: Downloading["clock"] | undefined;
    const installed = {
      read(into: Uint8Array, byteOffset: number): void {
        into.set(BASE.subarray(byteOffset, byteOffset + into.byteLength));
        // Longer than the longest wait for a byte, all in all and in each turn.
        clock?.pass(9_000);
      },
    };
    const tries = new Tries({ installed });
    const downloading = tries.begun();
    clock = downloading.clock;
    downloading.exchange.send(DELTA);
    downloading.clock.advance(600_000);
    assert.equal(downloading.failure, undefined);
    downloading.assertWhole();
  });
});

describe("another tag", () => {
  /** The connection is lost in the midst of a record, when two blocks are stored. */
  const broken = (tries: Tries): void => {
    const first = tries.begun('"a"');
    first.send(0, BLOCK + 400);
    first.exchange.fail("closed");
    first.clock.advance(0);
    assert.equal(tries.stored.written, 2 * BLOCK);
  };

  test("of a file with the same header is of the same package, which goes on where it was", () => {
    const tries = new Tries();
    broken(tries);
    const second = tries.begun('"b"');
    second.send(0, DELTA.byteLength);
    second.assertWhole();
    assert.ok(!second.story.includes("write 0"), "what is stored is used");
  });

  test("of a file with another header is of another package", () => {
    const tries = new Tries();
    broken(tries);
    const other = exchanged(DELTA, rebuilt(RESULT, NEW_BLOCK), NEW_BLOCK);
    const second = tries.begun('"b"');
    second.exchange.send(other);
    second.clock.advance(10);
    assert.equal(second.failure, "content-changed");
  });

  test("after a restart is of another package, but only once: later the header and the hash decide", () => {
    for (const [refetched, failure] of [
      [false, "content-changed"],
      [true, undefined],
    ] as const) {
      const flash = new MemoryFlash({ blocks: 40 });
      const tries = new Tries({ flash });
      broken(tries);
      const stored: Stored = { ...tries.stored, regionOffset: 0, written: undefined, refetched, spliced: true };
      const next = new Tries({ flash, stored }).begun('"b"');
      next.exchange.send(DELTA);
      next.clock.advance(10);
      assert.equal(next.failure, failure);
      if (failure === undefined) next.assertWhole();
    }
  });
});

test("a package from two answers, of which the first was no whole header, says so", () => {
  for (const at of [3, 100, BLOCK - 1]) {
    const tries = new Tries();
    const first = tries.begun();
    first.send(0, at);
    first.exchange.fail("closed");
    first.clock.advance(0);
    const { downloading } = tries.continued();
    downloading.send(at, DELTA.byteLength);
    const last = startsOf(downloading).at(-1);
    assert.equal(last?.type === "download-started" && last.spliced, true, `${at}`);
  }
});

test("a package that says of itself another version, length or base is refused before anything is erased", () => {
  for (const [file, code] of [
    [changedPackage(DELTA, (view) => view.setUint8(128, 0x39)), "image-invalid"],
    [changedPackage(DELTA, (view) => view.setUint16(24, 9, true)), "image-invalid"],
    [changedPackage(DELTA, (view) => view.setUint8(32, view.getUint8(32) ^ 1)), "wrong-base"],
    [changedPackage(DELTA, (view) => view.setUint32(12, 1 << 24, true)), "package-malformed"],
  ] as const) {
    const downloading = new Tries({ image: file }).begun();
    downloading.send(0, file.byteLength);
    downloading.clock.advance(10);
    assert.equal(downloading.failure, code);
    assert.deepEqual(downloading.flash.operations, []);
  }
});
