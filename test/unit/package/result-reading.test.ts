import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { createMd5 } from "../../../src/image/digest.js";
import { ResultReading } from "../../../src/package/result-reading.js";
import { NO_DIGESTS, NODE_DIGESTS } from "../../support/digests.js";
import { MemoryFlash } from "../../support/memory-flash.js";

const BLOCK = 4096;
/** Two blocks, and a piece of a third. */
const RESULT = Uint8Array.from({ length: 2 * BLOCK + 100 }, (_, index) => index * 13);
const PACKAGE = Uint8Array.from({ length: 300 }, (_, index) => index);

const hashOf = (algorithm: "md5" | "sha256", bytes: Uint8Array): Buffer => createHash(algorithm).update(bytes).digest();
const md5Of = (bytes: Uint8Array): string => hashOf("md5", bytes).toString("hex");

function reading(made = RESULT): ResultReading {
  const flash = new MemoryFlash({ blocks: 4 });
  // What lies behind the result is no part of it.
  flash.preset(new Uint8Array(flash.byteLength).fill(0x33));
  flash.preset(made);
  return new ResultReading(NODE_DIGESTS, flash);
}

function readAll(each: ResultReading, seen: Uint8Array | null = PACKAGE): void {
  const block = new Uint8Array(BLOCK);
  while (each.offset < RESULT.byteLength) each.next(block, RESULT.byteLength);
  const md5 = seen === null ? undefined : createMd5(NODE_DIGESTS);
  if (seen !== null) md5?.update(seen);
  each.expected = { version: "0.2.0", hash: hashOf("sha256", RESULT), length: RESULT.byteLength, md5 };
}

test("what is in flash is the right result by its SHA-256, and is known by its own MD5 from then on", () => {
  const each = reading();
  assert.equal(each.image, undefined);
  readAll(each);
  assert.equal(each.offset, RESULT.byteLength);
  assert.equal(each.matches(md5Of(PACKAGE)), true);
  assert.deepEqual(each.image, { version: "0.2.0", md5: md5Of(RESULT), size: RESULT.byteLength });
  assert.equal(each.expected, undefined);
});

test("one bit that differs anywhere in flash is no match", () => {
  for (const at of [0, BLOCK, RESULT.byteLength - 1]) {
    const changed = RESULT.slice();
    changed[at] = (changed[at] as number) ^ 1;
    const each = reading(changed);
    readAll(each);
    assert.equal(each.matches(md5Of(PACKAGE)), false, `byte ${at}`);
  }
});

test("a package that came whole has to have the MD5 that was offered; of one that did not, nobody knows it", () => {
  for (const [seen, offered, matches] of [
    [PACKAGE, md5Of(PACKAGE), true],
    [PACKAGE, "0".repeat(32), false],
    [PACKAGE, "no digits", false],
    [null, "0".repeat(32), true],
  ] as const) {
    const each = reading();
    readAll(each, seen);
    assert.equal(each.matches(offered), matches, offered);
  }
});

test("a board without SHA-256 takes no package", () => {
  assert.throws(() => new ResultReading(NO_DIGESTS, new MemoryFlash({ blocks: 4 })), { code: "usage" });
});
