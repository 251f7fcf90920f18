import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { buildAppImage } from "../../../../hal/boards/sim/app-image-builder.js";
import { HalError } from "../../../../hal/ports/index.js";
import { newKnowledge } from "../../../../src/update/flash/knowledge.js";
import type { Stored } from "../../../../src/update/machine/types.js";
import { BLOCK, Downloading, FRESH, IMAGE, imageOf } from "../../../support/downloading.js";
import { MemoryFlash, REGION_LENGTH } from "../../../support/memory-flash.js";
import { REPEAT, SeededRandom } from "../../../support/seed.js";

test("a whole download: each region is erased, ahead while the socket is idle, and reported; then its blocks are programmed and reported, in order", () => {
  const downloading = Downloading.begun();
  downloading.send(0, IMAGE.byteLength);
  downloading.assertWhole();
  const blocks = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, index) => (from + index) * BLOCK).flatMap((offset) => [
      `write ${offset}`,
      `block-written ${Math.min(offset + BLOCK, IMAGE.byteLength)}`,
    ]);
  assert.deepEqual(downloading.story, [
    "download-started 0",
    "forget",
    "erase 0-16",
    "region-erased 0",
    ...blocks(0, 1),
    "erase 16-32",
    ...blocks(1, 16),
    `region-erased ${REGION_LENGTH}`,
    ...blocks(16, 20),
    "download-completed",
  ]);
  assert.deepEqual(
    downloading.events.find(({ type }) => type === "download-started"),
    {
      type: "download-started",
      offset: 0,
      etag: '"tag"',
      resultLength: undefined,
      spliced: undefined,
    },
  );
  assert.deepEqual(downloading.exchange.request.headers, []);
});

test("nothing happens before the constructor has returned", () => {
  const downloading = new Downloading();
  assert.deepEqual(downloading.story, []);
  assert.equal(downloading.http.exchanges.length, 0);
});

test("no turn of the event loop does more than one flash operation, however the bytes come", () => {
  for (const pieceLength of [1460, 50_000]) {
    const downloading = Downloading.begun();
    downloading.send(0, IMAGE.byteLength, () => pieceLength);
    downloading.assertWhole();
    assert.ok(
      downloading.turns.every((operations) => operations <= 1),
      downloading.turns.join(),
    );
  }
});

test("a server that refuses costs no erase, and one that never answers neither", () => {
  const refused = Downloading.answered({ status: 404 });
  refused.clock.advance(0);
  const silent = new Downloading();
  silent.clock.advance(100_000);
  for (const { story } of [refused, silent]) assert.deepEqual(story, ["download-failed"]);
});

test("one region is erased ahead, and none beyond the image", () => {
  const downloading = Downloading.begun({ image: imageOf(3 * REGION_LENGTH), blocks: 64 });
  const erases = (): string[] => downloading.flash.operations.filter((operation) => operation.startsWith("erase"));
  downloading.send(0, BLOCK - 1);
  downloading.clock.advance(10);
  assert.deepEqual(erases(), [], "nothing before the first block is there");
  downloading.send(BLOCK - 1, 16 * BLOCK);
  assert.deepEqual(erases(), ["erase 0-16", "erase 16-32"]);
  downloading.send(16 * BLOCK, 3 * REGION_LENGTH);
  assert.deepEqual(erases(), ["erase 0-16", "erase 16-32", "erase 32-48"]);
});

test("what was erased ahead is not erased again by the next try of the same boot", () => {
  const knowledge = newKnowledge();
  const first = Downloading.begun({ knowledge });
  first.send(0, 3 * BLOCK);
  first.exchange.fail("closed");
  first.flash.onChange = () => {};
  first.flash.operations.length = 0;
  const stored: Stored = { ...FRESH, regionOffset: 0, written: 3 * BLOCK };
  const second = Downloading.answered(
    { status: 206, headers: { "content-range": `bytes ${3 * BLOCK}-${IMAGE.byteLength - 1}/${IMAGE.byteLength}` } },
    { flash: first.flash, knowledge, stored },
  );
  second.send(3 * BLOCK, IMAGE.byteLength);
  second.assertWhole();
  assert.deepEqual(
    second.flash.operations.filter((operation) => operation.startsWith("erase")),
    [],
  );
});

test("every block is read back once it is programmed, and hashed in order", () => {
  const downloading = new Downloading();
  downloading.clock.advance(0);
  downloading.exchange.head({ status: 200, contentLength: IMAGE.byteLength });
  for (let blocks = 1; blocks < 20; blocks++) {
    downloading.send((blocks - 1) * BLOCK, blocks * BLOCK);
    assert.equal(downloading.readBack.offset, blocks * BLOCK);
  }
  downloading.send(19 * BLOCK, IMAGE.byteLength);
  downloading.readBack.next(new Uint8Array(BLOCK), IMAGE.byteLength);
  assert.equal(downloading.readBack.matches(createHash("md5").update(IMAGE).digest("hex")), true);
});

