/*
 * Packages in native code: `decodeBlock` of platform.ts over block-decoder.c. The base is the running slot, and the result
 * the target slot. A record that is malformed is a reason in words, which is returned; a slot that cannot be read is
 * thrown as an Error whose message is the name of the esp_err_t.
 */
#include <stddef.h>

#include "xsmc.h"
#include "xsHost.h"

#include "block-decoder.h"
#include "slots.h"

/* The name of the error of the last read. */
typedef struct {
	const char *error;
} Reads;

static bool readBase(void *context, uint32_t byteOffset, uint8_t *into, uint32_t byteLength)
{
	Reads *reads = context;
	reads->error = ota_read_slot(SLOT_RUNNING, byteOffset, into, byteLength);
	return reads->error == NULL;
}

static bool readResult(void *context, uint32_t byteOffset, uint8_t *into, uint32_t byteLength)
{
	Reads *reads = context;
	reads->error = ota_read_slot(SLOT_TARGET, byteOffset, into, byteLength);
	return reads->error == NULL;
}

static uint32_t number(xsMachine *the, xsSlot *slot, uint32_t most)
{
	xsIntegerValue value = xsmcToInteger(*slot);
	if (value < 0 || (uint32_t)value > most)
		xsUnknownError("ESP_ERR_INVALID_SIZE");
	return (uint32_t)value;
}

/* The engine moves memory only if it is asked for some, which nothing here does before the block is made. */
void ota_decode_block(xsMachine *the)
{
	void *tables, *dictionary, *record, *bytes;
	xsUnsignedValue tablesLength, dictionaryLength, recordLength, blockLength;
	Reads reads = { NULL };
	xsmcGetBufferReadable(xsArg(0), &tables, &tablesLength);
	xsmcGetBufferReadable(xsArg(1), &dictionary, &dictionaryLength);
	xsmcGetBufferReadable(xsArg(3), &record, &recordLength);
	xsmcGetBufferWritable(xsArg(5), &bytes, &blockLength);
	if (tablesLength != PACKAGE_TABLE_ENTRIES * sizeof(uint16_t)
		|| dictionaryLength != (PACKAGE_CONSTANTS + PACKAGE_SHIFTS) * sizeof(int32_t))
		xsUnknownError("ESP_ERR_INVALID_SIZE");
	const PackageCodes codes = {
		.tables = tables,
		.dictionary = dictionary,
		.baseLength = number(the, &xsArg(2), INT32_MAX),
		.readBase = readBase,
		.readResult = readResult,
		.context = &reads,
	};
	const PackageBlock block = {
		.record = record,
		.recordLength = number(the, &xsArg(4), recordLength),
		.block = bytes,
		.blockLength = number(the, &xsArg(6), blockLength < PACKAGE_BLOCK_LENGTH ? blockLength : PACKAGE_BLOCK_LENGTH),
		.byteOffset = number(the, &xsArg(7), INT32_MAX),
	};
	const char *reason = ota_make_block(&codes, &block);
	if (reason == ota_unread)
		xsUnknownError("%s", reads.error);
	if (reason != NULL)
		xsmcSetString(xsResult, (char *)reason);
}
