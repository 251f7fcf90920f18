/* Functions of the engine that are C on a chip too. Each file that includes this has included xs.h before. */
#ifndef SLOT_REQUESTS_H
#define SLOT_REQUESTS_H

/* This is declared in xsmc.h, which cannot be included with xs.h because it undefines most of that. */
mxImport xsIntegerValue _xsmcGetBuffer(xsMachine* the, xsSlot* slot, void** data, xsUnsignedValue* count, xsBooleanValue writable);

/*
 * slotRequests(running, target): how a request begins that reads from a slot. Behind it come the count of bytes and
 * their offset, as two doubles.
 */
void slotRequests(xsMachine* the);

/* decodeBlock of the platform module: hal/boards/esp32/packages.c. */
void ota_decode_block(xsMachine* the);

#endif
