import type { DigestConstructor } from "../../ecma419/modules.js";
import { type Chip, USUAL_PAGE_LENGTH } from "../family/chips.js";
import type { NorFile } from "./nor-file.js";
import { latin1, type Partition } from "../partition-table.js";

/*
 * Espressif's application image, little-endian:
 *
 *   0   u8   magic 0xE9                     12  u16  chip id
 *   1   u8   segments, 1 to 16              23  u8   not 0: a SHA-256 is appended
 *   24       segments: u32 load address, u32 length, data; the first begins with the application descriptor
 *            zeros up to the last byte of a 16-byte line, which is the XOR of all segment data, seeded with 0xEF
 *            SHA-256 of everything before it
 *
 * Application descriptor (esp_app_desc_t, 256 bytes): 0 u32 magic 0xABCD5432, 4 u32 secure_version, 16
 * version[32].
 */
const IMAGE_MAGIC = 0xe9;
const HEADER_LENGTH = 24;
const SEGMENT_HEADER_LENGTH = 8;
const MAX_SEGMENTS = 16;
const CHECKSUM_SEED = 0xef;
const HASH_LENGTH = 32;
const DESCRIPTOR_OFFSET = HEADER_LENGTH + SEGMENT_HEADER_LENGTH;
const DESCRIPTOR_MAGIC = 0xabcd5432;
const DESCRIPTOR_LENGTH = 256;
const SECURE_VERSION_OFFSET = DESCRIPTOR_OFFSET + 4;
const VERSION_OFFSET = DESCRIPTOR_OFFSET + 16;
const VERSION_LENGTH = 32;
const PIECE_LENGTH = 1024;

export interface VerifyOptions {
  readonly flash: NorFile;
  readonly slot: Partition;
  readonly chip: Pick<Chip, "id" | "mapped">;
  readonly Digest: DigestConstructor;
}

/**
 * Verifies a whole image as `esp_image_verify` does.
 *
 * @returns what is wrong with it, or `undefined`
 */
export function verifyAppImage(options: VerifyOptions): string | undefined {
  const { flash, slot, chip, Digest } = options;
  const header = new DataView(flash.bytes(slot.offset, HEADER_LENGTH).buffer);
  const segments = header.getUint8(1);
  if (header.getUint8(0) !== IMAGE_MAGIC) return "no image magic";
  if (segments === 0 || segments > MAX_SEGMENTS) return `${segments} segments`;
  if (header.getUint16(12, true) !== chip.id) return `image for chip ${header.getUint16(12, true)}`;

  const reader = new ImageReader(flash, slot, new Digest("SHA256"));
  reader.read(HEADER_LENGTH, false);
  for (let index = 0; index < segments; index++) {
    if (reader.at + SEGMENT_HEADER_LENGTH > slot.size) return `segment ${index} outside the slot`;
    const segment = new DataView(flash.bytes(slot.offset + reader.at, SEGMENT_HEADER_LENGTH).buffer);
    const address = segment.getUint32(0, true);
    const length = segment.getUint32(4, true);
    reader.read(SEGMENT_HEADER_LENGTH, false);
    if (length % 4 !== 0 || reader.at + length > slot.size) return `segment ${index} of ${length} bytes`;
    if (index === 0 && length < DESCRIPTOR_LENGTH) return "no room for an application descriptor";
    if (isMapped(address, chip) && reader.at % USUAL_PAGE_LENGTH !== address % USUAL_PAGE_LENGTH) {
      return `segment ${index} not aligned for the MMU`;
    }
    reader.read(length, true);
  }

  const end = Math.ceil((reader.at + 1) / 16) * 16;
  if (end > slot.size) return "checksum outside the slot";
  if (flash.bytes(slot.offset + end - 1, 1)[0] !== reader.checksum) return "wrong checksum";
  if (header.getUint8(23) === 0) return undefined;
  if (end + HASH_LENGTH > slot.size) return "SHA-256 outside the slot";
  reader.read(end - reader.at, false);
  const expected = flash.bytes(slot.offset + end, HASH_LENGTH);
  return reader.digest().every((byte, index) => byte === expected[index]) ? undefined : "wrong SHA-256";
}

/** @returns the version in the application descriptor, or `undefined` if there is none */
export function appVersion(flash: NorFile, slot: Partition): string | undefined {
  const head = describedHead(flash, slot);
  return head && latin1(head, VERSION_OFFSET, VERSION_OFFSET + VERSION_LENGTH);
}

/** @returns `secure_version` in the application descriptor, or `undefined` if there is none */
export function appSecureVersion(flash: NorFile, slot: Partition): number | undefined {
  const head = describedHead(flash, slot);
  return head && new DataView(head.buffer).getUint32(SECURE_VERSION_OFFSET, true);
}

/** @returns the beginning of an image up to the version, or `undefined` if there is no application descriptor */
function describedHead(flash: NorFile, slot: Partition): Uint8Array | undefined {
  const head = flash.bytes(slot.offset, VERSION_OFFSET + VERSION_LENGTH);
  const fields = new DataView(head.buffer);
  const described =
    fields.getUint8(0) === IMAGE_MAGIC && fields.getUint32(DESCRIPTOR_OFFSET, true) === DESCRIPTOR_MAGIC;
  return described ? head : undefined;
}

/** Reads an image once, in pieces, and computes both the checksum and the SHA-256. */
class ImageReader {
  at = 0;
  checksum = CHECKSUM_SEED;
  readonly #flash: NorFile;
  readonly #slot: Partition;
  readonly #digest: InstanceType<DigestConstructor>;
  readonly #piece = new Uint8Array(PIECE_LENGTH);

  constructor(flash: NorFile, slot: Partition, digest: InstanceType<DigestConstructor>) {
    this.#flash = flash;
    this.#slot = slot;
    this.#digest = digest;
  }

  read(byteLength: number, summed: boolean): void {
    const end = this.at + byteLength;
    while (this.at < end) {
      const length = Math.min(end - this.at, PIECE_LENGTH);
      const piece = length === PIECE_LENGTH ? this.#piece : this.#piece.subarray(0, length);
      this.#flash.read(piece, this.#slot.offset + this.at);
      this.#digest.write(piece);
      if (summed) this.#sum(piece);
      this.at += length;
    }
  }

  digest(): Uint8Array {
    return new Uint8Array(this.#digest.close());
  }

  #sum(piece: Uint8Array): void {
    let { checksum } = this;
    for (let index = 0; index < piece.byteLength; index++) checksum ^= piece[index] as number;
    this.checksum = checksum;
  }
}

/** Whether the chip maps an address from flash and does not load it. */
function isMapped(address: number, { mapped }: Pick<Chip, "mapped">): boolean {
  return mapped.some(([from, to]) => address >= from && address < to);
}
