import type { Device } from "../../hal/ports/index.js";
import type { Failure } from "../update/machine/types.js";
import { contradiction, type Expectation } from "./checks.js";
import { decodeSeal, type Seal } from "./format.js";
import { signatureFailure, type TrustedKey } from "./keys.js";
import { loadFloor } from "./floor.js";

/** Whose images are judged, and by which keys. */
export interface JudgeOptions {
  readonly device: Device;
  readonly keys: readonly TrustedKey[];
  /** Empty for the own firmware. */
  readonly owner: string;
  readonly product: string;
  /** `undefined`: any. */
  readonly chipId: number | undefined;
  readonly required: boolean;
  /** Least security version besides the stored one. */
  readonly leastVersion: () => number;
}

/** An image may be taken, as far as its seal says. `seal` is absent if it has none and needs none. */
export interface Verdict {
  readonly failure?: Failure;
  readonly seal?: Seal;
}

/** Says of seals whether their images may be taken. */
export class Judge {
  readonly options: JudgeOptions;

  constructor(options: JudgeOptions) {
    this.options = options;
  }

  /** @throws HalError */
  floor(): number {
    const { device, owner, leastVersion } = this.options;
    return Math.max(loadFloor(device.store, owner), leastVersion());
  }

  /**
   * Everything that can be said without the image.
   *
   * @param tail    the last bytes of the file, as `decodeSeal` takes them
   * @param version as offered
   * @throws HalError
   */
  judge(tail: Uint8Array, fileLength: number, version: string): Verdict {
    const { device, keys, product, chipId, required } = this.options;
    const seal = decodeSeal(tail, fileLength);
    if ("code" in seal) return seal.code === "unsigned" && !required ? {} : { failure: seal };
    const expected: Expectation = { version, product, chipId, floor: this.floor() };
    const failure = signatureFailure(seal, keys, device) ?? contradiction(seal, expected);
    return failure === undefined ? { seal } : { failure };
  }
}
