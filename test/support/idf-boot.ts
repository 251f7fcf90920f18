import { crc32 } from "node:zlib";

/** One raw `esp_ota_select_entry_t`. */
export interface RawEntry {
  sequence: number;
  state: number;
  crc: number;
}

const NEW = 0;
const PENDING_VERIFY = 1;
const VALID = 2;
const INVALID = 3;
const ABORTED = 4;
const FACTORY_INDEX = -1;
const BLANK = 0xffffffff;

export const SLOT_COUNT = 2;

/**
 * ESP-IDF's boot loader (bootloader_utility.c) and OTA calls (esp_ota_ops.c) for two slots, no factory image, rollback
 * on: a second model of them, over raw entries and a flag for each image. The simulated board is compared with it.
 */
export class IdfBoot {
  readonly otadata: [RawEntry, RawEntry];
  readonly sound: [boolean, boolean];
  /** The slot that runs, or -1 if none boots. */
  running = -1;

  constructor(otadata: [RawEntry, RawEntry], sound: [boolean, boolean]) {
    this.otadata = otadata;
    this.sound = sound;
  }

  /** bootloader_utility_get_selected_boot_partition, bootloader_utility_load_boot_image. */
  boot(): void {
    const { otadata } = this;
    for (const entry of otadata) if (entry.state === PENDING_VERIFY) entry.state = ABORTED;
    let initial = false;
    let index: number;
    if (selectInvalid(otadata[0]) && selectInvalid(otadata[1])) {
      index = 0;
      initial = otadata.every((entry) => entry.sequence === BLANK || entry.crc !== crcOf(entry.sequence));
    } else {
      const active = this.active();
      if (active === -1) {
        index = FACTORY_INDEX;
      } else {
        const entry = otadata[active] as RawEntry;
        index = slotOf(entry);
        if (entry.state === NEW) entry.state = PENDING_VERIFY;
      }
    }
    this.running = this.#firstThatLoads(index);
    if (this.running >= 0 && initial) {
      otadata[0] = { sequence: this.running + 1, state: VALID, crc: crcOf(this.running + 1) };
    }
  }

  /** bootloader_common_get_active_otadata. */
  active(): number {
    const valid = this.otadata.map((entry) => !selectInvalid(entry) && entry.crc === crcOf(entry.sequence));
    if (valid[0] === true && valid[1] === true) return this.otadata[0].sequence >= this.otadata[1].sequence ? 0 : 1;
    return valid.indexOf(true);
  }

  /** esp_ota_set_boot_partition. @returns whether it did */
  setBoot(slot: number): boolean {
    if (this.sound[slot] !== true) return false;
    const active = this.active();
    let next = 0;
    let sequence = slot + 1;
    if (active !== -1) {
      const entry = this.otadata[active] as RawEntry;
      next = slotOf(entry) === slot ? active : 1 - active;
      sequence = slotOf(entry) === slot ? entry.sequence : sequenceFor(entry.sequence, slot);
    }
    this.otadata[next] = { sequence, state: NEW, crc: crcOf(sequence) };
    return true;
  }

  /** esp_ota_mark_app_valid_cancel_rollback. @returns whether it did */
  markValid(): boolean {
    const active = this.active();
    if (active === -1) return false;
    (this.otadata[active] as RawEntry).state = VALID;
    return true;
  }

  /** esp_ota_mark_app_invalid_rollback. @returns whether it did */
  markInvalid(): boolean {
    const active = this.active();
    if (active === -1) return false;
    const other = this.otadata[1 - active] as RawEntry;
    if (selectInvalid(other) || other.crc !== crcOf(other.sequence) || this.sound[slotOf(other)] !== true) return false;
    (this.otadata[active] as RawEntry).state = INVALID;
    return true;
  }

  /** esp_ota_get_state_partition. @returns `undefined` for ESP_ERR_NOT_FOUND */
  stateOf(slot: number): number | undefined {
    return this.otadata.find((entry) => slotOf(entry) === slot && entry.crc === crcOf(entry.sequence))?.state;
  }

  #firstThatLoads(start: number): number {
    for (let index = start; index >= 0; index--) if (this.sound[index] === true) return index;
    for (let index = start + 1; index < SLOT_COUNT; index++) if (this.sound[index] === true) return index;
    return -1;
  }
}

/** bootloader_common_ota_select_crc. */
export function crcOf(sequence: number): number {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(sequence);
  return crc32(bytes, 0xffffffff);
}

export function slotOf(entry: RawEntry): number {
  return ((entry.sequence - 1) >>> 0) % SLOT_COUNT;
}

/** bootloader_common_ota_select_invalid. */
function selectInvalid(entry: RawEntry): boolean {
  return entry.sequence === BLANK || entry.state === INVALID || entry.state === ABORTED;
}

/** compute_ota_seq_for_target_slot. */
function sequenceFor(current: number, slot: number): number {
  let sequence = (slot + 1) % SLOT_COUNT;
  while (current > sequence) sequence += SLOT_COUNT;
  return sequence;
}
