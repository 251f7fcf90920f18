import { createHash } from "node:crypto";
import type { Firmware } from "./firmware.js";
import type { Operation } from "./tears.js";
import type { Slot, World } from "./world.js";

export interface PackageRulesOptions {
  readonly world: World;
  readonly firmware: { readonly [name: string]: Firmware };
  /** Blocks from the start of the target that held what is offered when the power came on. */
  readonly wholeBlocks: number;
  /** Stored bytes may be made again: a fault was injected, or the server has another file by now. */
  readonly mayRepeat: () => boolean;
  onBroken(what: string): void;
}

/** Of the package format, read without the code under test. */
const MAGIC = "OTAP";
const HEADER_LENGTH_OFFSET = 8;
const BASE_LENGTH_OFFSET = 16;
const SEAL_LENGTH_OFFSET = 26;
const BASE_HASH_OFFSET = 32;
const INDEX_OFFSET = 608;
const HASH_LENGTH = 32;
const RECORD_LENGTH_MASK = 0x7fff;

/**
 * What must hold at each change of a board that takes packages: nothing is erased for a delta from another base than
 * what runs; nothing becomes pending but an image of the scene, byte for byte; at most one block that was whole when
 * the power came on is made once more.
 */
export class PackageRules {
  readonly #options: PackageRulesOptions;
  #running = 0;
  #repeated = 0;

  constructor(options: PackageRulesOptions) {
    this.#options = options;
  }

  boots(running: number): void {
    this.#running = running;
  }

  /** Called before an operation is done. */
  changes(operation: Operation): void {
    const { world, wholeBlocks, mayRepeat, onBroken } = this.#options;
    const file = this.#offered();
    if (operation.kind === "entry" && operation.entry?.state === "new") this.#checkPending(operation.entry.sequence);
    if (file === undefined || (operation.kind !== "erase" && operation.kind !== "program")) return;
    if (operation.slot !== 1 - this.#running) return;
    if (!this.#hasBase(file)) onBroken(`${operation.kind} at ${operation.offset} for a delta from another base`);
    if (operation.kind === "erase" || operation.offset / world.geometry.blockLength >= wholeBlocks) return;
    if (++this.#repeated > 1 && !mayRepeat()) onBroken(`${this.#repeated} blocks that were whole are made once more`);
  }

  /** The answer to a request begins at this byte of the file. */
  answers(offset: number): void {
    const { wholeBlocks, mayRepeat, onBroken } = this.#options;
    const file = this.#offered();
    if (file === undefined || offset === 0 || this.#repeated > 0 || mayRepeat()) return;
    const least = offsetsOf(file)[Math.max(0, wholeBlocks - 1)] as number;
    if (offset < least)
      onBroken(`asked for byte ${offset}, and the record before the first missing one is at ${least}`);
  }

  /** @returns the package that is offered */
  #offered(): Buffer | undefined {
    const { world, firmware } = this.#options;
    const bytes = Buffer.from(firmware[world.cloud.task ?? ""]?.bytes ?? new Uint8Array(0));
    return bytes.toString("latin1", 0, MAGIC.length) === MAGIC ? bytes : undefined;
  }

  #hasBase(file: Buffer): boolean {
    const baseLength = file.readUInt32LE(BASE_LENGTH_OFFSET);
    if (baseLength === 0) return true;
    const slot = this.#options.world.slots[this.#running] as Slot;
    return hashOf(slot, baseLength).equals(file.subarray(BASE_HASH_OFFSET, BASE_HASH_OFFSET + HASH_LENGTH));
  }

  #checkPending(sequence: number): void {
    const { world, firmware, onBroken } = this.#options;
    const { bytes } = world.slots[(sequence - 1) % 2] as Slot;
    const isKnown = Object.values(firmware).some(({ image }) => image.every((byte, index) => byte === bytes[index]));
    if (!isKnown) onBroken("becomes pending: bytes that no package makes");
  }
}

/** Of slots that are changed no more. */
const hashes = new WeakMap<Slot, { readonly byteLength: number; readonly hash: Buffer }>();

function hashOf(slot: Slot, byteLength: number): Buffer {
  const known = hashes.get(slot);
  if (known?.byteLength === byteLength) return known.hash;
  const hash = createHash("sha256").update(slot.bytes.subarray(0, byteLength)).digest();
  hashes.set(slot, { byteLength, hash });
  return hash;
}

/** @returns where the record of each block begins */
function offsetsOf(file: Buffer): number[] {
  let at = file.readUInt32LE(HEADER_LENGTH_OFFSET);
  const offsets = [at];
  for (let index = INDEX_OFFSET + file.readUInt16LE(SEAL_LENGTH_OFFSET); index < (offsets[0] as number); index += 2) {
    at += file.readUInt16LE(index) & RECORD_LENGTH_MASK;
    offsets.push(at);
  }
  return offsets;
}
