import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import { encodePackage } from "../../../cloud/delta/package-file.js";
import { OtaError } from "../../../src/errors.js";
import { BlockDecoder, type PackageSources } from "../../../src/package/block-decoder.js";
import { BLOCK_LENGTH, CRC_OFFSET, FIXED_LENGTH, MAX_RECORD_LENGTH } from "../../../src/package/format.js";
import { isStored, type PackageHeader, recordLength, recordOffset } from "../../../src/package/header-reader.js";
import {
  baseCommand,
  codesCommand,
  decodeCommand,
  DecoderInC,
  type Outcome,
  pieceCommand,
  roomCommand,
  type RunningDecoder,
} from "../../support/decoder-in-c.js";
import { changeProgram, createProgram, FEATURE, linkImage } from "../../support/linked-image.js";
import { readHeader } from "../../support/unpack.js";
import type { Target } from "../target.js";

const PROGRAM = createProgram(9, 30_000);
const BASE = linkImage(PROGRAM);
const RESULT = linkImage(changeProgram(PROGRAM, FEATURE, 10));
const PACKAGES = [
  encodePackage({ base: { bytes: BASE, version: "1" }, result: { bytes: RESULT, version: "2" }, chipId: 0 }),
  encodePackage({ result: { bytes: RESULT, version: "2" }, chipId: 0 }),
];
const HEADERS = PACKAGES.map((bytes) => readHeader(bytes));

/** Package and block, a byte each; the record follows. */
const PREFIX_LENGTH = 2;

const RECORDS = PACKAGES.flatMap((bytes, which) => {
  const header = HEADERS[which] as PackageHeader;
  return Array.from({ length: header.blocks }, (_, number) => {
    const offset = recordOffset(header, number);
    const record = bytes.subarray(offset, offset + recordLength(header.index, number));
    return isStored(header.index, number) ? [] : [Uint8Array.from([which, number, ...record])];
  }).flat();
});

/** Records of a sound package: C and JavaScript make the same of them. */
export const packageRecords: Target = {
  name: "package-records",
  weight: 20,
  corpus: RECORDS,
  words: ["\0\0\0\0", "\xff\xff\xff\xff", "\x01", "\x80"],
  async run(input) {
    if (input.byteLength <= PREFIX_LENGTH) return;
    const which = (input[0] as number) % PACKAGES.length;
    const header = HEADERS[which] as PackageHeader;
    const number = (input[1] as number) % header.blocks;
    const record = input.slice(PREFIX_LENGTH, PREFIX_LENGTH + MAX_RECORD_LENGTH);
    await compare(header, which, record, number);
  },
};

/** The header of a package, with its own codes: what it lets through, C and JavaScript decode alike. */
export const packageHeader: Target = {
  name: "package-header",
  weight: 10,
  corpus: PACKAGES,
  words: ["OTAP", "\x01\x01\x0c\x01", "\0\0\0\0", "\xff\xff\xff\xff", "\x01\x80"],
  repair: repairHeader,
  async run(input) {
    let header: PackageHeader;
    try {
      header = readHeader(input, 1 << 20);
    } catch (error) {
      if (error instanceof Error && error.message === "the package ends in its header") return;
      assertMalformed(error);
      return;
    }
    assert.equal(header.index.length, Math.ceil(header.resultLength / BLOCK_LENGTH));
    assert.ok(header.resultLength <= 1 << 20 && header.seal.byteLength === header.sealLength);
    const number = Math.floor(header.blocks / 2);
    const offset = recordOffset(header, number);
    if (isStored(header.index, number)) return;
    const record = input.slice(offset, offset + recordLength(header.index, number));
    assert.equal(record.byteLength, recordLength(header.index, number));
    // The result before the block is the one that C has.
    if (number * BLOCK_LENGTH + BLOCK_LENGTH <= RESULT.byteLength) await compare(header, undefined, record, number);
  },
};

