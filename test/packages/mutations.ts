import { BLOCK_LENGTH, CODE_LENGTHS_LENGTH, CODES_LENGTH, FIXED_LENGTH } from "../../src/package/format.js";
import { isStored, recordLength, recordOffset } from "../../src/package/header-reader.js";
import { changedPackage } from "../support/changed-package.js";
import type { SeededRandom } from "../support/seed.js";
import { readHeader } from "../support/unpack.js";

/** Changes a package. Whatever comes of it, it must never make another image than the package did. */
type Mutation = (random: SeededRandom, file: Uint8Array) => Uint8Array;

const flipIn = (random: SeededRandom, bytes: Uint8Array, from: number, to: number): void => {
  const at = random.integer(from, to);
  bytes[at] = (bytes[at] as number) ^ (1 << random.integer(0, 8));
};

/** One to five bits in the records. */
const inRecords: Mutation = (random, file) => {
  const copy = file.slice();
  const { headerLength } = readHeader(file);
  for (let count = random.integer(1, 6); count > 0; count--) flipIn(random, copy, headerLength, copy.byteLength);
  return copy;
};

/** Bits in the header, and its sum is made right again by whoever changed them. */
const inHeader: Mutation = (random, file) =>
  changedPackage(file, (_, bytes) => {
    const { headerLength } = readHeader(file);
    for (let count = random.integer(1, 4); count > 0; count--) flipIn(random, bytes, 0, headerLength);
  });

const inHeaderAlone: Mutation = (random, file) => {
  const copy = file.slice();
  flipIn(random, copy, 0, readHeader(file).headerLength);
  return copy;
};

const inCodes: Mutation = (random, file) =>
  changedPackage(file, (_, bytes) => {
    const from = FIXED_LENGTH + readHeader(file).sealLength;
    const at = random.integer(from, from + CODE_LENGTHS_LENGTH);
    bytes[at] = random.integer(0, 256);
  });

const inDictionary: Mutation = (random, file) =>
  changedPackage(file, (view) => {
    const from = FIXED_LENGTH + readHeader(file).sealLength + CODE_LENGTHS_LENGTH;
    view.setInt32(from + 4 * random.integer(0, 36), random.integer(-100_000, 100_000), true);
  });

/** One record is longer in the index, another one shorter. */
const inIndex: Mutation = (random, file) =>
  changedPackage(file, (view) => {
    const { blocks, sealLength } = readHeader(file);
    const at = (block: number): number => FIXED_LENGTH + sealLength + CODES_LENGTH + 2 * block;
    const [one, two, by] = [random.integer(0, blocks), random.integer(0, blocks), random.integer(1, 60)];
    view.setUint16(at(one), (view.getUint16(at(one), true) + by) & 0xffff, true);
    view.setUint16(at(two), (view.getUint16(at(two), true) - by) & 0xffff, true);
  });

const ofLength: Mutation = (random, file) =>
  changedPackage(file, (view) => {
    const at = [12, 16, 20][random.integer(0, 3)] as number;
    view.setUint32(at, random.fraction() < 0.5 ? view.getUint32(at, true) ^ (1 << random.integer(0, 32)) : 0, true);
  });

/** The end is missing, and the header says so. */
const cutShort: Mutation = (random, file) => {
  const length = random.integer(readHeader(file).headerLength, file.byteLength);
  return changedPackage(file.slice(0, length), (view) => view.setUint32(20, length, true));
};

/** One record is where another one belongs. */
const swapped: Mutation = (random, file) => {
  const header = readHeader(file);
  const copy = file.slice();
  const [from, to] = [random.integer(0, header.blocks), random.integer(0, header.blocks)];
  const [source, target] = [recordOffset(header, from), recordOffset(header, to)];
  const length = Math.min(recordLength(header.index, from), recordLength(header.index, to));
  copy.set(file.subarray(source, source + length), target);
  return copy;
};

/** Two bytes of a stored block, so that the image's checksum stays right: its SHA-256 alone finds it. */
const balanced: Mutation = (random, file) => {
  const header = readHeader(file);
  const stored = [...header.index.keys()].filter((block) => isStored(header.index, block) && block < header.blocks - 1);
  const block = stored[random.integer(0, stored.length)];
  const copy = file.slice();
  if (block === undefined) return inRecords(random, file);
  const from = recordOffset(header, block);
  const [one, two] = [random.integer(0, BLOCK_LENGTH / 2), random.integer(BLOCK_LENGTH / 2, BLOCK_LENGTH)];
  for (const at of [from + one, from + two]) copy[at] = (copy[at] as number) ^ 0x10;
  return copy;
};

export const MUTATIONS: { readonly [name: string]: Mutation } = {
  "bits in records": inRecords,
  "bits in the header, and its sum": inHeader,
  "a bit in the header": inHeaderAlone,
  "a code's length": inCodes,
  "a constant or shift": inDictionary,
  "lengths of records": inIndex,
  "a length of the whole": ofLength,
  "an end that is missing": cutShort,
  "a record of another block": swapped,
  "two bytes that the checksum does not see": balanced,
};
