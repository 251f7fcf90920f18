import { createHash } from "node:crypto";
import { CHIP_ESP32, verifyAppImage } from "../../hal/boards/sim/app-image.js";
import { type BootChoice, bootLoader } from "../../hal/boards/sim/boot-loader.js";
import { createFlashModule } from "../../hal/boards/sim/flash-module.js";
import { type FlashMedium, NO_MEDIUM, NorFlash, SECTOR_LENGTH } from "../../hal/boards/sim/nor-flash.js";
import { createKeyValueModule } from "../../hal/boards/sim/nvs/key-value-module.js";
import { mountNvs } from "../../hal/boards/sim/nvs/nvs.js";
import { dataPartition, encodePartitionTable, type Partition, parsePartitionsCsv, SUBTYPE_DATA_NVS, TABLE_ADDRESS } from "../../hal/boards/sim/partition-table.js";
import { createPlatform } from "../../hal/boards/sim/platform.js";
import { type Power, PowerLost } from "../../hal/boards/sim/power.js";
import type { DigestConstructor, KeyValueModule } from "../../hal/ecma419/modules.js";
import type { ChangeKind, Chip, ChipBoot, ChipModules, CutPlan } from "./chip.js";
import { tornErase, tornProgram } from "./torn.js";

const NAMESPACE = "ota";
const FLASH_LENGTH = 0x50000;
/** Slots of two regions; all else as on the real board. */
const PARTITIONS = parsePartitionsCsv(
  ["nvs,data,nvs,0x9000,0x4000", "otadata,data,ota,0xd000,0x2000", "ota_0,app,ota_0,0x10000,0x20000", "ota_1,app,ota_1,0x30000,0x20000"].join("\n"),
);
const [SLOT_0, SLOT_1] = [2, 3].map((index) => PARTITIONS[index] as Partition) as [Partition, Partition];

export interface SimChipOptions {
  readonly factory: Uint8Array;
  readonly cutPlan: CutPlan;
  /** Where the bytes live besides in memory. */
  readonly medium?: FlashMedium;
}

/** The simulated ESP32's flash, NVS, otadata and boot loader, in its real units but with slots of 128 KiB. */
export class SimChip implements Chip {
  readonly blockLength = SECTOR_LENGTH;
  readonly slotLength = SLOT_0.size;
  /** Erases of each block of the two slots, since the factory. */
  readonly wear = [SLOT_0, SLOT_1].map(({ size }) => new Uint32Array(size / SECTOR_LENGTH));
  /** Erases of the blocks of NVS and of otadata. */
  readonly otherErases = { record: 0, entry: 0 };
  keyValueWrites = 0;
  readonly #options: SimChipOptions;
  readonly #medium: FlashMedium;
  #flash: NorFlash;
  #power: Power | undefined;
  #boot: BootChoice | undefined;
  #operations = 0;

  constructor(options: SimChipOptions) {
    this.#options = options;
    this.#medium = options.medium ?? NO_MEDIUM;
    const factory = NorFlash.blank(FLASH_LENGTH);
    factory.program(encodePartitionTable(PARTITIONS), TABLE_ADDRESS);
    factory.program(options.factory, SLOT_0.offset);
    this.#flash = this.#watch(factory.slice(0, FLASH_LENGTH));
    this.#medium.write(this.#flash.slice(0, FLASH_LENGTH), 0);
  }

  boot({ power, restart }: ChipBoot): ChipModules | undefined {
    this.#power = power;
    const flash = this.#flash;
    let boot: BootChoice;
    try {
      boot = bootLoader(flash, CHIP_ESP32);
    } catch (error) {
      if (!power.on) throw error;
      return undefined;
    }
    this.#boot = boot;
    const [running, target] = boot.running === 0 ? [SLOT_0, SLOT_1] : [SLOT_1, SLOT_0];
    const nvs = mountNvs(flash, dataPartition(boot.partitions, SUBTYPE_DATA_NVS, "nvs"));
    return {
      flash: createFlashModule({ flash, power, partitions: boot.partitions, running, target }),
      keyValue: this.#counting(createKeyValueModule(nvs, power)),
      Digest: NodeDigest,
      boot: createPlatform({ flash, power, boot, chipId: CHIP_ESP32, restart }).boot,
    };
  }