/** The program in C that this thread compares with. */
let running: RunningDecoder | undefined;
/** Whose codes it has: the number of a package, or none of them. */
let told: number | undefined;

function inC(): RunningDecoder {
  if (running !== undefined) return running;
  const decoder = new DecoderInC();
  running = decoder.start();
  running.tell(baseCommand(BASE), roomCommand(RESULT.byteLength), pieceCommand(0, RESULT));
  process.once("exit", () => decoder.remove());
  return running;
}

async function compare(
  header: PackageHeader,
  which: number | undefined,
  record: Uint8Array,
  number: number,
): Promise<void> {
  const start = number * BLOCK_LENGTH;
  const end = Math.min(BLOCK_LENGTH, header.resultLength - start);
  asked.baseLength = header.base?.length ?? 0;
  asked.start = start;
  const decoder = which === undefined ? decoderOf(header) : (DECODERS[which] as BlockDecoder);
  const expected = inJavaScript(decoder, record, start, end);
  const program = inC();
  if (which === undefined || which !== told) program.tell(codesCommand(header));
  told = which;
  const outcome = await program.decode(decodeCommand(record, start, end));
  // What C has put into its result is taken back.
  if ("bytes" in outcome && start + end <= RESULT.byteLength)
    program.tell(pieceCommand(start, RESULT.subarray(start, start + end)));
  assert.deepEqual(kindOf(outcome), kindOf(expected));
  if ("bytes" in outcome && "bytes" in expected) {
    assert.ok(Buffer.from(outcome.bytes).equals(expected.bytes), "C makes another block");
  }
}

/** What `sources` may be asked for, and whether they were asked for what is not there. */
const asked = { baseLength: 0, start: 0, isUnread: false };
const block = new Uint8Array(BLOCK_LENGTH);
const sources: PackageSources = {
  readBase: (byteOffset, into) => read(BASE, asked.baseLength, byteOffset, into),
  readResult: (byteOffset, into) => read(RESULT, asked.start, byteOffset, into),
};
const DECODERS = HEADERS.map((header) => decoderOf(header));

function read(image: Uint8Array, limit: number, byteOffset: number, into: Uint8Array): void {
  assert.ok(byteOffset >= 0 && byteOffset + into.byteLength <= limit, "read outside of what there is");
  if (byteOffset + into.byteLength > image.byteLength) {
    asked.isUnread = true;
    throw new Error("unread");
  }
  into.set(image.subarray(byteOffset, byteOffset + into.byteLength));
}

function decoderOf(header: PackageHeader): BlockDecoder {
  return new BlockDecoder({ ...header, block, sources, baseLength: header.base?.length ?? 0 });
}

function inJavaScript(decoder: BlockDecoder, record: Uint8Array, start: number, end: number): Outcome {
  asked.isUnread = false;
  decoder.record.set(record);
  try {
    decoder.decode(record.byteLength, start, end);
    return { bytes: block.subarray(0, end) };
  } catch (error) {
    if (asked.isUnread) return { unread: true };
    return { malformed: assertMalformed(error) };
  }
}

function kindOf(outcome: Outcome): string {
  return Object.keys(outcome)[0] as string;
}

function assertMalformed(error: unknown): string {
  if (!(error instanceof OtaError) || error.code !== "package-malformed") throw error;
  assert.match(error.message, /^[ -~]{1,120}$/);
  return error.message;
}

/** The length of the package and the sum of the header made right. */
function repairHeader(input: Uint8Array): Uint8Array {
  if (input.byteLength < FIXED_LENGTH) return input;
  const view = new DataView(input.buffer, input.byteOffset);
  view.setUint32(20, input.byteLength, true);
  const end = Math.min(view.getUint32(8, true), input.byteLength);
  const before = crc32(input.subarray(0, CRC_OFFSET));
  view.setUint32(CRC_OFFSET, crc32(input.subarray(CRC_OFFSET + 4, Math.max(end, CRC_OFFSET + 4)), before), true);
  return input;
}
