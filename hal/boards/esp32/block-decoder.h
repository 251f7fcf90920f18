/*
 * Makes blocks of a package's result from their records: src/package/block-decoder.ts in C, for a board that has no time
 * for JavaScript. It needs neither the engine nor ESP-IDF, and no memory but 400 bytes of stack.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* src/package/format.ts has the same numbers under the same names. */
#define PACKAGE_BLOCK_LENGTH 4096
#define PACKAGE_MAX_RECORD_LENGTH (PACKAGE_BLOCK_LENGTH - 64)
#define PACKAGE_TABLE_ENTRIES 1792
#define PACKAGE_CONSTANTS 32
#define PACKAGE_SHIFTS 4

/* Fills `into` from flash. A decoder asks only for what lies within the base, or in the result before the block. */
typedef bool PackageRead(void *context, uint32_t byteOffset, uint8_t *into, uint32_t byteLength);

typedef struct {
	/* Of `buildCodeTables`: PACKAGE_TABLE_ENTRIES of them. */
	const uint16_t *tables;
	/* The constants, then the shifts, with which each block begins. */
	const int32_t *dictionary;
	/* 0 without a base. */
	uint32_t baseLength;
	PackageRead *readBase;
	PackageRead *readResult;
	void *context;
} PackageCodes;

typedef struct {
	const uint8_t *record;
	uint32_t recordLength;
	uint8_t *block;
	/* PACKAGE_BLOCK_LENGTH, or fewer if it is the last one. */
	uint32_t blockLength;
	/* Where the block begins in the result. */
	uint32_t byteOffset;
} PackageBlock;

/* What is returned if a read has failed; it is compared by its address. */
extern const char ota_unread[];

/*
 * Returns NULL if the block is made, else what is wrong with the record, or `ota_unread`; the block's bytes are
 * undefined then. The time is bounded whatever the record says: each operation makes at least one byte.
 */
const char *ota_make_block(const PackageCodes *codes, const PackageBlock *block);
