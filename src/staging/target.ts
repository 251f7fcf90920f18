import type { Clock, FlashPartition, KeyValueStore, Log } from "../../hal/ports/index.js";
import { describeError, OtaError } from "../errors.js";
import { addSum } from "../lib/checked-record.js";
import { crc32 } from "../lib/crc32.js";
import { encodeUtf8 } from "../lib/utf8.js";
import { clearRecord, type JobRecord, loadRecord, storeRecord } from "../update/checkpoint.js";
import { restoreStaged } from "../update/machine/restore.js";
import type { Base, Target } from "../update/target.js";
import type { Failure, Image, Step } from "../update/machine/types.js";
import { Installation, type Installer } from "./installation.js";

/** A part of flash where images wait for their recipients. */
export interface StagingArea {
  /** Names the data partition, or slot. */
  readonly label: string;
  readonly partition: FlashPartition;
  /** Before the first block of an image is erased. @throws HalError */
  prepare(): void;
}

export interface StagedTargetOptions {
  readonly store: KeyValueStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly area: StagingArea;
  /** `PRODUCT/name`, or the id of a component. */
  readonly owner: string;
  readonly runningVersion: string | undefined;
  readonly installer: Installer;
  readonly installTimeoutMs: number;
  /** Bytes that the installation has reported as taken. */
  onProgress(image: Image, bytes: number): void;
  /** The recipient runs the image's version. Called before the end of the installation is reported. */
  onInstalled(image: Image): void;
}

/** The area's job. */
export const AREA_KEY = "area";

/*
 * How far the installation of the area's image has got, little-endian:
 *
 *   0  u32  CRC-32 of owner and MD5, as text
 *   4  u32  bytes acknowledged
 *   8  u32  CRC-32 of everything before it
 */
const ACKNOWLEDGED_KEY = "handed";
const RECORD_LENGTH = 12;

/** So many acknowledgements of an image are stored at most, however many the application makes. */
const STORED_PARTS = 16;

/**
 * The area is about to be used for something else: its image is forgotten; a result that was not reported yet stays.
 * @throws HalError
 */
export function forgetStaged(store: KeyValueStore): void {
  const record = loadRecord(store, AREA_KEY);
  if (record?.checkpoint.phase !== "reporting") {
    clearRecord(store, AREA_KEY);
  } else {
    storeRecord(store, AREA_KEY, { ...record, checkpoint: { ...record.checkpoint, stored: undefined, whole: false } });
  }
}

/** The firmware of a sub-device or component: it waits in the area, and is handed over to the application's code. */
export class StagedTarget implements Target {
  readonly kind = "staged";
  readonly label: string;
  readonly recordKey = AREA_KEY;
  readonly owner: string;
  readonly partition: FlashPartition;
  readonly #options: StagedTargetOptions;
  #installation: Installation | undefined;

  constructor(options: StagedTargetOptions) {
    this.label = options.area.label;
    this.partition = options.area.partition;
    this.owner = options.owner;
    this.#options = options;
  }

  restore(record: JobRecord | undefined): Step {
    const { store, runningVersion } = this.#options;
    const step = restoreStaged(record?.checkpoint, {
      area: this.label,
      owns: record?.owner === this.owner,
      runningVersion,
    });
    // The image was handed over, and a power cut came before its result was reported: the next installation of this
    // image begins at its first byte.
    if (step.state.name === "reporting") this.#attempt(() => store.delete(ACKNOWLEDGED_KEY));
    return step;
  }

  prepare(): void {
    this.#options.store.delete(ACKNOWLEDGED_KEY);
    this.#options.area.prepare();
  }

  forget(): void {}

  /** Only the recipient knows the format of its image. */
  checkFirstBlock(): void {}

  openBase(): Base | undefined {
    const { installer } = this.#options;
    if (installer.readInstalled === undefined) return undefined;
    return {
      read(into, byteOffset) {
        const count = installer.readInstalled?.(byteOffset, into);
        if (count !== into.byteLength) throw new OtaError("wrong-base", `what is installed ends at ${byteOffset}`);
      },
    };
  }

  apply(image: Image, onEnded: (failure: Failure | undefined) => void): void {
    const { store, clock, installer, installTimeoutMs, onProgress, onInstalled } = this.#options;
    try {
      let stored = this.#acknowledged(image);
      this.#installation = new Installation({
        installer,
        image,
        partition: this.partition,
        clock,
        timeoutMs: installTimeoutMs,
        acknowledged: stored,
        onProgress: (bytes) => onProgress(image, bytes),
        onAcknowledged: (byteOffset) => {
          if (byteOffset < stored + image.size / STORED_PARTS) return;
          stored = byteOffset;
          this.#attempt(() => store.write(ACKNOWLEDGED_KEY, this.#record(image, byteOffset)));
        },
        onEnded: (failure) => {
          // The next installation of this image begins at its first byte.
          this.#attempt(() => store.delete(ACKNOWLEDGED_KEY));
          if (failure === undefined) onInstalled(image);
          onEnded(failure);
        },
      });
      this.#installation.start();
    } catch (error) {
      onEnded({ code: "install-failed", message: describeError(error) });
    }
  }

  stop(): void {
    this.#installation?.close();
  }

  /** This record only saves work after a power cut: if it cannot be written, the installation goes on. */
  #attempt(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#options.log("warn", "install", () => describeError(error));
    }
  }

  #acknowledged(image: Image): number {
    const record = this.#options.store.read(ACKNOWLEDGED_KEY);
    if (record?.byteLength !== RECORD_LENGTH) return 0;
    const byteOffset = new DataView(record.buffer, record.byteOffset).getUint32(4, true);
    const expected = this.#record(image, byteOffset);
    return byteOffset <= image.size && record.every((byte, index) => byte === expected[index]) ? byteOffset : 0;
  }

  #record(image: Image, byteOffset: number): Uint8Array {
    const record = new Uint8Array(RECORD_LENGTH);
    const view = new DataView(record.buffer);
    const name = encodeUtf8(this.owner + image.md5);
    view.setUint32(0, crc32(name, name.byteLength), true);
    view.setUint32(4, byteOffset, true);
    addSum(record);
    return record;
  }
}
