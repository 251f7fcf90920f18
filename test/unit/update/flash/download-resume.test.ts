import assert from "node:assert/strict";
import { test } from "node:test";
import type { Stored } from "../../../../src/update/machine/types.js";
import { newKnowledge } from "../../../../src/update/flash/knowledge.js";
import { BLOCK, Downloading, FRESH, IMAGE, imageOf } from "../../../support/downloading.js";
import type { FakeAnswer } from "../../../support/fake-http.js";
import { MemoryFlash, REGION_LENGTH } from "../../../support/memory-flash.js";
import { assertSameBytes } from "../../../support/same-bytes.js";

/** Flash with this much of the image, as an earlier try left it. */
function stored(blocks: number, image = IMAGE): { flash: MemoryFlash; stored: Stored } {
  const regionOffset = blocks * BLOCK > REGION_LENGTH ? REGION_LENGTH : 0;
  const first = new Downloading({ image });
  first.clock.advance(0);
  first.exchange.head({ status: 200, contentLength: image.byteLength });
  first.send(0, blocks * BLOCK);
  first.download.close();
  // The power went after the checkpoint, before the first block was programmed.
  if (blocks === 0) first.flash.eraseBlock(0, REGION_LENGTH / BLOCK);
  first.flash.operations.length = 0;
  first.flash.onChange = () => {};
  return { flash: first.flash, stored: { ...FRESH, regionOffset, etag: '"tag"' } };
}

/** The answer of a server that has exactly what is asked for. */
function partial(downloading: Downloading): FakeAnswer & { offset: number } {
  const range = downloading.exchange.request.headers.find(([name]) => name === "Range")?.[1];
  const offset = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1]);
  const { byteLength } = downloading.image;
  return { offset, status: 206, headers: { "content-range": `bytes ${offset}-${byteLength - 1}/${byteLength}` } };
}

test("after any number of blocks a resume asks for the rest, tied to the tag, and does not touch what is before", () => {
  for (const blocks of [0, 1, 2, 9, 16, 17, 19]) {
    const earlier = stored(blocks);
    const downloading = new Downloading(earlier);
    downloading.clock.advance(0);
    const { offset, ...answer } = partial(downloading);
    if (blocks < 2) {
      assert.deepEqual(downloading.exchange.request.headers, []);
      downloading.exchange.head({ status: 200, contentLength: IMAGE.byteLength });
    } else {
      assert.equal(offset, (blocks - 1) * BLOCK);
      assert.deepEqual(downloading.exchange.request.headers[1], ["If-Range", '"tag"']);
      downloading.exchange.head(answer);
    }
    const from = Math.max(0, blocks - 1) * BLOCK;
    downloading.send(from, IMAGE.byteLength);
    downloading.assertWhole();
    assert.ok(!downloading.story.includes("forget"), "it is the same job");
    const started = downloading.events.find((event) => event.type === "download-started");
    assert.deepEqual(started, {
      type: "download-started",
      offset: from,
      etag: undefined,
      resultLength: undefined,
      spliced: undefined,
    });
    const touched = downloading.flash.operations.map((operation) => /^write (\d+)$/.exec(operation)?.[1]);
    assert.ok(touched.every((byteOffset) => byteOffset === undefined || Number(byteOffset) >= from));
    assert.ok(
      downloading.turns.every((operations) => operations <= 1),
      downloading.turns.join(),
    );
    assert.equal(
      downloading.readBack.offset,
      (Math.ceil(IMAGE.byteLength / BLOCK) - 1) * BLOCK,
      "all but the last block is read back",
    );
  }
});

test("an image with blank blocks goes on after the connection was lost behind them, in the same boot", () => {
  const image = imageOf(10 * BLOCK);
  image.fill(0xff, 3 * BLOCK, 6 * BLOCK);
  for (let blocks = 1; blocks < 10; blocks++) {
    const downloading = new Downloading({ image, ...stored(blocks, image) });
    downloading.clock.advance(0);
    const { offset, ...answer } = partial(downloading);
    downloading.exchange.head(Number.isNaN(offset) ? { status: 200, contentLength: image.byteLength } : answer);
    downloading.send(Number.isNaN(offset) ? 0 : offset, image.byteLength);
    assert.equal(
      downloading.failure,
      undefined,
      `after ${blocks} blocks: ${JSON.stringify(downloading.events.at(-1))}`,
    );
    downloading.assertWhole();
  }
});

