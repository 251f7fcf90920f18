import assert from "node:assert/strict";
import { test } from "node:test";
import { HalError } from "../../../../hal/ports/index.js";
import { type FlashKnowledge, newKnowledge } from "../../../../src/update/flash/knowledge.js";
import type { Stored } from "../../../../src/update/machine/types.js";
import { BLOCK, Downloading, FRESH, imageOf } from "../../../support/downloading.js";
import { MemoryFlash, REGION_LENGTH } from "../../../support/memory-flash.js";

const IMAGE = imageOf(REGION_LENGTH + 6 * BLOCK);

/** Flash with this much of the image, after which `then` changes what comes behind it. */
function flashWith(blocks: number, then: (flash: MemoryFlash) => void = () => {}): MemoryFlash {
  const first = Downloading.begun({ image: IMAGE });
  first.send(0, blocks * BLOCK);
  first.download.close();
  then(first.flash);
  first.flash.operations.length = 0;
  first.flash.onChange = () => {};
  return first.flash;
}

function resumed(flash: MemoryFlash, stored: Partial<Stored>, knowledge: FlashKnowledge = newKnowledge()): Downloading {
  const downloading = new Downloading({
    image: IMAGE,
    flash,
    knowledge,
    stored: { ...FRESH, etag: '"tag"', ...stored },
  });
  downloading.clock.advance(1);
  const range = downloading.exchange.request.headers.find(([name]) => name === "Range")?.[1];
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? "bytes=0-")?.[1]);
  const contentRange = `bytes ${from}-${IMAGE.byteLength - 1}/${IMAGE.byteLength}`;
  if (from === 0) downloading.exchange.head({ status: 200, contentLength: IMAGE.byteLength });
  else downloading.exchange.head({ status: 206, headers: { "content-range": contentRange } });
  downloading.send(from, IMAGE.byteLength);
  return downloading;
}

test("after a restart the last block that is not blank is erased, after its checkpoint, and fetched again", () => {
  const downloading = resumed(flashWith(9), { regionOffset: 0 });
  downloading.assertWhole();
  assert.deepEqual(downloading.story.slice(0, 5), [
    `download-started ${8 * BLOCK}`,
    `resume-point-found ${8 * BLOCK}`,
    "erase 8-9",
    `region-erased ${8 * BLOCK}`,
    `write ${8 * BLOCK}`,
  ]);
});

// A cut inside the first pulses of a block leaves bits that read as blank and are not.
test("after a restart the block that was next to be programmed is erased before it is, and no other", () => {
  const begun = (flash: MemoryFlash): void => flash.preset(new Uint8Array(BLOCK).fill(0xff), 9 * BLOCK);
  const downloading = resumed(flashWith(9, begun), { regionOffset: 0 });
  downloading.assertWhole();
  const { operations } = downloading.flash;
  const inRegion = operations.filter((operation) => operation !== "erase 16-32");
  assert.deepEqual(inRegion.slice(0, 5), [
    "erase 8-9",
    `write ${8 * BLOCK}`,
    "erase 9-10",
    `write ${9 * BLOCK}`,
    `write ${10 * BLOCK}`,
  ]);
  assert.deepEqual(
    inRegion.filter((operation) => operation.startsWith("erase")),
    ["erase 8-9", "erase 9-10"],
  );
});

test("the block that was next is erased first even if the try after the restart failed before it came so far", () => {
  const flash = flashWith(9);
  const knowledge = newKnowledge();
  const failed = new Downloading({ image: IMAGE, flash, knowledge, stored: { ...FRESH, regionOffset: 0 } });
  failed.clock.advance(1);
  failed.exchange.head({
    status: 206,
    headers: { "content-range": `bytes ${8 * BLOCK}-${IMAGE.byteLength - 1}/${IMAGE.byteLength}` },
  });
  failed.onEvent = ({ type }) => type === "region-erased" && failed.download.close();
  failed.send(8 * BLOCK, 9 * BLOCK);
  assert.deepEqual(
    failed.events.map(({ type }) => type),
    ["download-started", "resume-point-found", "region-erased"],
  );
  flash.onChange = () => {};
  flash.operations.length = 0;
  const downloading = resumed(flash, { regionOffset: 8 * BLOCK, written: 8 * BLOCK }, knowledge);
  downloading.assertWhole();
  const inRegion = flash.operations.filter((operation) => operation !== "erase 16-32");
  assert.deepEqual(inRegion.slice(0, 4), [
    `write ${8 * BLOCK}`,
    "erase 9-10",
    `write ${9 * BLOCK}`,
    `write ${10 * BLOCK}`,
  ]);
});

