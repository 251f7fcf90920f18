import { type Creation, SDK_FIXED, SDK_SHARED } from "./creation.js";

/** Addresses from the first up to, but not including, the second. */
type AddressRange = readonly [from: number, to: number];

/**
 * A chip of the ESP32 family. Everything that this project knows of a chip is here. Only the names stand once more in
 * src/image/header.ts, which ships to boards; a test compares them.
 */
export interface Chip {
  /** Name as Espressif writes it, such as `ESP32-C3`. */
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
  /** Absent if the Moddable SDK has no target with this chip. */
  readonly sdk?: SdkTarget;
}

/** What the Moddable SDK 8.2.3 has for a plain board with a chip: build/devices/esp32 of the SDK. */
export interface SdkTarget {
  /** Folder of targets/ that is taken for the chip if no board is named. */
  readonly board: string;
  /** Flash that the sdkconfig of xsProj-<chip> sets, in MiB. */
  readonly flashMegabytes: number;
  /** Whether the SDK connects it to a network. */
  readonly hasWifi: boolean;
  /** `creation` of the board's manifest. */
  readonly creation: Creation;
}

/** A chip with a target in the SDK. */
export type SdkChip = Chip & { readonly sdk: SdkTarget };

/** Bytes of an MMU page, if a chip or an image does not choose another length. */
export const USUAL_PAGE_LENGTH = 0x10000;

/*
 * The values of chips are from ESP-IDF v6.0: esp_app_format.h, bootloader/Kconfig.projbuild, soc/<chip>/soc.h and
 * soc_caps.h. If an application can choose the page length, the mapped range is the one for the greatest length.
 */
export const ESP32: SdkChip = Object.freeze<SdkChip>({
  name: "ESP32",
  id: 0,
  bootLoaderOffset: 0x1000,
  mapped: [
    [0x3f400000, 0x3f800000],
    [0x400d0000, 0x40400000],
  ],
  codeAddress: 0x40080000,
  choosesPageLength: false,
  sdk: { board: "nodemcu", flashMegabytes: 4, hasWifi: true, creation: SDK_FIXED },
});

export const ESP32_S2: SdkChip = Object.freeze<SdkChip>({
  name: "ESP32-S2",
  id: 2,
  bootLoaderOffset: 0x1000,
  mapped: [
    [0x3f000000, 0x3ff80000],
    [0x40080000, 0x40800000],
  ],
  codeAddress: 0x40028000,
  choosesPageLength: false,
  sdk: { board: "saola_wroom", flashMegabytes: 4, hasWifi: true, creation: SDK_SHARED },
});

export const ESP32_C3: SdkChip = Object.freeze<SdkChip>({
  name: "ESP32-C3",
  id: 5,
  bootLoaderOffset: 0,
  mapped: [
    [0x3c000000, 0x3c800000],
    [0x42000000, 0x42800000],
  ],
  codeAddress: 0x40380000,
  choosesPageLength: false,
  sdk: { board: "esp32c3", flashMegabytes: 4, hasWifi: true, creation: SDK_SHARED },
});

export const ESP32_S3: SdkChip = Object.freeze<SdkChip>({
  name: "ESP32-S3",
  id: 9,
  bootLoaderOffset: 0,
  mapped: [
    [0x3c000000, 0x3e000000],
    [0x42000000, 0x44000000],
  ],
  codeAddress: 0x40378000,
  choosesPageLength: false,
  sdk: { board: "esp32s3", flashMegabytes: 4, hasWifi: true, creation: SDK_FIXED },
});

export const ESP32_C6: SdkChip = Object.freeze<SdkChip>({
  name: "ESP32-C6",
  id: 13,
  bootLoaderOffset: 0,
  mapped: [[0x42000000, 0x43000000]],
  codeAddress: 0x40800000,
  choosesPageLength: true,
  sdk: { board: "esp32c6", flashMegabytes: 4, hasWifi: true, creation: SDK_FIXED },
});

export const ESP32_H2: SdkChip = Object.freeze<SdkChip>({
  name: "ESP32-H2",
  id: 16,
  bootLoaderOffset: 0,
  mapped: [[0x42000000, 0x43000000]],
  codeAddress: 0x40800000,
  choosesPageLength: true,
  sdk: { board: "esp32h2", flashMegabytes: 4, hasWifi: false, creation: SDK_FIXED },
});

export const CHIPS: readonly Chip[] = Object.freeze<readonly Chip[]>([
  ESP32,
  ESP32_S2,
  ESP32_C3,
  ESP32_S3,
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
  ESP32_C6,
  ESP32_H2,
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
    name: "ESP32-C61",
    id: 20,
    bootLoaderOffset: 0,
    mapped: [[0x42000000, 0x44000000]],
    codeAddress: 0x40800000,
    choosesPageLength: true,
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

/** The chips that the SDK has targets with. */
export const SDK_CHIPS: readonly SdkChip[] = Object.freeze([ESP32, ESP32_S2, ESP32_C3, ESP32_S3, ESP32_C6, ESP32_H2]);

export function hasSdkTarget(chip: Chip): chip is SdkChip {
  return chip.sdk !== undefined;
}

/** @returns `undefined` for an id that no chip of the family has */
export function chipWithId(id: number): Chip | undefined {
  return CHIPS.find((chip) => chip.id === id);
}

/** Finds a chip by its name in the spelling of ESP-IDF (`esp32c3`) or of Espressif (`ESP32-C3`). */
export function chipNamed(text: string): Chip | undefined {
  return CHIPS.find((chip) => targetNameOf(chip) === text.toLowerCase().replaceAll("-", ""));
}

/** @returns the name as ESP-IDF, esptool and the SDK's ESP32_SUBCLASS spell it, such as `esp32c3` */
export function targetNameOf({ name }: Chip): string {
  return name.toLowerCase().replaceAll("-", "");
}

/** @returns a name for messages, also for a chip that is not of the family */
export function chipName(id: number): string {
  return chipWithId(id)?.name ?? `chip ${id}`;
}
