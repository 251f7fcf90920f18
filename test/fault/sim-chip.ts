import { CHIP_ESP32, verifyAppImage } from "../../hal/boards/sim/app-image.js";
import { type BootChoice, bootLoader } from "../../hal/boards/sim/boot-loader.js";
import { NodeDigest } from "../../hal/boards/sim/digest.js";
import { createFlashModule } from "../../hal/boards/sim/flash-module.js";
import { type FlashMedium, NO_MEDIUM, NorFlash, SECTOR_LENGTH } from "../../hal/boards/sim/nor-flash.js";
import { createKeyValueModule } from "../../hal/boards/sim/nvs/key-value-module.js";
import { mountNvs } from "../../hal/boards/sim/nvs/nvs.js";
import {
  dataPartition,
  encodePartitionTable,
  otaSlots,
  type Partition,
  parsePartitionsCsv,
  SUBTYPE_DATA_NVS,
  TABLE_ADDRESS,
} from "../../hal/boards/sim/partition-table.js";
import { createPlatform } from "../../hal/boards/sim/platform.js";
import { type Power, PowerLost } from "../../hal/boards/sim/power.js";
import type { KeyValueModule } from "../../hal/ecma419/modules.js";
import type { ChangeKind, Chip, ChipBoot, ChipModules, CutPlan } from "./chip.js";
import { tornErase, tornProgram } from "./torn.js";

const NAMESPACE = "ota";
/** Slots of two regions; all else as on the real board. */
const SLOT_LENGTH = 0x20000;
const OTADATA_ADDRESS = 0xd000;
export const SLOT_0_ADDRESS = 0x10000;

function partitionsOf(slotLength: number): readonly Partition[] {
  const slots = [0, 1].map(
    (index) => `ota_${index},app,ota_${index},${SLOT_0_ADDRESS + index * slotLength},${slotLength}`,
  );
  return parsePartitionsCsv(
    ["nvs,data,nvs,0x9000,0x4000", `otadata,data,ota,${OTADATA_ADDRESS},0x2000`, ...slots].join("\n"),
  );
}

/** A change to the chip, or a reading of a slot. */
export interface ChipOperation {
  readonly kind: ChangeKind | "read";
  readonly erases: boolean;
  readonly address: number;
  readonly byteLength: number;
}

export interface SimChipOptions {
  readonly factory: Uint8Array;
  readonly cutPlan: CutPlan;
  /** A medium that keeps the bytes besides memory. */
  readonly medium?: FlashMedium;
  readonly slotLength?: number;
  /** Called with each operation before it is done. */
  readonly onOperation?: (operation: ChipOperation) => void;
}

/**
 * The simulated ESP32's flash, NVS, otadata and boot loader, in its real units but with slots of 128 KiB unless asked
 * otherwise.
 */
export class SimChip implements Chip {
  readonly blockLength = SECTOR_LENGTH;
  readonly slotLength: number;
  /** Erases of each block of the two slots, since the factory. */
  readonly wear: readonly [Uint32Array, Uint32Array];
  /** Erases of the blocks of NVS and of otadata. */
  readonly otherErases = { record: 0, entry: 0 };
  keyValueWrites = 0;
  readonly #options: SimChipOptions;
  readonly #medium: FlashMedium;
  readonly #partitions: readonly Partition[];
  readonly #slots: readonly [Partition, Partition];
  readonly #flashLength: number;
  #flash: NorFlash;
  #power: Power | undefined;
  #boot: BootChoice | undefined;
  #operations = 0;

  constructor(options: SimChipOptions) {
    this.#options = options;
    this.#medium = options.medium ?? NO_MEDIUM;
    this.slotLength = options.slotLength ?? SLOT_LENGTH;
    this.wear = [new Uint32Array(this.slotLength / SECTOR_LENGTH), new Uint32Array(this.slotLength / SECTOR_LENGTH)];
    this.#partitions = partitionsOf(this.slotLength);
    this.#slots = otaSlots(this.#partitions) as [Partition, Partition];
    this.#flashLength = SLOT_0_ADDRESS + 2 * this.slotLength;
    const factory = NorFlash.blank(this.#flashLength);
    factory.program(encodePartitionTable(this.#partitions), TABLE_ADDRESS);
    factory.program(options.factory, this.#slots[0].offset);
    this.#flash = this.#watch(factory.slice(0, this.#flashLength));
    this.#medium.write(this.#flash.slice(0, this.#flashLength), 0);
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
    const [first, second] = this.#slots;
    const [running, target] = boot.running === 0 ? [first, second] : [second, first];
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
    const slot = this.#slots[index] as Partition;
    const entry = this.#boot?.otaData.entryOf(index) ?? -1;
    return {
      slot: slot.label,
      bytes: this.#flash.slice(slot.offset, slot.size),
      state: entry < 0 ? undefined : this.#boot?.otaData.read(entry)?.state,
    };
  }

  keys(): readonly string[] {
    const nvs = dataPartition(this.#partitions, SUBTYPE_DATA_NVS, "nvs");
    return mountNvs(new NorFlash(this.#flash.slice(0, this.#flashLength), NO_MEDIUM), nvs).keys(NAMESPACE);
  }

  soundSlots(): number {
    return this.#slots.filter((slot) => verifyAppImage(this.#flash, slot, CHIP_ESP32) === undefined).length;
  }

  #watch(bytes: Uint8Array): NorFlash {
    const change = (
      address: number,
      byteLength: number,
      erased: boolean,
      tear: (flash: Uint8Array, mode: number) => void,
    ): void => this.#change(address, byteLength, erased, tear);
    const { onOperation } = this.#options;
    return new (class extends NorFlash {
      override read(into: Uint8Array, address: number): void {
        if (address >= SLOT_0_ADDRESS) {
          onOperation?.({ kind: "read", erases: false, address, byteLength: into.byteLength });
        }
        super.read(into, address);
      }

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
    const inSlot = address >= SLOT_0_ADDRESS;
    const kind: ChangeKind = inSlot ? (erased ? "erase" : "program") : address >= OTADATA_ADDRESS ? "entry" : "record";
    this.#options.onOperation?.({ kind, erases: erased, address, byteLength });
    if (erased) this.#countErases(address, byteLength, kind);
    const planned = this.#options.cutPlan(kind, this.#operations++);
    if (planned === undefined) return;
    const bytes = this.#flash.slice(0, this.#flashLength);
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
    const index = address < this.#slots[1].offset ? 0 : 1;
    const first = (address - this.#slots[index].offset) / SECTOR_LENGTH;
    const wear = this.wear[index];
    for (let block = first; block < first + byteLength / SECTOR_LENGTH; block++) {
      wear[block] = (wear[block] as number) + 1;
    }
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
