/** The sizes of flash that an image's header can name (ESP_IMAGE_FLASH_SIZE_1MB, …_128MB), in MiB. */
export const FLASH_MEGABYTES: readonly number[] = Object.freeze([1, 2, 4, 8, 16, 32, 64, 128]);

/** A partition table that comes with the package. It is for any chip of the family. */
export interface FlashTable {
  readonly name: string;
  /** Flash that it fills, in MiB. */
  readonly megabytes: number;
  /** Folder of its files, below hal/boards/esp32. */
  readonly folder: string;
}

export const FLASH_TABLES: readonly FlashTable[] = Object.freeze([
  { name: "4mb", megabytes: 4, folder: "." },
  { name: "4mb-large", megabytes: 4, folder: "tables/4mb-large" },
  { name: "8mb", megabytes: 8, folder: "tables/8mb" },
  { name: "16mb", megabytes: 16, folder: "tables/16mb" },
]);

export const TABLE_NAMES: readonly string[] = Object.freeze(FLASH_TABLES.map(({ name }) => name));

/** The table of a board for which no other one is named. */
export const DEFAULT_TABLE = FLASH_TABLES[0] as FlashTable;
