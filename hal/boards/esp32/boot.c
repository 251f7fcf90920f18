/*
 * Boot control over esp_ota_ops: the native half of platform.ts. The comments in hal/ecma419/modules.ts describe each
 * function. A failure is thrown as an Error whose message is the name of the esp_err_t.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "xsmc.h"
#include "xsHost.h"

#include "mc.defines.h"
#include "sdkconfig.h"
#include "app_update/include/esp_ota_ops.h"
#include "esp_app_desc.h"
#include "esp_flash_partitions.h"
#include "esp_idf_version.h"
#include "esp_partition.h"
#include "esp_random.h"
#include "esp_rom_crc.h"
#include "esp_system.h"
#if ESP_IDF_VERSION_MAJOR < 6
#include "mbedtls/ecdsa.h"
#include "mbedtls/sha256.h"
#else
#include "psa/crypto.h"
#endif

#ifndef CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE
#error "moddable-ota needs CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y: see its hal/boards/esp32/sdkconfig"
#endif
#ifdef CONFIG_BOOTLOADER_SKIP_VALIDATE_ALWAYS
#error "moddable-ota needs CONFIG_BOOTLOADER_SKIP_VALIDATE_ALWAYS=n: see its hal/boards/esp32/sdkconfig"
#endif
#ifndef CONFIG_ESP_ERR_TO_NAME_LOOKUP
#error "moddable-ota needs CONFIG_ESP_ERR_TO_NAME_LOOKUP=y: see its hal/boards/esp32/sdkconfig"
#endif

/*
 * The image's security version: the manifest's `defines`, or what ESP-IDF's anti-rollback is configured with. The boot
 * loader and the agent's part `seal` compare it with the floor below which no image boots.
 */
#if defined(MODDEF_FIRMWARE_SECURITYVERSION)
#if defined(CONFIG_BOOTLOADER_APP_SECURE_VERSION) \
	&& MODDEF_FIRMWARE_SECURITYVERSION != CONFIG_BOOTLOADER_APP_SECURE_VERSION
#error "defines.firmware.securityVersion is not CONFIG_BOOTLOADER_APP_SECURE_VERSION"
#endif
#define SECURITY_VERSION MODDEF_FIRMWARE_SECURITYVERSION
#elif defined(CONFIG_BOOTLOADER_APP_SECURE_VERSION)
#define SECURITY_VERSION CONFIG_BOOTLOADER_APP_SECURE_VERSION
#else
#define SECURITY_VERSION 0
#endif

/*
 * The application descriptor, which every image has at byte 32. ESP-IDF's own descriptor is a weak symbol, and its
 * version is what `git describe` prints for the project's folder. This one has the version of the manifest's `defines`,
 * so that an image carries the version it was built as. ESP-IDF's own would still lie in the section, before or behind
 * this one, if the linker did not drop symbols that nothing refers to: ESP-IDF always passes it --gc-sections.
 */
#ifdef MODDEF_FIRMWARE_VERSION
#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

_Static_assert(sizeof(MODDEF_FIRMWARE_VERSION) > 1, "defines.firmware.version is empty");
_Static_assert(sizeof(MODDEF_FIRMWARE_VERSION) <= sizeof(((esp_app_desc_t *)0)->version),
	"defines.firmware.version has more than 31 characters");

const __attribute__((used, section(".rodata_desc"))) esp_app_desc_t esp_app_desc = {
	.magic_word = ESP_APP_DESC_MAGIC_WORD,
	.secure_version = SECURITY_VERSION,
	.version = MODDEF_FIRMWARE_VERSION,
	.project_name = "xs_esp32",
	.idf_ver = "v" TEXT(ESP_IDF_VERSION_MAJOR) "." TEXT(ESP_IDF_VERSION_MINOR) "." TEXT(ESP_IDF_VERSION_PATCH),
	.min_efuse_blk_rev_full = CONFIG_ESP_EFUSE_BLOCK_REV_MIN_FULL,
	.max_efuse_blk_rev_full = CONFIG_ESP_EFUSE_BLOCK_REV_MAX_FULL,
	.mmu_page_size = 31 - __builtin_clz(CONFIG_MMU_PAGE_SIZE),
};
#elif !defined(CONFIG_APP_PROJECT_VER_FROM_CONFIG)
#error "moddable-ota needs the firmware's version: \"defines\": { \"firmware\": { \"version\": \"#1.2.3\" } } in the manifest"
#endif

/* The SDK's linker makes this function. It returns the sizes that the `creation` of all manifests results in. */
extern void *xsPreparationAndCreation(xsCreation **creation);

/* otadata is two sectors, each with one record at its start. */
#define RECORD_COUNT 2

static void throwIf(xsMachine *the, esp_err_t err)
{
	if (err != ESP_OK)
		xsUnknownError("%s", esp_err_to_name(err));
}

