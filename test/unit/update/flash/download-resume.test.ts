import assert from "node:assert/strict";
import { test } from "node:test";
import type { Stored } from "../../../../src/update/machine/types.js";
import { BLOCK, Downloading, FRESH, IMAGE, imageOf } from "../../../support/downloading.js";
import type { FakeAnswer } from "../../../support/fake-http.js";
import { type MemoryFlash, REGION_LENGTH } from "../../../support/memory-flash.js";
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

/** What a server answers that has exactly what is asked for. */
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
    assert.deepEqual(started, { type: "download-started", offset: from, etag: undefined });
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
    // Singly only near the places where it could go wrong.
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
