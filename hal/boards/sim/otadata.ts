import { crc32 } from "node:zlib";
import type { PlatformImageState } from "../../ecma419/modules.js";
import { type NorFlash, SECTOR_LENGTH } from "./nor-flash.js";
import type { Partition } from "./partition-table.js";

/*
 * esp_ota_select_entry_t, little-endian, one at the start of each of otadata's two sectors:
 *
 *   0  u32      ota_seq: slot (ota_seq - 1) % slots boots; the greater valid one wins
 *   4  u8[20]   seq_label, unused
 *   24 u32      ota_state
 *   28 u32      CRC-32 of ota_seq alone
 */
const ENTRY_LENGTH = 32;
const BLANK = 0xffffffff;

export interface OtaDataEntry {
  readonly sequence: number;
  readonly state: PlatformImageState;
}

const STATES: readonly PlatformImageState[] = ["new", "pending-verify", "valid", "invalid", "aborted"];

/** The two entries of otadata, each rewritten by erasing its sector first, as ESP-IDF does. */
export class OtaData {
  readonly #flash: NorFlash;
  readonly #partition: Partition;
  readonly #slotCount: number;

  /** @throws Error where the partition has less than two sectors */
  constructor(options: { flash: NorFlash; partition: Partition; slotCount: number }) {
    if (options.partition.size < 2 * SECTOR_LENGTH) throw new Error("otadata has less than two sectors");
    this.#flash = options.flash;
    this.#partition = options.partition;
    this.#slotCount = options.slotCount;
  }

  /** @param index 0 or 1 @returns `undefined` for a blank or damaged entry */
  read(index: number): OtaDataEntry | undefined {
    const bytes = this.#bytes(index);
    const sequence = bytes.readUInt32LE(0);
    if (sequence === BLANK || sequence === 0 || bytes.readUInt32LE(28) !== checksum(bytes)) return undefined;
    return { sequence, state: stateIn(bytes) };
  }

  /** What the boot loader does first: an entry still on trial is aborted, and one that is damaged stays damaged. */
  endTrials(): void {
    for (let index = 0; index < 2; index++) {
      const bytes = this.#bytes(index);
      if (stateIn(bytes) !== "pending-verify") continue;
      bytes.writeUInt32LE(STATES.indexOf("aborted"), 24);
      this.#replace(index, bytes);
    }
  }

  /** Whether the entry asks for no slot: blank or judged unfit. A damaged one asks, though nobody can say for which. */
  asksForNone(index: number): boolean {
    const bytes = this.#bytes(index);
    const state = stateIn(bytes);
    return bytes.readUInt32LE(0) === BLANK || state === "invalid" || state === "aborted";
  }

  write(index: number, entry: OtaDataEntry): void {
    const bytes = Buffer.alloc(ENTRY_LENGTH, 0xff);
    bytes.writeUInt32LE(entry.sequence, 0);
    const state = STATES.indexOf(entry.state);
    bytes.writeUInt32LE(state < 0 ? 0xffffffff : state, 24);
    bytes.writeUInt32LE(checksum(bytes), 28);
    this.#replace(index, bytes);
  }

  erase(index: number): void {
    this.#flash.erase(this.#address(index), SECTOR_LENGTH);
  }

  slotOf(entry: OtaDataEntry): number {
    return (entry.sequence - 1) % this.#slotCount;
  }

  /** @returns index of the entry that decides the boot, or -1 */
  active(): number {
    let best = -1;
    let bestSequence = 0;
    for (let index = 0; index < 2; index++) {
      const entry = this.read(index);
      if (entry === undefined || entry.state === "invalid" || entry.state === "aborted") continue;
      if (entry.sequence <= bestSequence) continue;
      best = index;
      bestSequence = entry.sequence;
    }
    return best;
  }

  /** @returns index of the entry that speaks of the slot, or -1 */
  entryOf(slot: number): number {
    for (let index = 0; index < 2; index++) {
      const entry = this.read(index);
      if (entry !== undefined && this.slotOf(entry) === slot) return index;
    }
    return -1;
  }

  /** Has `slot` boot next, as `esp_ota_set_boot_partition` does once the image is verified. */
  select(slot: number): void {
    const active = this.active();
    const entry = active < 0 ? undefined : this.read(active);
    if (entry === undefined) {
      this.write(0, { sequence: slot + 1, state: "new" });
    } else if (this.slotOf(entry) === slot) {
      this.write(active, { sequence: entry.sequence, state: "new" });
    } else {
      const beyond = (slot - (entry.sequence % this.#slotCount) + this.#slotCount) % this.#slotCount;
      const sequence = entry.sequence + 1 + beyond;
      // A count of updates: only damage brings it here.
      if (sequence >= BLANK) throw new Error("ESP_ERR_OTA_SELECT_INFO_INVALID");
      this.write(1 - active, { sequence, state: "new" });
    }
  }

  #replace(index: number, bytes: Buffer): void {
    this.erase(index);
    this.#flash.program(bytes, this.#address(index));
  }

  #bytes(index: number): Buffer {
    return Buffer.from(this.#flash.slice(this.#address(index), ENTRY_LENGTH));
  }

  #address(index: number): number {
    return this.#partition.offset + index * SECTOR_LENGTH;
  }
}

function stateIn(bytes: Buffer): PlatformImageState {
  return STATES[bytes.readUInt32LE(24)] ?? "undefined";
}

/** `esp_rom_crc32_le(UINT32_MAX, …)`. */
function checksum(entry: Buffer): number {
  return crc32(entry.subarray(0, 4), 0xffffffff);
}