  running(): ReturnType<Chip["running"]> {
    const index = this.#boot?.running ?? 0;
    const slot = [SLOT_0, SLOT_1][index] as Partition;
    const entry = this.#boot?.otaData.entryOf(index) ?? -1;
    return { slot: slot.label, bytes: this.#flash.slice(slot.offset, slot.size), state: entry < 0 ? undefined : this.#boot?.otaData.read(entry)?.state };
  }

  keys(): readonly string[] {
    return mountNvs(new NorFlash(this.#flash.slice(0, FLASH_LENGTH), NO_MEDIUM), dataPartition(PARTITIONS, SUBTYPE_DATA_NVS, "nvs")).keys(NAMESPACE);
  }

  soundSlots(): number {
    return [SLOT_0, SLOT_1].filter((slot) => verifyAppImage(this.#flash, slot, CHIP_ESP32) === undefined).length;
  }

  #watch(bytes: Uint8Array): NorFlash {
    const change = (address: number, byteLength: number, erased: boolean, tear: (flash: Uint8Array, mode: number) => void): void =>
      this.#change(address, byteLength, erased, tear);
    return new (class extends NorFlash {
      override program(wanted: Uint8Array, address: number): void {
        change(address, wanted.byteLength, false, (flash, mode) => tornProgram(flash, address, wanted, mode));
        super.program(wanted, address);
      }

      override erase(address: number, byteLength: number): void {
        change(address, byteLength, true, (flash, mode) => tornErase(flash, address, byteLength, mode));
        super.erase(address, byteLength);
      }
    })(bytes, this.#medium);
  }

  #change(address: number, byteLength: number, erased: boolean, tear: (flash: Uint8Array, mode: number) => void): void {
    this.#power?.check();
    const inSlot = address >= SLOT_0.offset;
    const kind: ChangeKind = inSlot ? (erased ? "erase" : "program") : address >= 0xd000 ? "entry" : "record";
    if (erased) this.#countErases(address, byteLength, kind);
    const planned = this.#options.cutPlan(kind, this.#operations++);
    if (planned === undefined) return;
    const bytes = this.#flash.slice(0, FLASH_LENGTH);
    tear(bytes, inSlot ? planned : planned % 4);
    this.#flash = this.#watch(bytes);
    this.#medium.write(bytes.slice(address, address + byteLength), address);
    this.#power?.cut();
    throw new PowerLost();
  }

  #countErases(address: number, byteLength: number, kind: ChangeKind): void {
    if (kind === "record" || kind === "entry") {
      this.otherErases[kind] += byteLength / SECTOR_LENGTH;
      return;
    }
    const index = address < SLOT_1.offset ? 0 : 1;
    const first = (address - (index === 0 ? SLOT_0 : SLOT_1).offset) / SECTOR_LENGTH;
    const wear = this.wear[index] as Uint32Array;
    for (let block = first; block < first + byteLength / SECTOR_LENGTH; block++) wear[block] = (wear[block] as number) + 1;
  }

  #counting(keyValue: KeyValueModule): KeyValueModule {
    return {
      open: (options) => {
        const store = keyValue.open(options);
        return {
          ...store,
          write: (key, value) => {
            this.keyValueWrites++;
            store.write(key, value);
          },
        };
      },
    };
  }
}

const NodeDigest: DigestConstructor = class {
  readonly #hash;

  constructor(algorithm: string) {
    this.#hash = createHash(algorithm);
  }

  write(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  close(): ArrayBuffer {
    return new Uint8Array(this.#hash.digest()).buffer;
  }
};
