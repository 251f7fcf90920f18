import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { encodePackage } from "../../../cloud/delta/package-file.js";
import { OtaError } from "../../../src/errors.js";
import { BlockDecoder, type PackageSources } from "../../../src/package/block-decoder.js";
import { BLOCK_LENGTH, MAX_RECORD_LENGTH } from "../../../src/package/format.js";
import { recordLength, recordOffset } from "../../../src/package/header-reader.js";
import { changeRecord } from "../../support/changed-record.js";
import { changeProgram, createProgram, FEATURE, linkImage } from "../../support/linked-image.js";
import { REPEAT, SEED, SeededRandom } from "../../support/seed.js";
import { readHeader, unpack } from "../../support/unpack.js";

/** Records that are changed and decoded. */
const RUNS = 60_000;
/** Beyond the block's end, where nothing may be written. */
const GUARD = 64;

const program = createProgram(7, 60_000);
const base = linkImage(program);
const result = linkImage(changeProgram(program, FEATURE, 8));
const delta = encodePackage({
  base: { bytes: base, version: "1" },
  result: { bytes: result, version: "2" },
  chipId: 0,
});
const compressed = encodePackage({ result: { bytes: result, version: "2" }, chipId: 0 });

test(`${RUNS} changed records end as a block or as package-malformed, within their bounds; ${REPEAT}`, (t) => {
  const random = new SeededRandom(SEED);
  const guarded = new Uint8Array(GUARD + BLOCK_LENGTH + GUARD);
  const block = guarded.subarray(GUARD, GUARD + BLOCK_LENGTH);
  let [refused, wrong, right, reads, start] = [0, 0, 0, 0, 0];
  const sources: PackageSources = {
    readBase(byteOffset, into) {
      reads++;
      assert.ok(byteOffset >= 0 && byteOffset + into.byteLength <= base.byteLength, "read outside of the base");
      into.set(base.subarray(byteOffset, byteOffset + into.byteLength));
    },
    readResult(byteOffset, into) {
      reads++;
      assert.ok(byteOffset >= 0 && byteOffset + into.byteLength <= start, "read of what is not made");
      into.set(result.subarray(byteOffset, byteOffset + into.byteLength));
    },
  };
  const packages = [delta, compressed].map((bytes) => {
    const header = readHeader(bytes);
    return {
      bytes,
      header,
      decoder: new BlockDecoder({ ...header, block, sources, baseLength: header.base?.length ?? 0 }),
    };
  });
  for (let run = 0; run < RUNS; run++) {
    const { bytes, header, decoder } = packages[run % 2] ?? assert.fail();
    const number = random.integer(0, header.blocks);
    start = number * BLOCK_LENGTH;
    const end = Math.min(BLOCK_LENGTH, header.resultLength - start);
    const length = recordLength(header.index, number);
    const offset = recordOffset(header, number);
    decoder.record.set(bytes.subarray(offset, offset + Math.min(length, MAX_RECORD_LENGTH)));
    const changed = changeRecord(random, decoder.record, Math.min(length, MAX_RECORD_LENGTH));
    reads = 0;
    try {
      decoder.decode(changed, start, end);
      if (Buffer.from(block.subarray(0, end)).equals(result.subarray(start, start + end))) right++;
      else wrong++;
    } catch (error) {
      if (!(error instanceof OtaError) || error.code !== "package-malformed") throw error;
      refused++;
    }
    assert.ok(reads <= BLOCK_LENGTH, `${reads} reads`);
    for (let index = 0; index < GUARD; index++) {
      if (guarded[index] !== 0 || guarded[GUARD + BLOCK_LENGTH + index] !== 0) assert.fail("written beyond the block");
    }
  }
  t.diagnostic(`${refused} refused, ${wrong} decoded to other bytes, ${right} to the same`);
  assert.ok(refused > RUNS / 2 && wrong > 0);
});

test(`a changed package is refused, or its result has another hash than it says; ${REPEAT}`, () => {
  const random = new SeededRandom(SEED);
  for (let run = 0; run < 300; run++) {
    const bytes = (run % 2 === 0 ? delta : compressed).slice();
    const at = random.integer(0, bytes.byteLength);
    bytes[at] = (bytes[at] as number) ^ (1 << random.integer(0, 8));
    let made: Uint8Array;
    try {
      made = unpack(bytes, base);
    } catch (error) {
      if (error instanceof OtaError && error.code === "package-malformed") continue;
      throw error;
    }
    const isSame = Buffer.from(made).equals(result);
    const hash = createHash("sha256").update(made).digest();
    assert.equal(hash.equals(readHeader(bytes).resultHash), isSame, `byte ${at}`);
  }
});

test("another base makes another result, which the hash tells", () => {
  const other = base.map((byte) => byte ^ 1);
  const made = unpack(delta, other);
  assert.ok(!createHash("sha256").update(made).digest().equals(readHeader(delta).resultHash));
});
