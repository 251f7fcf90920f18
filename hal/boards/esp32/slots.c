#include "slots.h"

#include <stddef.h>

#include "app_update/include/esp_ota_ops.h"
#include "esp_partition.h"

const char *ota_read_slot(Slot slot, uint32_t byteOffset, uint8_t *into, uint32_t byteLength)
{
	const esp_partition_t *partition = slot == SLOT_RUNNING ? esp_ota_get_running_partition()
		: esp_ota_get_next_update_partition(NULL);
	esp_err_t err = partition == NULL ? ESP_ERR_NOT_FOUND : esp_partition_read(partition, byteOffset, into, byteLength);
	return err == ESP_OK ? NULL : esp_err_to_name(err);
}
