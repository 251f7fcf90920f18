/* What the decoder of packages reads of the two slots. Each board has its own. */
#pragma once
#include <stdint.h>

typedef enum { SLOT_RUNNING, SLOT_TARGET } Slot;

/* Fills `into` from a slot. Returns NULL, or the name of an esp_err_t. */
const char *ota_read_slot(Slot slot, uint32_t byteOffset, uint8_t *into, uint32_t byteLength);