static const esp_partition_t *slotArgument(xsMachine *the)
{
	const esp_partition_t *slot =
		esp_partition_find_first(ESP_PARTITION_TYPE_APP, ESP_PARTITION_SUBTYPE_ANY, xsmcToString(xsArg(0)));
	if (slot == NULL)
		throwIf(the, ESP_ERR_NOT_FOUND);
	return slot;
}

static const esp_partition_t *targetSlot(xsMachine *the)
{
	const esp_partition_t *slot = esp_ota_get_next_update_partition(NULL);
	if (slot == NULL || slot == esp_ota_get_running_partition())
		throwIf(the, ESP_ERR_NOT_FOUND);
	return slot;
}

void ota_running_slot(xsMachine *the)
{
	xsmcSetString(xsResult, (char *)esp_ota_get_running_partition()->label);
}

void ota_target_slot(xsMachine *the)
{
	xsmcSetString(xsResult, (char *)targetSlot(the)->label);
}

void ota_image_state(xsMachine *the)
{
	esp_ota_img_states_t state;
	esp_err_t err = esp_ota_get_state_partition(slotArgument(the), &state);
	/* The slot has no record; a factory image never has one. */
	if (err == ESP_ERR_NOT_FOUND || err == ESP_ERR_NOT_SUPPORTED)
		return;
	throwIf(the, err);
	switch (state) {
	case ESP_OTA_IMG_NEW: xsmcSetString(xsResult, "new"); break;
	case ESP_OTA_IMG_PENDING_VERIFY: xsmcSetString(xsResult, "pending-verify"); break;
	case ESP_OTA_IMG_VALID: xsmcSetString(xsResult, "valid"); break;
	case ESP_OTA_IMG_INVALID: xsmcSetString(xsResult, "invalid"); break;
	case ESP_OTA_IMG_ABORTED: xsmcSetString(xsResult, "aborted"); break;
	default: xsmcSetString(xsResult, "undefined"); break;
	}
}

void ota_image_version(xsMachine *the)
{
	esp_app_desc_t descriptor;
	char version[sizeof(descriptor.version) + 1];
	esp_err_t err = esp_ota_get_partition_description(slotArgument(the), &descriptor);
	if (err == ESP_ERR_NOT_FOUND)
		return;
	throwIf(the, err);
	/* A version that fills its field has no terminator. */
	snprintf(version, sizeof(version), "%.*s", (int)sizeof(descriptor.version), descriptor.version);
	xsmcSetString(xsResult, version);
}

void ota_secure_version(xsMachine *the)
{
	esp_app_desc_t descriptor;
	esp_err_t err = esp_ota_get_partition_description(slotArgument(the), &descriptor);
	if (err == ESP_ERR_NOT_FOUND)
		return;
	throwIf(the, err);
	xsmcSetNumber(xsResult, (double)descriptor.secure_version);
}

void ota_chip_id(xsMachine *the)
{
	xsmcSetInteger(xsResult, CONFIG_IDF_FIRMWARE_CHIP_ID);
}

/*
 * Erases the sector of the record that esp_ota_get_state_partition would find for the target slot. The running slot's
 * record is in the other sector. ESP-IDF's own call for this does not erase a record that decides the next boot.
 */
void ota_forget_target(xsMachine *the)
{
	const esp_partition_t *slot = targetSlot(the);
	const esp_partition_t *otadata =
		esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_OTA, NULL);
	uint32_t slotCount = esp_ota_get_app_partition_count();
	if (otadata == NULL || slotCount == 0)
		throwIf(the, ESP_ERR_NOT_FOUND);
	for (uint32_t index = 0; index < RECORD_COUNT; index++) {
		esp_ota_select_entry_t record;
		size_t sector = index * otadata->erase_size;
		throwIf(the, esp_partition_read(otadata, sector, &record, sizeof(record)));
		if (record.crc != esp_rom_crc32_le(UINT32_MAX, (const uint8_t *)&record.ota_seq, sizeof(record.ota_seq)))
			continue;
		if ((record.ota_seq - 1) % slotCount != (uint32_t)(slot->subtype - ESP_PARTITION_SUBTYPE_APP_OTA_MIN))
			continue;
		throwIf(the, esp_partition_erase_range(otadata, sector, otadata->erase_size));
		return;
	}
}

/* ESP-IDF checks in esp_ota_begin that the running image is not on trial. That is not called here, so this checks it. */
void ota_set_pending(xsMachine *the)
{
	esp_ota_img_states_t state;
	esp_err_t err = esp_ota_get_state_partition(esp_ota_get_running_partition(), &state);
	if (err == ESP_OK && state == ESP_OTA_IMG_PENDING_VERIFY)
		throwIf(the, ESP_ERR_OTA_ROLLBACK_INVALID_STATE);
	throwIf(the, esp_ota_set_boot_partition(targetSlot(the)));
}