test("a block is taken from the socket as it comes; bytes stay there while it waits to be programmed", () => {
  const downloading = Downloading.begun();
  downloading.exchange.send(IMAGE.subarray(0, 3 * BLOCK));
  assert.equal(downloading.exchange.unread, 2 * BLOCK);
  downloading.clock.advance(0);
  assert.equal(downloading.exchange.unread, 0);
});

test("in a large image each 3 % are reported, not each block, and before a failure all that is in flash by then", () => {
  const image = imageOf(400 * BLOCK);
  const downloading = Downloading.begun({ image, blocks: 400 });
  const written = (): number[] =>
    downloading.events.flatMap((event) => (event.type === "block-written" ? [event.offset] : []));
  downloading.send(0, 13 * BLOCK);
  assert.deepEqual(
    written(),
    [1, 12].map((blocks) => blocks * BLOCK),
  );
  downloading.send(13 * BLOCK, 15 * BLOCK);
  downloading.exchange.fail("closed");
  downloading.clock.advance(0);
  assert.deepEqual(written().slice(2), [15 * BLOCK]);
  assert.equal(downloading.story.at(-1), "download-failed");
});

test("the image arrives whole, whatever pieces it comes in", () => {
  const random = new SeededRandom();
  for (const longest of [7, 600, 5000, 100_000]) {
    const downloading = Downloading.begun();
    downloading.send(0, IMAGE.byteLength, () => random.integer(longest / 2, longest));
    try {
      downloading.assertWhole();
    } catch (error) {
      assert.fail(`${(error as Error).message}; pieces up to ${longest}, ${REPEAT}`);
    }
  }
});

test("an image of any size is completed with no region erased beyond it", () => {
  for (const size of [
    336,
    BLOCK,
    BLOCK + 16,
    REGION_LENGTH - 16,
    REGION_LENGTH,
    REGION_LENGTH + 16,
    2 * REGION_LENGTH,
  ]) {
    const image = imageOf(size);
    const downloading = Downloading.begun({ image });
    downloading.send(0, size);
    downloading.assertWhole();
    const erases = downloading.flash.operations.filter((operation) => operation.startsWith("erase"));
    assert.equal(erases.length, Math.ceil(size / REGION_LENGTH), `${size} bytes: ${erases.join()}`);
  }
});

test("an image that fills a small partition, whose end cuts a region short, is completed", () => {
  for (const blocks of [3, 16, 19]) {
    const image = imageOf(blocks * BLOCK);
    const downloading = Downloading.begun({ image, blocks });
    downloading.send(0, image.byteLength);
    downloading.assertWhole();
  }
});

test("bytes beyond the file's size are not stored", () => {
  const image = imageOf(BLOCK + 16);
  const downloading = Downloading.answered({ status: 200 }, { image });
  downloading.exchange.send(new Uint8Array([...image, ...new Uint8Array(BLOCK)]));
  downloading.clock.advance(1);
  downloading.assertWhole();
  assert.ok(
    downloading.flash
      .content(2 * BLOCK)
      .subarray(BLOCK + 16)
      .every((byte) => byte === 0xff),
  );
});

test("a file with a wrong header is refused with its first block, before anything is erased", () => {
  const page = new Uint8Array(IMAGE.byteLength).fill(0x20);
  const otherChip = buildAppImage({ version: "0.2.0", byteLength: IMAGE.byteLength, seed: 5, chipId: 9 });
  for (const [image, code] of [
    [page, "unexpected-answer"],
    [otherChip, "image-invalid"],
    [new Uint8Array(100).fill(0xe9), "image-invalid"],
  ] as const) {
    const downloading = Downloading.begun({ image });
    downloading.send(0, Math.min(BLOCK, image.byteLength) - 1);
    assert.equal(downloading.failure, undefined);
    downloading.send(Math.min(BLOCK, image.byteLength) - 1, Math.min(BLOCK, image.byteLength));
    assert.equal(downloading.failure, code);
    assert.deepEqual(
      downloading.story.filter((line) => /^(erase|forget)/.test(line)),
      [],
    );
    assert.equal(downloading.exchange.closed, true);
  }
});

test("an image of another version is refused with its first block", () => {
  const downloading = Downloading.begun({ version: "0.9" });
  downloading.send(0, IMAGE.byteLength);
  const last = downloading.events.at(-1);
  assert.ok(last?.type === "download-failed");
  assert.deepEqual([last.failure.code, last.failure.message], ["image-invalid", "image says it is version 0.2.0"]);
  assert.deepEqual(downloading.flash.operations, []);
});

test("if the application sets the version itself, another version in the image leads to a warning, and the image is taken", () => {
  const downloading = Downloading.begun({ version: "0.9", checksVersion: false });
  downloading.send(0, IMAGE.byteLength);
  downloading.assertWhole();
  assert.ok(downloading.logged.lines.some((line) => line.startsWith("warn update") && line.includes("0.2.0")));
});

