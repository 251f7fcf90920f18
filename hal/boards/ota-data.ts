import type { PlatformImageState } from "../ecma419/modules.js";

/*
 * esp_ota_select_entry_t, little-endian, one at the start of each of otadata's two sectors:
 *
 *   0  u32      ota_seq: slot (ota_seq - 1) % slots boots; the greater valid one wins
 *   4  u8[20]   seq_label, unused
 *   24 u32      ota_state
 *   28 u32      CRC-32 of ota_seq alone
 */
const ENTRY_LENGTH = 32;
const SECTOR_LENGTH = 4096;
const BLANK = 0xffffffff;

/** A NOR chip, addressed in bytes. */
export interface OtaFlash {
  read(into: Uint8Array, address: number): void;
  program(bytes: Uint8Array, address: number): void;
  erase(address: number, byteLength: number): void;
}

export interface OtaDataEntry {
  readonly sequence: number;
  readonly state: PlatformImageState;
}

const STATES: readonly PlatformImageState[] = Object.freeze([
  "new",
  "pending-verify",
  "valid",
  "invalid",
  "aborted",
] as const);

/**
 * The two entries of otadata. An entry is rewritten by erasing its sector first, as ESP-IDF does. Every board with a
 * simulated boot loader uses this class.
 */
export class OtaData {
  readonly #flash: OtaFlash;
  readonly #offset: number;
  readonly #slotCount: number;

  /** @throws Error if the partition has fewer than two sectors */
  constructor(options: {
    flash: OtaFlash;
    partition: { readonly offset: number; readonly size: number };
    slotCount: number;
  }) {
    if (options.partition.size < 2 * SECTOR_LENGTH) throw new Error("otadata has less than two sectors");
    this.#flash = options.flash;
    this.#offset = options.partition.offset;
    this.#slotCount = options.slotCount;
  }

  /** @param index 0 or 1 @returns `undefined` for a blank or damaged entry */
  read(index: number): OtaDataEntry | undefined {
    const fields = this.#fields(index);
    const sequence = fields.getUint32(0, true);
    if (sequence === BLANK || sequence === 0 || fields.getUint32(28, true) !== checksum(sequence)) return undefined;
    return { sequence, state: stateIn(fields) };
  }

  /** The boot loader does this first: it marks an entry on trial as aborted. A damaged entry stays damaged. */
  endTrials(): void {
    for (let index = 0; index < 2; index++) {
      const fields = this.#fields(index);
      if (stateIn(fields) !== "pending-verify") continue;
      fields.setUint32(24, STATES.indexOf("aborted"), true);
      this.#replace(index, fields);
    }
  }

  /**
   * Whether the entry selects no slot, because it is blank, invalid or aborted. A damaged entry does select one,
   * although it is not known which.
   */
  asksForNone(index: number): boolean {
    const fields = this.#fields(index);
    const state = stateIn(fields);
    return fields.getUint32(0, true) === BLANK || state === "invalid" || state === "aborted";
  }

  write(index: number, entry: OtaDataEntry): void {
    const fields = new DataView(new Uint8Array(ENTRY_LENGTH).fill(0xff).buffer);
    const state = STATES.indexOf(entry.state);
    fields.setUint32(0, entry.sequence, true);
    fields.setUint32(24, state < 0 ? BLANK : state, true);
    fields.setUint32(28, checksum(entry.sequence), true);
    this.#replace(index, fields);
  }

  erase(index: number): void {
    this.#flash.erase(this.#address(index), SECTOR_LENGTH);
  }

  slotOf(entry: OtaDataEntry): number {
    return (entry.sequence - 1) % this.#slotCount;
  }

  /** @param mayBoot asked about the slot of each entry @returns index of the entry that decides the boot, or -1 */
  active(mayBoot: (slot: number) => boolean = () => true): number {
    let best = -1;
    let bestSequence = 0;
    for (let index = 0; index < 2; index++) {
      const entry = this.read(index);
      if (entry === undefined || entry.state === "invalid" || entry.state === "aborted") continue;
      if (entry.sequence <= bestSequence || !mayBoot(this.slotOf(entry))) continue;
      best = index;
      bestSequence = entry.sequence;
    }
    return best;
  }

  /** @returns index of the entry that belongs to the slot, or -1 */
  entryOf(slot: number): number {
    for (let index = 0; index < 2; index++) {
      const entry = this.read(index);
      if (entry !== undefined && this.slotOf(entry) === slot) return index;
    }
    return -1;
  }

  /** Selects `slot` for the next boot, as `esp_ota_set_boot_partition` does once the image is verified. */
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
      // The sequence counts updates: only a damaged entry can hold a number as large as this.
      if (sequence >= BLANK) throw new Error("ESP_ERR_OTA_SELECT_INFO_INVALID");
      this.write(1 - active, { sequence, state: "new" });
    }
  }

  #replace(index: number, fields: DataView): void {
    this.erase(index);
    this.#flash.program(new Uint8Array(fields.buffer), this.#address(index));
  }

  #fields(index: number): DataView {
    const bytes = new Uint8Array(ENTRY_LENGTH);
    this.#flash.read(bytes, this.#address(index));
    return new DataView(bytes.buffer);
  }

  #address(index: number): number {
    return this.#offset + index * SECTOR_LENGTH;
  }
}

function stateIn(fields: DataView): PlatformImageState {
  return STATES[fields.getUint32(24, true)] ?? "undefined";
}

/** `esp_rom_crc32_le(UINT32_MAX, …)` of the four bytes of a sequence number. */
function checksum(sequence: number): number {
  // The ROM inverts its start value: the register begins at 0.
  let register = sequence;
  for (let bit = 0; bit < 32; bit++) register = (register >>> 1) ^ (register & 1 ? 0xedb88320 : 0);
  return ~register >>> 0;
}