test("a server that sends the whole file all the same is compared with what is stored, then continued", () => {
  for (const [blocks, pieceLength] of [
    [2, 1460],
    [7, 1],
    [18, 5000],
    [19, 200_000],
  ] as const) {
    const downloading = Downloading.begun(stored(blocks));
    const resumed = (blocks - 1) * BLOCK;
    // Single bytes only near the offsets at which it could go wrong.
    downloading.send(0, resumed - 100);
    downloading.send(resumed - 100, resumed + 100, () => pieceLength);
    downloading.send(resumed + 100, IMAGE.byteLength);
    downloading.assertWhole();
    assert.equal(downloading.story.filter((line) => line.startsWith("write")).length, 20 - (blocks - 1));
    assert.ok(downloading.story.includes(`download-started ${resumed}`));
    assert.ok(downloading.turns.every((operations) => operations <= 1));
  }
});

test("one other byte in what is stored already is a changed file, and nothing of it is programmed", () => {
  for (const at of [0, 1, 2047, 2048, 5000, 6 * BLOCK - 1]) {
    const downloading = Downloading.begun(stored(7));
    const other = IMAGE.slice();
    other[at] = (other[at] as number) ^ 1;
    downloading.exchange.send(other);
    downloading.clock.advance(1);
    assert.equal(downloading.failure, "content-changed", `byte ${at}`);
    assert.ok(!downloading.story.some((line) => line.startsWith("write")));
    assert.equal(downloading.exchange.closed, true);
  }
});

test("a connection lost during the comparison loses nothing that is stored", () => {
  const downloading = Downloading.begun(stored(7));
  downloading.send(0, 3 * BLOCK);
  downloading.exchange.fail("closed");
  downloading.clock.advance(0);
  assert.equal(downloading.failure, "connection-lost");
  assertSameBytes(downloading.flash.content(6 * BLOCK), IMAGE.subarray(0, 6 * BLOCK));
});

/** One try after the other of the same boot, as the machine has them: `told` is what the events say is in flash. */
class Tries {
  readonly knowledge = newKnowledge();
  readonly #flash: MemoryFlash;
  #stored: Stored;
  #latest: Downloading | undefined;

  constructor(earlier: { flash: MemoryFlash; stored: Stored } | undefined = undefined, block = new Uint8Array(BLOCK)) {
    this.#flash = earlier?.flash ?? new MemoryFlash({ blocks: 40 });
    this.#stored = earlier?.stored ?? FRESH;
    this.block = block;
  }

  readonly block: Uint8Array;

  get latest(): Downloading {
    return this.#latest as Downloading;
  }

