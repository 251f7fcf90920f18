/** Addresses from the first up to, but not including, the second. */
type AddressRange = readonly [from: number, to: number];

/** A chip of the ESP32 family, with what differs between chips in images and flash. */
export interface Chip {
  readonly name: string;
  /** `esp_chip_id_t` in an image's header. */
  readonly id: number;
  /** Address in flash at which the ROM finds the second-stage boot loader. */
  readonly bootLoaderOffset: number;
  /** Addresses that are mapped from flash and not loaded: first of data, then of code; one range if they share it. */
  readonly mapped: readonly AddressRange[];
  /** Address of the code in an image of this project: RAM that the boot loader leaves to the application. */
  readonly codeAddress: number;
  /** Whether an application's descriptor contains the size of the MMU's pages. */
  readonly choosesPageLength: boolean;
}

/**
 * The values are from ESP-IDF v6.0: esp_app_format.h, bootloader/Kconfig.projbuild, soc/<chip>/soc.h and soc_caps.h. If
 * an application can choose the page length, the mapped range is the one for the greatest length.
 */
export const CHIPS: readonly Chip[] = Object.freeze([
  {
    name: "ESP32",
    id: 0,
    bootLoaderOffset: 0x1000,
    mapped: [
      [0x3f400000, 0x3f800000],
      [0x400d0000, 0x40400000],
    ],
    codeAddress: 0x40080000,
    choosesPageLength: false,
  },
  {
    name: "ESP32-S2",
    id: 2,
    bootLoaderOffset: 0x1000,
    mapped: [
      [0x3f000000, 0x3ff80000],
      [0x40080000, 0x40800000],
    ],
    codeAddress: 0x40028000,
    choosesPageLength: false,
  },
  {
    name: "ESP32-C3",
    id: 5,
    bootLoaderOffset: 0,
    mapped: [
      [0x3c000000, 0x3c800000],
      [0x42000000, 0x42800000],
    ],
    codeAddress: 0x40380000,
    choosesPageLength: false,
  },
  {
    name: "ESP32-S3",
    id: 9,
    bootLoaderOffset: 0,
    mapped: [
      [0x3c000000, 0x3e000000],
      [0x42000000, 0x44000000],
    ],
    codeAddress: 0x40378000,
    choosesPageLength: false,
  },
  {
    name: "ESP32-C2",
    id: 12,
    bootLoaderOffset: 0,
    mapped: [
      [0x3c000000, 0x3c400000],
      [0x42000000, 0x42400000],
    ],
    codeAddress: 0x40380000,
    choosesPageLength: true,
  },
  {
    name: "ESP32-C6",
    id: 13,
    bootLoaderOffset: 0,
    mapped: [[0x42000000, 0x43000000]],
    codeAddress: 0x40800000,
    choosesPageLength: true,
  },
  {
    name: "ESP32-H2",
    id: 16,
    bootLoaderOffset: 0,
    mapped: [[0x42000000, 0x43000000]],
    codeAddress: 0x40800000,
    choosesPageLength: true,
  },
  {
    name: "ESP32-P4",
    id: 18,
    bootLoaderOffset: 0x2000,
    mapped: [
      [0x40000000, 0x44000000],
      [0x48000000, 0x4c000000],
    ],
    codeAddress: 0x4ff40000,
    choosesPageLength: false,
  },
  {
    name: "ESP32-C5",
    id: 23,
    bootLoaderOffset: 0x2000,
    mapped: [[0x42000000, 0x44000000]],
    codeAddress: 0x40800000,
    choosesPageLength: false,
  },
]);

/** @returns `undefined` for an id that no chip of the family has */
export function chipWithId(id: number): Chip | undefined {
  return CHIPS.find((chip) => chip.id === id);
}

/** Finds a chip by its name in the spelling of esptool (`esp32c3`) or of Espressif (`ESP32-C3`). */
export function chipNamed(text: string): Chip | undefined {
  const plain = (name: string): string => name.toLowerCase().replaceAll("-", "");
  return CHIPS.find(({ name }) => plain(name) === plain(text));
}

/** @returns a name for messages, also for a chip that is not of the family */
export function chipName(id: number): string {
  return chipWithId(id)?.name ?? `chip ${id}`;
}