test("a connection that ends early keeps the whole blocks in flash", () => {
  const downloading = Downloading.begun();
  downloading.send(0, 5 * BLOCK + 100);
  downloading.exchange.fail("closed");
  assert.equal(downloading.failure, undefined, "not on top of the socket's callback");
  downloading.clock.advance(0);
  assert.equal(downloading.failure, "connection-lost");
  assert.equal(downloading.story.at(-2), `block-written ${5 * BLOCK}`);
  assert.deepEqual(downloading.clock.names(), []);
});

test("a connection that ends while a full block waits loses nothing of it", () => {
  const downloading = Downloading.begun();
  downloading.exchange.send(IMAGE.subarray(0, BLOCK + 100));
  downloading.clock.timer("turn", 0, () => {
    assert.equal(downloading.flash.operations.length, 0, "the block is there, and nothing was done for it");
    downloading.exchange.fail("closed");
  });
  downloading.clock.advance(1);
  assert.equal(downloading.failure, "connection-lost");
  assert.equal(downloading.story.at(-2), `block-written ${BLOCK}`);
  assert.deepEqual(downloading.clock.names(), []);
});

test("a connection that ends while a full block waits is reported even if nothing is left to erase ahead", () => {
  const image = imageOf(3 * BLOCK);
  const downloading = Downloading.begun({ image });
  downloading.exchange.send(image.subarray(0, BLOCK + 100));
  downloading.clock.timer("turn", 0, () => downloading.exchange.fail("closed"));
  downloading.clock.advance(10);
  assert.equal(downloading.failure, "connection-lost");
  assert.equal(downloading.story.at(-2), `block-written ${BLOCK}`);
});

test("a refusal of the server is reported with its code and the wait that the server asks for", () => {
  const downloading = Downloading.answered({ status: 503, headers: { "retry-after": "7" } });
  downloading.clock.advance(0);
  assert.deepEqual(downloading.events.at(-1), {
    type: "download-failed",
    failure: { code: "server-busy", message: "server answers 503", retryAfterMs: 7000 },
    advances: false,
  });
});

test("flash that fails ends the try, whichever operation it is", () => {
  for (let failing = 0; failing < 22; failing++) {
    const flash = new MemoryFlash({ blocks: 40 });
    let changes = 0;
    flash.onChange = () => {
      if (changes++ === failing) throw new HalError("io", "worn out");
    };
    const downloading = Downloading.begun({ flash });
    downloading.send(0, IMAGE.byteLength);
    assert.equal(downloading.failure, "flash-failed", `operation ${failing}`);
    assert.equal(changes, failing + 1);
    assert.deepEqual(downloading.clock.names(), []);
    assert.ok(downloading.http.exchanges.every(({ closed }) => closed));
  }
});

test("a boot record that cannot be dropped ends the try before anything is erased", () => {
  const downloading = Downloading.begun();
  downloading.forget = () => {
    throw new HalError("io", "otadata");
  };
  downloading.send(0, BLOCK);
  assert.equal(downloading.failure, "flash-failed");
  assert.deepEqual(downloading.flash.operations, []);
});

test("nothing happens after a close from inside any event", () => {
  const whole = Downloading.begun();
  whole.send(0, IMAGE.byteLength);
  for (let count = 1; count <= whole.events.length; count++) {
    let left = count;
    const downloading = new Downloading({
      onEvent: (_event, download) => {
        if (--left === 0) download.close();
      },
    });
    downloading.clock.advance(0);
    const { exchange } = downloading;
    if (!exchange.closed) exchange.head({ status: 200, contentLength: IMAGE.byteLength });
    downloading.send(0, IMAGE.byteLength);
    const told = downloading.story.length;
    exchange.send(IMAGE);
    exchange.end();
    exchange.fail("io");
    downloading.clock.advance(100_000);
    assert.equal(downloading.events.length, count);
    assert.equal(downloading.story.length, told);
    assert.deepEqual(downloading.clock.names(), []);
    assert.equal(exchange.closed, true);
  }
});

test("nothing happens after close, whenever it comes, and closing twice does no harm", () => {
  fc.assert(
    fc.property(fc.nat(IMAGE.byteLength), fc.boolean(), (at, advanced) => {
      const downloading = Downloading.begun();
      downloading.exchange.send(IMAGE.subarray(0, at));
      if (advanced) downloading.clock.advance(0);
      const before = downloading.story.slice();
      downloading.download.close();
      downloading.download.close();
      assert.deepEqual(downloading.clock.names(), []);
      downloading.exchange.send(IMAGE.subarray(at));
      downloading.exchange.fail("closed");
      downloading.clock.advance(100_000);
      assert.deepEqual(downloading.story, before);
    }),
    { numRuns: 30 },
  );
});

test("a download that is closed before its first turn asks for nothing", () => {
  const downloading = new Downloading();
  downloading.download.close();
  downloading.clock.advance(100_000);
  assert.deepEqual(downloading.story, []);
  assert.equal(downloading.http.exchanges.length, 0);
});