/* ESP-IDF's calls confirm or revert the image that boots next, even if another one runs. */
static bool runsWhatBoots(void)
{
	return esp_ota_get_boot_partition() == esp_ota_get_running_partition();
}

void ota_confirm(xsMachine *the)
{
	throwIf(the, runsWhatBoots() ? esp_ota_mark_app_valid_cancel_rollback() : ESP_FAIL);
}

void ota_revert(xsMachine *the)
{
	bool possible = runsWhatBoots() && esp_ota_check_rollback_is_possible();
	throwIf(the, possible ? esp_ota_mark_app_invalid_rollback() : ESP_ERR_OTA_ROLLBACK_FAILED);
}

void ota_restart(xsMachine *the)
{
	(void)the;
	esp_restart();
}

void ota_random_fill(xsMachine *the)
{
	void *bytes;
	xsUnsignedValue byteLength;
	xsmcGetBufferWritable(xsArg(0), &bytes, &byteLength);
	esp_fill_random(bytes, byteLength);
}

#define POINT_LENGTH 65
#define SIGNATURE_LENGTH 64

/* point: 0x04, x, y. The caller has looked at the range of r and s, and whether the point is on the curve. */
#if ESP_IDF_VERSION_MAJOR < 6
static bool verifyP256(const uint8_t *point, const uint8_t *message, size_t byteLength, const uint8_t *signature)
{
	uint8_t hash[32];
	mbedtls_ecp_group group;
	mbedtls_ecp_point key;
	mbedtls_mpi r, s;
	mbedtls_ecp_group_init(&group);
	mbedtls_ecp_point_init(&key);
	mbedtls_mpi_init(&r);
	mbedtls_mpi_init(&s);
	bool verified = mbedtls_sha256(message, byteLength, hash, 0) == 0
		&& mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_SECP256R1) == 0
		&& mbedtls_ecp_point_read_binary(&group, &key, point, POINT_LENGTH) == 0
		&& mbedtls_ecp_check_pubkey(&group, &key) == 0
		&& mbedtls_mpi_read_binary(&r, signature, SIGNATURE_LENGTH / 2) == 0
		&& mbedtls_mpi_read_binary(&s, signature + SIGNATURE_LENGTH / 2, SIGNATURE_LENGTH / 2) == 0
		&& mbedtls_ecdsa_verify(&group, hash, sizeof(hash), &key, &r, &s) == 0;
	mbedtls_mpi_free(&s);
	mbedtls_mpi_free(&r);
	mbedtls_ecp_point_free(&key);
	mbedtls_ecp_group_free(&group);
	return verified;
}
#else
static bool verifyP256(const uint8_t *point, const uint8_t *message, size_t byteLength, const uint8_t *signature)
{
	psa_key_id_t key;
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
	psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1));
	psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_VERIFY_MESSAGE);
	psa_set_key_algorithm(&attributes, PSA_ALG_ECDSA(PSA_ALG_SHA_256));
	if (psa_crypto_init() != PSA_SUCCESS || psa_import_key(&attributes, point, POINT_LENGTH, &key) != PSA_SUCCESS)
		return false;
	psa_status_t status = psa_verify_message(key, PSA_ALG_ECDSA(PSA_ALG_SHA_256), message, byteLength, signature,
		SIGNATURE_LENGTH);
	psa_destroy_key(key);
	return status == PSA_SUCCESS;
}
#endif

void ota_verify_p256(xsMachine *the)
{
	void *key, *message, *signature;
	xsUnsignedValue keyLength, byteLength, signatureLength;
	uint8_t point[POINT_LENGTH] = { 0x04 };
	xsmcGetBufferReadable(xsArg(0), &key, &keyLength);
	xsmcGetBufferReadable(xsArg(1), &message, &byteLength);
	xsmcGetBufferReadable(xsArg(2), &signature, &signatureLength);
	if (keyLength != POINT_LENGTH - 1 || signatureLength != SIGNATURE_LENGTH)
		throwIf(the, ESP_ERR_INVALID_SIZE);
	memcpy(point + 1, key, keyLength);
	xsmcSetBoolean(xsResult, verifyP256(point, message, byteLength, signature));
}

/* Fills in the values in the order that memory.ts gives. */
void ota_memory(xsMachine *the)
{
	void *words;
	xsUnsignedValue byteLength;
	xsCreation *creation;
	xsPreparationAndCreation(&creation);
	const uint32_t values[] = {
		(uint32_t)(the->stackTop - the->stackBottom),
		(uint32_t)creation->staticSize,
		(uint32_t)creation->initialChunkSize,
		(uint32_t)creation->initialHeapCount,
		(uint32_t)esp_get_free_heap_size(),
		(uint32_t)esp_get_minimum_free_heap_size(),
	};
	xsmcGetBufferWritable(xsArg(0), &words, &byteLength);
	if (byteLength != sizeof(values))
		throwIf(the, ESP_ERR_INVALID_SIZE);
	memcpy(words, values, sizeof(values));
}
