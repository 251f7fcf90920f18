#include "block-decoder.h"

#include <string.h>

/* An entry of a table: the length of its code in the low bits, above it the symbol; of an operation, its kind and class. */
#define LENGTH_BITS 5
#define CLASS_BITS 4
#define LENGTH_MASK ((1u << LENGTH_BITS) - 1)
#define CLASS_MASK ((1u << CLASS_BITS) - 1)

/* Kinds of operations. */
enum { LITERALS, MATCH, SHIFT, COPY, EDIT_WORD, EDIT };

/* Where the table of each context begins, and the bits of its longest code. */
enum { AFTER_OTHER = 0, AFTER_COPY = 256, AFTER_EDIT = 512, LITERAL = 768, CONSTANT = 1280, DISTANCE = 1536, NEXT_SHIFT = 1664 };
enum { OPERATION_BITS = 8, LITERAL_BITS = 9, CONSTANT_BITS = 8, DISTANCE_BITS = 7, SHIFT_BITS = 7 };

/* First symbols of what is not a recent one. */
#define NEW_CONSTANT PACKAGE_CONSTANTS
#define NEW_SHIFT (PACKAGE_SHIFTS - 1)
/* More bits than this come in pieces, the low ones first. */
#define PIECE_BITS 15
/* Bytes of the base that are read beyond what is asked for: the next operations mostly want them. */
#define AHEAD 512u

const char ota_unread[] = "flash that cannot be read";

typedef struct {
	const PackageCodes *codes;
	const PackageBlock *block;
	/* The next bits of the record, the first one lowest; beyond the record there are zeros. */
	uint32_t bits;
	uint32_t bitCount;
	/* Bytes that were taken into `bits`, also beyond the record. */
	uint32_t taken;
	/* Up to here the block holds bytes of the base at the current shift. */
	uint32_t filled;
	int64_t shift;
	int32_t constants[PACKAGE_CONSTANTS];
	int32_t shifts[PACKAGE_SHIFTS];
} Decoder;

static void refill(Decoder *decoder)
{
	const PackageBlock *block = decoder->block;
	while (decoder->bitCount <= 24) {
		if (decoder->taken < block->recordLength)
			decoder->bits |= (uint32_t)block->record[decoder->taken] << decoder->bitCount;
		decoder->taken++;
		decoder->bitCount += 8;
	}
}

/* `count` is at most PIECE_BITS. */
static uint32_t takeBits(Decoder *decoder, uint32_t count)
{
	refill(decoder);
	uint32_t value = decoder->bits & ((1u << count) - 1);
	decoder->bits >>= count;
	decoder->bitCount -= count;
	return value;
}

/* Returns the entry of the next code. */
static uint32_t takeCode(Decoder *decoder, uint32_t table, uint32_t longest)
{
	refill(decoder);
	uint32_t entry = decoder->codes->tables[table + (decoder->bits & ((1u << longest) - 1))];
	uint32_t length = entry & LENGTH_MASK;
	if (length > longest)
		length = longest;
	decoder->bits >>= length;
	decoder->bitCount -= length;
	return entry;
}

/* Returns 2^count + bits, for a count below 32. */
static uint32_t takeNumber(Decoder *decoder, uint32_t count)
{
	uint32_t number = 0;
	uint32_t got = 0;
	for (; count - got > PIECE_BITS; got += PIECE_BITS)
		number |= takeBits(decoder, PIECE_BITS) << got;
	number |= takeBits(decoder, count - got) << got;
	return number | (1u << count);
}

static int32_t signedOf(uint32_t number)
{
	return (int32_t)((number >> 1) ^ (0u - (number & 1)));
}

/* Moves the others back by one, over the one at `from`. */
static void toFront(int32_t *recent, uint32_t from, int32_t value)
{
	memmove(recent + 1, recent, from * sizeof(*recent));
	recent[0] = value;
}

static int32_t takeConstant(Decoder *decoder)
{
	uint32_t symbol = (takeCode(decoder, CONSTANT, CONSTANT_BITS) >> LENGTH_BITS) & 63;
	bool isRecent = symbol < NEW_CONSTANT;
	int32_t constant = isRecent ? decoder->constants[symbol] : signedOf(takeNumber(decoder, symbol - NEW_CONSTANT));
	toFront(decoder->constants, isRecent ? symbol : PACKAGE_CONSTANTS - 1, constant);
	return constant;
}

static void takeShift(Decoder *decoder)
{
	uint32_t symbol = (takeCode(decoder, NEXT_SHIFT, SHIFT_BITS) >> LENGTH_BITS) & 31;
	bool isRecent = symbol < NEW_SHIFT;
	if (isRecent)
		decoder->shift = decoder->shifts[symbol + 1];
	else
		decoder->shift += signedOf(takeNumber(decoder, symbol - NEW_SHIFT));
	toFront(decoder->shifts, isRecent ? symbol + 1 : PACKAGE_SHIFTS - 1, (int32_t)(uint32_t)decoder->shift);
}

