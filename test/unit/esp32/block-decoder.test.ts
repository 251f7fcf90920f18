import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { encodePackage } from "../../../cloud/delta/package-file.js";
import { OtaError } from "../../../src/errors.js";
import { BlockDecoder } from "../../../src/package/block-decoder.js";
import { BLOCK_LENGTH, MAX_RECORD_LENGTH } from "../../../src/package/format.js";
import { isStored, recordLength, recordOffset } from "../../../src/package/header-reader.js";
import { changeRecord } from "../../support/changed-record.js";
import {
  baseCommand,
  codesCommand,
  decodeCommand,
  DecoderInC,
  pieceCommand,
  roomCommand,
  unpackInC,
  unreadableCommand,
} from "../../support/decoder-in-c.js";
import { GOLDEN, goldenBase } from "../../support/golden-packages.js";
import { changeProgram, createProgram, FEATURE, linkImage, MINOR } from "../../support/linked-image.js";
import { ROOT } from "../../support/root.js";
import { REPEAT, SEED, SeededRandom } from "../../support/seed.js";
import { readHeader } from "../../support/unpack.js";

const NOTHING = new Uint8Array(0);
/** Records that are changed and decoded twice. */
const RUNS = 40_000;
/** Bytes of stack of all functions together: more than any way through them takes. */
const MOST_STACK = 640;

const decoder = new DecoderInC();
after(() => decoder.remove());

const program = createProgram(SEED, 100_000);
const base = linkImage(program);

function packed(from: Uint8Array | undefined, result: Uint8Array): Uint8Array {
  return encodePackage({
    base: from === undefined ? undefined : { bytes: from, version: "1" },
    result: { bytes: result, version: "2" },
    chipId: 0,
  });
}

for (const { name, bytes, resultHash } of GOLDEN) {
  test(`C decodes the kept package: ${name}`, () => {
    const made = unpackInC(decoder, Buffer.from(bytes, "base64"), goldenBase());
    assert.equal(createHash("sha256").update(made).digest("hex"), resultHash);
  });
}

for (const [name, from, result] of [
  ["a minor delta", base, linkImage(changeProgram(program, MINOR, SEED))],
  ["a feature delta", base, linkImage(changeProgram(program, FEATURE, SEED))],
  ["a compressed image", undefined, base],
] as const) {
  test(`C makes the result of ${name}; ${REPEAT}`, () => {
    const made = unpackInC(decoder, packed(from, result), from ?? NOTHING);
    assert.ok(Buffer.from(made).equals(result));
  });
}

test("C decodes the longest record, and the one before it", () => {
  const random = new SeededRandom(3);
  const image = Buffer.concat(
    Array.from({ length: 60 }, (_, number) => {
      const block = new Uint8Array(BLOCK_LENGTH);
      block.set(random.bytes(MAX_RECORD_LENGTH - 60 + number));
      return block;
    }),
  );
  const bytes = packed(undefined, image);
  assert.ok(readHeader(bytes).index.includes(MAX_RECORD_LENGTH));
  assert.ok(Buffer.from(unpackInC(decoder, bytes, NOTHING)).equals(image));
});

test(`${RUNS} changed records: C makes the same block as JavaScript, or both refuse; ${REPEAT}`, (t) => {
  const random = new SeededRandom(SEED);
  const result = linkImage(changeProgram(program, FEATURE, SEED));
  let [made, refused] = [0, 0];
  for (const from of [base, undefined]) {
    const bytes = packed(from, result);
    const header = readHeader(bytes);
    const block = new Uint8Array(BLOCK_LENGTH);
    const copy = (image: Uint8Array) => (byteOffset: number, into: Uint8Array) =>
      into.set(image.subarray(byteOffset, byteOffset + into.byteLength));
    const sources = { readBase: copy(base), readResult: copy(result) };
    const inJavaScript = new BlockDecoder({ ...header, block, sources, baseLength: from?.byteLength ?? 0 });
    const commands = [baseCommand(base), roomCommand(result.byteLength), pieceCommand(0, result), codesCommand(header)];
    const expected: (Uint8Array | string)[] = [];
    for (let run = 0; run < RUNS / 2; run++) {
      const number = random.integer(0, header.blocks);
      if (isStored(header.index, number)) continue;
      const start = number * BLOCK_LENGTH;
      const end = Math.min(BLOCK_LENGTH, result.byteLength - start);
      const offset = recordOffset(header, number);
      inJavaScript.record.set(bytes.subarray(offset, offset + recordLength(header.index, number)));
      const length = changeRecord(random, inJavaScript.record, recordLength(header.index, number));
      commands.push(decodeCommand(inJavaScript.record.slice(0, length), start, end));
      try {
        inJavaScript.decode(length, start, end);
        expected.push(block.slice(0, end));
        // What C puts into its result for later reads is taken back.
        commands.push(pieceCommand(start, result.subarray(start, start + end)));
      } catch (error) {
        if (!(error instanceof OtaError) || error.code !== "package-malformed") throw error;
        expected.push(error.message);
      }
    }
    const outcomes = decoder.run(commands);
    assert.equal(outcomes.length, expected.length);
    for (const [index, outcome] of outcomes.entries()) {
      const wanted = expected[index];
      if (typeof wanted === "string")
        assert.ok("malformed" in outcome, `record ${index} of C is not refused: ${wanted}`);
      else assert.ok("bytes" in outcome && Buffer.from(outcome.bytes).equals(wanted ?? NOTHING), `record ${index}`);
      if (typeof wanted === "string") refused++;
      else made++;
    }
  }
  t.diagnostic(`${refused} refused, ${made} made`);
  assert.ok(refused > RUNS / 4 && made > 0);
});

test("flash that cannot be read is no malformed record", () => {
  const bytes = packed(base, linkImage(changeProgram(program, MINOR, SEED)));
  const header = readHeader(bytes);
  const record = bytes.subarray(header.headerLength, recordOffset(header, 1));
  const commands = [baseCommand(base), unreadableCommand(0), codesCommand(header)];
  assert.deepEqual(decoder.run([...commands, decodeCommand(record, 0, BLOCK_LENGTH)]), [{ unread: true }]);
});

test("the stack that C takes is bounded", () => {
  const folder = mkdtempSync(join(tmpdir(), "stack-of-c-"));
  const source = join(ROOT, "hal", "boards", "esp32", "block-decoder.c");
  const { status, stderr } = spawnSync("cc", [
    "-std=c11",
    "-O2",
    "-fstack-usage",
    "-c",
    source,
    "-o",
    join(folder, "it.o"),
  ]);
  assert.equal(status, 0, String(stderr));
  const usage = readFileSync(join(folder, "it.su"), "utf8").trim().split("\n");
  rmSync(folder, { recursive: true });
  let sum = 0;
  for (const line of usage) {
    const [, bytes, kind] = line.split("\t");
    assert.equal(kind, "static", line);
    sum += Number(bytes);
  }
  assert.ok(sum > 0 && sum <= MOST_STACK, `${sum} bytes`);
});