  /** Begins a try, and answers the range that it asks for. @returns where that begins */
  next(image = IMAGE): number {
    const { knowledge, block } = this;
    this.#flash.onChange = () => {};
    this.#latest = new Downloading({ image, flash: this.#flash, stored: this.#stored, knowledge, block });
    this.#latest.clock.advance(0);
    const { offset, ...answer } = partial(this.#latest);
    this.#latest.exchange.head(Number.isNaN(offset) ? { status: 200, contentLength: image.byteLength } : answer);
    return Number.isNaN(offset) ? 0 : offset;
  }

  /** The connection is lost. @returns whether the try has advanced */
  lose(kind: "closed" | "malformed" = "closed"): boolean | undefined {
    this.latest.exchange.fail(kind);
    this.latest.clock.advance(1);
    for (const event of this.latest.events) {
      if (event.type === "region-erased" || event.type === "block-written") {
        const regionOffset = event.type === "region-erased" ? event.offset : this.#stored.regionOffset;
        this.#stored = { ...this.#stored, regionOffset, erasing: false, written: event.offset };
      }
    }
    const last = this.latest.events.at(-1);
    return last?.type === "download-failed" ? last.advances : undefined;
  }
}

test("what came of a block is kept for the next request: answers of any length bring the image, each byte once", () => {
  for (const length of [3000, 1000, BLOCK + 1, 50_000]) {
    const tries = new Tries();
    let at = 0;
    while (at < IMAGE.byteLength) {
      assert.equal(tries.next(), at, `answers of ${length} bytes`);
      tries.latest.send(at, Math.min(IMAGE.byteLength, at + length));
      at += length;
      if (at < IMAGE.byteLength) assert.equal(tries.lose(), true);
    }
    tries.latest.assertWhole();
    assert.equal(tries.latest.readBack.offset, (Math.ceil(IMAGE.byteLength / BLOCK) - 1) * BLOCK);
    assert.equal(tries.latest.events.find(({ type }) => type === "download-started") !== undefined, true);
  }
});

test("after a restart too, what came of the block to resume at is kept", () => {
  const tries = new Tries(stored(7));
  assert.equal(tries.next(), 6 * BLOCK);
  tries.latest.send(6 * BLOCK, 6 * BLOCK + 100);
  assert.equal(tries.lose(), true);
  assert.equal(tries.next(), 6 * BLOCK + 100);
  tries.latest.send(6 * BLOCK + 100, IMAGE.byteLength);
  tries.latest.assertWhole();
});

test("a try advances only past what any try before it had, and only if the answer ended", () => {
  const tries = new Tries();
  tries.next();
  assert.equal(tries.lose(), false, "no byte");
  tries.next();
  tries.latest.send(0, 500);
  assert.equal(tries.lose("malformed"), false, "it did not end");
  tries.next();
  assert.equal(tries.lose(), true);
  tries.next();
  assert.equal(tries.lose(), false, "the same bytes");
});

test("what came of a block is dropped for what the server sends from before it", () => {
  const tries = new Tries();
  tries.next();
  tries.latest.send(0, 2 * BLOCK + 500);
  tries.lose();
  tries.next();
  const { exchange } = tries.latest;
  exchange.head({ status: 200, contentLength: IMAGE.byteLength });
  tries.latest.send(0, IMAGE.byteLength);
  tries.latest.assertWhole();
});

test("what came of a block is dropped with an answer that is no image, and of another image", () => {
  const page = new Uint8Array(2 * BLOCK).fill(0x20);
  const tries = new Tries();
  tries.next();
  tries.latest.exchange.send(page.subarray(0, 100));
  tries.lose();
  assert.equal(tries.next(), 100);
  tries.latest.exchange.send(page);
  tries.latest.clock.advance(1);
  assert.equal(tries.latest.failure, "unexpected-answer");
  assert.equal(tries.next(), 0);
  tries.latest.send(0, 100);
  tries.lose();
  assert.equal(tries.next(imageOf(IMAGE.byteLength + 16)), 0);
});

test("a range that begins before the one that was asked for is compared, then continued", () => {
  for (const first of [0, 1, BLOCK, 5 * BLOCK - 1]) {
    const downloading = new Downloading(stored(7));
    downloading.clock.advance(0);
    const { byteLength } = IMAGE;
    downloading.exchange.head({
      status: 206,
      headers: { "content-range": `bytes ${first}-${byteLength - 1}/${byteLength}` },
    });
    downloading.send(first, byteLength);
    downloading.assertWhole();
    assert.equal(downloading.story.filter((line) => line.startsWith("write")).length, 20 - 6);
  }
});

test("what differs in an answer to a range is compared once more with the whole file, before it counts as changed", () => {
  const other = IMAGE.map((byte) => byte ^ 1);
  for (const isSame of [true, false]) {
    const downloading = new Downloading(stored(7));
    downloading.clock.advance(0);
    downloading.exchange.head({ status: 200 });
    downloading.exchange.send(other.subarray(0, 5000));
    downloading.clock.advance(1);
    assert.equal(downloading.failure, undefined);
    assert.equal(downloading.http.exchanges.length, 2);
    assert.deepEqual(downloading.exchange.request.headers, []);
    downloading.exchange.head({ status: 200, contentLength: IMAGE.byteLength });
    if (isSame) {
      downloading.send(0, IMAGE.byteLength);
      downloading.assertWhole();
    } else {
      downloading.exchange.send(other.subarray(0, 5000));
      downloading.clock.advance(1);
      assert.equal(downloading.failure, "content-changed");
    }
  }
});

test("an image that is whole in flash already is asked for no more", () => {
  const { flash, stored: earlier } = stored(20);
  const downloading = new Downloading({ flash, stored: { ...earlier, written: IMAGE.byteLength } });
  downloading.clock.advance(1);
  assert.deepEqual(downloading.story, ["download-completed"]);
  assert.equal(downloading.http.exchanges.length, 0);
});
