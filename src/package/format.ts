/*
 * A package: an image as the difference to another one, its base, or as compressed bytes. Little-endian. Of its result
 * each block of 4 KiB can be made alone, from the base and from the result before it, so that a block's number is all
 * that a power cut leaves to find again.
 *
 *   0    u8[4]    "OTAP"
 *   4    u8       format: 1
 *   5    u8       coding of the records: 1
 *   6    u8       binary logarithm of a block's length: 12
 *   7    u8       flags. Bit 0: has a base. The others are 0
 *   8    u32      length of this header, up to the first record
 *   12   u32      length of the result, at least 1
 *   16   u32      length of the base; 0 without one
 *   20   u32      length of the package
 *   24   u16      chip id of the result; 0xFFFF if it is for no chip
 *   26   u16      S, length of the seal's copy; 0 without one
 *   28   u32      CRC-32 of the whole header without these four bytes
 *   32   u8[32]   SHA-256 of the base; zeros without one
 *   64   u8[32]   SHA-256 of the result
 *   96   char[32] version of the base, ASCII, filled up with zeros; all zeros without a base
 *   128  char[32] version of the result
 *   160  u8[S]    copy of the seal that ends the result
 *   +0   u8[304]  lengths of the codes, 4 bits each, the low half of a byte first: see `CONTEXTS`
 *   +304 i32[32]  constants with which each block begins
 *   +432 i32[4]   shifts with which each block begins, the current one first
 *   +448 u16      of each block the length of its record; bit 15: the record is the block itself
 *
 * The records follow without gaps, in the order of their blocks.
 */
export const MAGIC = 0x5041544f;
export const FORMAT = 1;
export const CODING = 1;
export const BLOCK_LOG2 = 12;
export const BLOCK_LENGTH = 1 << BLOCK_LOG2;
export const HAS_BASE = 1;
export const FIXED_LENGTH = 160;
export const CRC_OFFSET = 28;
export const BASE_HASH_OFFSET = 32;
export const RESULT_HASH_OFFSET = 64;
export const HASH_LENGTH = 32;
export const BASE_VERSION_OFFSET = 96;
export const RESULT_VERSION_OFFSET = 128;
export const VERSION_LENGTH = 32;
/** A seal with three signatures. */
export const MAX_SEAL_LENGTH = 344;
/** Lengths of the base and of the result end here: all of a chip's flash is not larger. */
export const MAX_IMAGE_LENGTH = 1 << 25;
export const CODE_LENGTHS_LENGTH = 304;
export const CONSTANTS = 32;
/** A longer record would not be worth its decoding: the block is stored instead. */
export const MAX_RECORD_LENGTH = BLOCK_LENGTH - 64;
export const SHIFTS = 4;
export const DICTIONARY_LENGTH = (CONSTANTS + SHIFTS) * 4;
/** What lies between the seal's copy and the index. */
export const CODES_LENGTH = CODE_LENGTHS_LENGTH + DICTIONARY_LENGTH;
export const STORED = 0x8000;

/*
 * A record is a stream of bits, the least significant bit of a byte first, and the last byte is filled up with zeros.
 * Codes are canonical (shorter ones first, then by symbol), and their first bit comes first. The stream is a sequence
 * of operations, until the block is full:
 *
 *   symbol of an operation: kind * 13 + b; then b bits that give n = 2^b + bits, 1 to 4096 and more
 *   LITERALS   n symbols of literals follow
 *   MATCH      a distance d: n bytes of the result, from d bytes back. They lie before the block, or begin inside it
 *              and may then run into themselves
 *   SHIFT      a shift becomes the current one, then n bytes of the base as in COPY
 *   COPY       n bytes of the base, from where the result is plus the current shift
 *   EDIT_WORD  bytes of the base up to the next multiple of four in the result, n - 1 further words, and one word to
 *              which a constant is added, modulo 2^32
 *   EDIT       n - 1 bytes of the base, and four bytes to which, as a word, a constant is added
 *
 *   distance:  symbol b, then b bits: d = 2^b + bits
 *   shift:     symbol 0 to 2: the recent shift 1 to 3 (0 is the current one); or 3 + b, then b bits: the number
 *              z = 2^b + bits, of which bit 0 says if the change from the current shift is -(z + 1) / 2 or z / 2
 *   constant:  symbol 0 to 31: the recent constant; or 32 + b, then b bits: as with a shift, but itself
 *
 * What was used, or is new, moves to the front of the recent ones. More than 15 bits come in pieces of 15, the low ones
 * first. Which of the three codes an operation has depends on the one before it: see `AFTER_OTHER`.
 */
export const LITERALS = 0;
export const MATCH = 1;
export const SHIFT = 2;
export const COPY = 3;
export const EDIT_WORD = 4;
export const EDIT = 5;
export const KINDS = 6;
/** Binary logarithms of a length, 0 to 12. */
export const LENGTH_CLASSES = 13;
/** The most bits that are read at once. */
export const PIECE_BITS = 15;

export interface Context {
  readonly symbols: number;
  /** Bits of the longest code. The decoder has a table of 2^longest entries. */
  readonly longest: number;
}

/** The codes in the order of their lengths in the header: 608 symbols, 1,792 entries of tables. */
export const CONTEXTS: readonly Context[] = Object.freeze([
  // At the beginning of a block, after LITERALS and MATCH; after SHIFT and COPY; after EDIT_WORD and EDIT.
  Object.freeze({ symbols: KINDS * LENGTH_CLASSES, longest: 8 }),
  Object.freeze({ symbols: KINDS * LENGTH_CLASSES, longest: 8 }),
  Object.freeze({ symbols: KINDS * LENGTH_CLASSES, longest: 8 }),
  // Literals, constants, distances, shifts.
  Object.freeze({ symbols: 256, longest: 9 }),
  Object.freeze({ symbols: CONSTANTS + 32, longest: 8 }),
  Object.freeze({ symbols: 25, longest: 7 }),
  Object.freeze({ symbols: 29, longest: 7 }),
]);
export const OPERATION_CONTEXTS = 3;
export const LITERAL_CONTEXT = 3;
export const CONSTANT_CONTEXT = 4;
export const DISTANCE_CONTEXT = 5;
export const SHIFT_CONTEXT = 6;
/** First symbol of a shift that is not a recent one. */
export const NEW_SHIFT = SHIFTS - 1;
/** First symbol of a constant that is not a recent one. */
export const NEW_CONSTANT = CONSTANTS;

/** Where the decoder's table of each context begins. */
export const AFTER_OTHER = 0;
export const AFTER_COPY = 256;
export const AFTER_EDIT = 512;
export const LITERAL_TABLE = 768;
export const CONSTANT_TABLE = 1280;
export const DISTANCE_TABLE = 1536;
export const SHIFT_TABLE = 1664;
export const TABLE_ENTRIES = 1792;