/* Reads bytes of the base to where they belong in the block, so that they are there from `at` up to `stop`. */
static const char *fill(Decoder *decoder, uint32_t at, uint32_t stop)
{
	const PackageCodes *codes = decoder->codes;
	const PackageBlock *block = decoder->block;
	if (stop <= decoder->filled)
		return NULL;
	uint32_t start = at < decoder->filled ? decoder->filled : at;
	int64_t shift = decoder->shift + block->byteOffset;
	if (shift + start < 0 || shift + stop > codes->baseLength)
		return "copy from outside of the base";
	uint32_t until = stop + AHEAD;
	if (until > block->blockLength)
		until = block->blockLength;
	if (shift + until > codes->baseLength)
		until = (uint32_t)(codes->baseLength - shift);
	if (!codes->readBase(codes->context, (uint32_t)(shift + start), block->block + start, until - start))
		return ota_unread;
	decoder->filled = until;
	return NULL;
}

static const char *match(Decoder *decoder, uint32_t at, uint32_t stop)
{
	const PackageBlock *block = decoder->block;
	uint32_t symbol = (takeCode(decoder, DISTANCE, DISTANCE_BITS) >> LENGTH_BITS) & 31;
	uint32_t distance = takeNumber(decoder, symbol);
	if (distance <= at) {
		/* Byte by byte, because it may run into itself. */
		const uint8_t *from = block->block + (at - distance);
		for (uint8_t *to = block->block + at; to < block->block + stop;)
			*to++ = *from++;
		return NULL;
	}
	uint32_t before = distance - at;
	if (before > block->byteOffset || stop - at > before)
		return "match out of range";
	bool isRead = decoder->codes->readResult(decoder->codes->context, block->byteOffset - before, block->block + at, stop - at);
	return isRead ? NULL : ota_unread;
}

static void addToWord(uint8_t *bytes, int32_t constant)
{
	uint32_t word = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
	word += (uint32_t)constant;
	for (int index = 0; index < 4; index++, word >>= 8)
		bytes[index] = (uint8_t)word;
}

/* Makes all of the block. */
static const char *decode(Decoder *decoder)
{
	uint8_t *bytes = decoder->block->block;
	uint32_t end = decoder->block->blockLength;
	uint32_t table = AFTER_OTHER;
	for (uint32_t at = 0, stop; at < end; at = stop) {
		uint32_t entry = takeCode(decoder, table, OPERATION_BITS);
		uint32_t kind = entry >> (LENGTH_BITS + CLASS_BITS);
		uint32_t lengthClass = (entry >> LENGTH_BITS) & CLASS_MASK;
		uint32_t length = (1u << lengthClass) + takeBits(decoder, lengthClass);
		const char *wrong = NULL;
		stop = at + length;
		if (kind >= EDIT_WORD) {
			stop = kind == EDIT_WORD ? ((at + 3) & ~3u) + (length << 2) : stop + 3;
			if (stop > end)
				return "edit beyond the block";
			wrong = fill(decoder, at, stop);
			if (wrong == NULL)
				addToWord(bytes + stop - 4, takeConstant(decoder));
			table = AFTER_EDIT;
		} else if (stop > end) {
			return "operation beyond the block";
		} else if (kind == LITERALS) {
			for (uint32_t index = at; index < stop; index++)
				bytes[index] = (uint8_t)(takeCode(decoder, LITERAL, LITERAL_BITS) >> LENGTH_BITS);
			table = AFTER_OTHER;
		} else if (kind == MATCH) {
			wrong = match(decoder, at, stop);
			table = AFTER_OTHER;
		} else {
			if (kind == SHIFT) {
				takeShift(decoder);
				decoder->filled = at;
			}
			wrong = fill(decoder, at, stop);
			table = AFTER_COPY;
		}
		if (wrong != NULL)
			return wrong;
	}
	uint32_t used = decoder->taken * 8 - decoder->bitCount;
	return (used + 7) / 8 == decoder->block->recordLength ? NULL : "record that does not end with its block";
}

const char *ota_make_block(const PackageCodes *codes, const PackageBlock *block)
{
	Decoder decoder = { .codes = codes, .block = block };
	memcpy(decoder.constants, codes->dictionary, sizeof(decoder.constants));
	memcpy(decoder.shifts, codes->dictionary + PACKAGE_CONSTANTS, sizeof(decoder.shifts));
	decoder.shift = decoder.shifts[0];
	return decode(&decoder);
}
