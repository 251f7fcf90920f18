import { CHIP_ESP32, appSecureVersion, appVersion } from "../../hal/boards/sim/app-image.js";
import { decodeFloor } from "../../src/seal/floor.js";
import { decodeSeal } from "../../src/seal/format.js";
import { nativelyVerified } from "../support/native-verifier.js";
import { sha256 } from "../support/p256-cases.js";
import { PRODUCT } from "../support/seals.js";
import type { SealScene } from "./seal-scenes.js";
import { FLOOR_KEY, type Operation } from "./tears.js";
import { type Slot, SLOT_LABELS, type World } from "./world.js";

export interface SealRulesOptions {
  readonly world: World;
  readonly seal: SealScene;
  onBroken(what: string): void;
}

/** "SEAL": with the byte count before it a seal ends so. */
const END = Buffer.from("SEAL");

/**
 * What must hold at each change of a board that takes sealed images alone: nothing becomes pending but a sealed image
 * that is not below the floor; the floor never falls, and rises only to what a confirmed firmware is.
 */
export class SealRules {
  readonly #options: SealRulesOptions;
  #running = 0;

  constructor(options: SealRulesOptions) {
    this.#options = options;
  }

  boots(running: number): void {
    this.#running = running;
  }

  /** Called before an operation is done. */
  changes(operation: Operation): void {
    if (operation.kind === "entry" && operation.entry?.state === "new") this.#checkPending(operation.entry.sequence);
    if (operation.kind === "record" && operation.key === FLOOR_KEY) this.#checkFloor(operation.bytes);
  }

  /** The run is over: a confirmed firmware runs. */
  ended(): void {
    const { world, onBroken } = this.#options;
    const floor = floorOf(world);
    const least = this.#secureVersion(this.#running);
    if (floor < least && world.room === "free") onBroken(`the floor is ${floor}, and ${least} runs`);
  }

  #checkPending(sequence: number): void {
    const { world, onBroken } = this.#options;
    const { bytes } = world.slots[(sequence - 1) % SLOT_LABELS.length] as Slot;
    const floor = Math.max(floorOf(world), this.#isConfirmed() ? this.#secureVersion(this.#running) : 0);
    const wrong = this.#wrongWith(bytes, floor);
    if (wrong !== undefined) onBroken(`becomes pending: ${wrong}`);
  }

  /** @returns what is wrong with the sealed image at the start of a slot; looked at without the code under test */
  #wrongWith(bytes: Uint8Array, floor: number): string | undefined {
    const end = Buffer.from(bytes).lastIndexOf(END);
    const length = end + END.byteLength;
    const seal = decodeSeal(bytes.slice(0, length), length);
    if (end < 0 || "code" in seal) return "an image without a seal";
    const { keys } = this.#options.seal;
    const isSigned = seal.signatures.some(({ signature }) =>
      keys.some(({ publicKey }) => nativelyVerified(publicKey, seal.signedBytes, signature)),
    );
    if (!isSigned) return "an image that no trusted key has sealed";
    const image = bytes.subarray(0, seal.imageLength);
    if (Buffer.compare(sha256(image), seal.imageHash) !== 0) return "another image than the sealed one";
    if (seal.product !== PRODUCT || seal.chipId !== CHIP_ESP32) return "an image for something else";
    if (seal.version !== appVersion(image)) return `version ${appVersion(image)}, sealed as ${seal.version}`;
    if (seal.securityVersion !== appSecureVersion(image)) return "another security version than the sealed one";
    return seal.securityVersion < floor ? `security version ${seal.securityVersion} under ${floor}` : undefined;
  }

  #checkFloor(bytes: Uint8Array | undefined): void {
    const { world, onBroken } = this.#options;
    const before = floorOf(world);
    const floor = bytes === undefined ? 0 : (decodeFloor(bytes) ?? 0);
    if (floor < before) onBroken(`the floor falls from ${before} to ${floor}`);
    if (floor <= before) return;
    const running = this.#secureVersion(this.#running);
    if (!this.#isConfirmed()) onBroken(`the floor rises to ${floor} during a trial`);
    if (floor > running) onBroken(`the floor rises to ${floor}, and ${running} runs`);
  }

  #isConfirmed(): boolean {
    const entry = this.#options.world.entries.find(
      (each) => each !== undefined && (each.sequence - 1) % SLOT_LABELS.length === this.#running,
    );
    return entry?.state === "valid" || entry === undefined;
  }

  #secureVersion(slot: number): number {
    return appSecureVersion((this.#options.world.slots[slot] as Slot).bytes) ?? 0;
  }
}

function floorOf(world: World): number {
  const record = world.records[FLOOR_KEY];
  return record === undefined ? 0 : (decodeFloor(record) ?? 0);
}