test("if the block that was next cannot be programmed, the one before it is reported", () => {
  const image = imageOf(400 * BLOCK);
  const flash = new MemoryFlash({ blocks: 400 });
  flash.preset(image.subarray(0, 3 * BLOCK));
  flash.preset(new Uint8Array(397 * BLOCK).fill(0xff), 3 * BLOCK);
  const downloading = new Downloading({ image, flash, stored: { ...FRESH, regionOffset: 0 } });
  downloading.clock.advance(1);
  downloading.exchange.head({
    status: 206,
    headers: { "content-range": `bytes ${2 * BLOCK}-${image.byteLength - 1}/${image.byteLength}` },
  });
  flash.onChange = (operation) => {
    if (operation === `write ${3 * BLOCK}`) throw new HalError("io", "worn out");
  };
  downloading.send(2 * BLOCK, 4 * BLOCK);
  assert.deepEqual(downloading.story.slice(-2), [`block-written ${3 * BLOCK}`, "download-failed"]);
});

test("a second cut inside the erase of the torn block begins with that erase again", () => {
  const torn = (flash: MemoryFlash): void => flash.preset(new Uint8Array(BLOCK).fill(0xff), 8 * BLOCK);
  const downloading = resumed(flashWith(9, torn), { regionOffset: 8 * BLOCK, erasing: true });
  downloading.assertWhole();
  assert.deepEqual(downloading.story.slice(0, 2), [`download-started ${8 * BLOCK}`, "erase 8-9"]);
  assert.ok(!downloading.story.some((word) => word.startsWith("resume-point-found")), "it is known already");
});

test("a retry in the same boot trusts what it wrote: it goes on behind it and erases nothing of it", () => {
  const downloading = resumed(flashWith(9), { regionOffset: 0, written: 9 * BLOCK });
  downloading.assertWhole();
  assert.deepEqual(downloading.story.filter((word) => /^(download-started|write)/.test(word)).slice(0, 2), [
    `download-started ${9 * BLOCK}`,
    `write ${9 * BLOCK}`,
  ]);
  assert.deepEqual(
    downloading.flash.operations.filter((operation) => operation.startsWith("erase")),
    ["erase 16-32"],
  );
});

test("no region beyond the one of the checkpoint counts as erased, blank or not", () => {
  const blank = (flash: MemoryFlash): void => flash.preset(new Uint8Array(16 * BLOCK).fill(0xff), REGION_LENGTH);
  const downloading = resumed(flashWith(16, blank), { regionOffset: 0 });
  downloading.assertWhole();
  assert.ok(downloading.flash.operations.includes("erase 16-32"));
});

test("an erase that was cut is done again from its start, whatever the blocks behind it read", () => {
  const torn = (flash: MemoryFlash): void => flash.preset(new Uint8Array(2 * BLOCK).fill(0x5a), 8 * BLOCK);
  const downloading = resumed(flashWith(8, torn), { regionOffset: 8 * BLOCK, erasing: true });
  downloading.assertWhole();
  assert.deepEqual(downloading.story.slice(1, 3), ["erase 8-9", `region-erased ${8 * BLOCK}`]);
});

test("a download that is closed because of its resume point changes nothing", () => {
  const flash = flashWith(9);
  const downloading = new Downloading({
    image: IMAGE,
    flash,
    stored: { ...FRESH, regionOffset: 0 },
    onEvent: (event, download) => {
      if (event.type === "resume-point-found") download.close();
    },
  });
  downloading.clock.advance(1);
  downloading.exchange.head({
    status: 206,
    headers: { "content-range": `bytes ${8 * BLOCK}-${IMAGE.byteLength - 1}/${IMAGE.byteLength}` },
  });
  downloading.send(8 * BLOCK, 10 * BLOCK);
  assert.equal(downloading.story.at(-1), `resume-point-found ${8 * BLOCK}`);
  assert.deepEqual([flash.operations, downloading.exchange.closed], [[], true]);
});

test("the resume point is not searched for again once it is known", () => {
  const knowledge = { ...newKnowledge(), resumeOffset: 8 * BLOCK };
  const downloading = new Downloading({
    image: IMAGE,
    flash: flashWith(9),
    knowledge,
    stored: { ...FRESH, regionOffset: 0 },
  });
  const { reads } = downloading.flash;
  downloading.clock.timer("stop", 0, () => downloading.clock.timer("stop", 0, () => downloading.download.close()));
  downloading.clock.advance(0);
  assert.deepEqual(downloading.exchange.request.headers, [["Range", `bytes=${8 * BLOCK}-`]]);
  assert.ok(downloading.flash.reads - reads <= 1, "no block was read but to be hashed");
});

test("after a restart what is stored is read back while the connection is being made", () => {
  const downloading = new Downloading({ image: IMAGE, flash: flashWith(9), stored: { ...FRESH, regionOffset: 0 } });
  downloading.clock.advance(0);
  assert.equal(downloading.readBack.offset, 8 * BLOCK);
  assert.deepEqual(downloading.story, []);
});
