import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { Digests } from "../../../hal/ports/index.js";
import { ReadBack } from "../../../src/image/read-back.js";
import { Verifier } from "../../../src/image/verifier.js";
import { NO_DIGESTS, NODE_DIGESTS } from "../../support/digests.js";
import { MemoryFlash } from "../../support/memory-flash.js";
import { SeededRandom } from "../../support/seed.js";
import { VirtualClock } from "../../support/virtual-clock.js";

const BLOCK = 4096;
const CONTENT = new SeededRandom(3).bytes(40 * BLOCK);

interface Setup {
  readonly size: number;
  readonly md5?: string;
  readonly digests?: Digests;
  readonly flash?: MemoryFlash;
  onVerified?(): void;
}

function setup(options: Setup) {
  const clock = new VirtualClock();
  const flash = options.flash ?? new MemoryFlash({ blocks: 40 });
  if (options.flash === undefined) flash.preset(CONTENT);
  const told: string[] = [];
  const readBack = new ReadBack({ partition: flash, digests: options.digests ?? NO_DIGESTS });
  const verifier = new Verifier({
    readBack,
    clock,
    size: options.size,
    block: new Uint8Array(BLOCK),
    onRead: () => told.push(`verified ${readBack.matches(options.md5 ?? md5Of(options.size))}`),
    onFailed: (error) => told.push(`failed ${(error as Error).message}`),
  });
  return { clock, flash, told, verifier };
}

function md5Of(size: number): string {
  return createHash("md5").update(CONTENT.subarray(0, size)).digest("hex");
}

test("an image of any length is found to be right, with and without a digest of the board's own", () => {
  for (const size of [1, 100, 4095, 4096, 4097, 32_768, 32_769, 100_000, 40 * BLOCK]) {
    for (const digests of [NO_DIGESTS, NODE_DIGESTS]) {
      const { clock, told } = setup({ size, digests });
      clock.advance(0);
      assert.deepEqual(told, ["verified true"], `${size} bytes`);
    }
  }
});

test("a verification begins from nothing, whether the one before it ended or was stopped half-way", () => {
  for (const digests of [NO_DIGESTS, NODE_DIGESTS]) {
    const stopped = setup({ size: 40 * BLOCK, digests });
    stopped.clock.timer("first turn", 0, () => stopped.verifier.close());
    stopped.clock.advance(1000);
    assert.ok(stopped.flash.reads > 0);
    assert.deepEqual(stopped.told, []);
    for (let count = 0; count < 2; count++) {
      const { clock, told } = setup({ size: 5000, digests });
      clock.advance(0);
      assert.deepEqual(told, ["verified true"]);
    }
  }
});

test("an MD5 may be written in capitals", () => {
  const { clock, told } = setup({ size: 5000, md5: md5Of(5000).toUpperCase() });
  clock.advance(0);
  assert.deepEqual(told, ["verified true"]);
});

test("one wrong bit anywhere is found, and bytes beyond the image do not count", () => {
  for (const at of [0, 4095, 4096, 4999, 5000]) {
    const flash = new MemoryFlash({ blocks: 40 });
    const content = CONTENT.slice();
    content[at] = (content[at] as number) ^ 0x10;
    flash.preset(content);
    const { clock, told } = setup({ size: 5000, flash });
    clock.advance(0);
    assert.deepEqual(told, [`verified ${at === 5000}`], `byte ${at}`);
  }
});

test("a malformed MD5 matches nothing", () => {
  for (const md5 of ["", "00", "g".repeat(32), `${md5Of(100)}00`.slice(2)]) {
    const { clock, told } = setup({ size: 100, md5 });
    clock.advance(0);
    assert.deepEqual(told, ["verified false"], md5);
  }
});

test("nothing is read before it returns, and at most 8 blocks in one turn", () => {
  const { clock, flash, told, verifier } = setup({ size: 20 * BLOCK });
  assert.equal(flash.reads, 0);
  const reads: number[] = [];
  const original = flash.read.bind(flash);
  let turn = 0;
  flash.read = (into, byteOffset) => {
    reads[turn] = (reads[turn] ?? 0) + 1;
    original(into, byteOffset);
  };
  const timer = clock.timer.bind(clock);
  clock.timer = (name, delayMs, callback) =>
    timer(name, delayMs, () => {
      turn++;
      callback();
    });
  clock.advance(0);
  assert.deepEqual(told, ["verified true"]);
  assert.deepEqual(reads.map(Number), [8, 8, 4]);
  assert.deepEqual(clock.names(), []);
  verifier.close();
});

test("flash that cannot be read is reported once, and ends the verification", () => {
  const flash = new MemoryFlash({ blocks: 2 });
  const { clock, told } = setup({ size: 3 * BLOCK, flash });
  clock.advance(1000);
  assert.equal(told.length, 1);
  assert.match(told[0] ?? "", /^failed /);
  assert.deepEqual(clock.names(), []);
});

test("nothing is reported after close, at any time", () => {
  const early = setup({ size: 20 * BLOCK });
  early.verifier.close();
  early.clock.advance(1000);
  assert.deepEqual(early.told, []);
  assert.equal(early.flash.reads, 0);

  const midway = setup({ size: 20 * BLOCK });
  const read = midway.flash.read.bind(midway.flash);
  let reads = 0;
  midway.flash.read = (into, byteOffset) => {
    read(into, byteOffset);
    if (++reads === 8) midway.clock.timer("closes", 0, () => midway.verifier.close());
  };
  midway.clock.advance(1000);
  assert.deepEqual(midway.told, []);
  assert.ok(reads < 20, `${reads} reads`);
  midway.verifier.close();
});
