import type { BootStatus, Device, TlsOptions } from "../../hal/ports/index.js";
import { describeError, OtaError } from "../errors.js";
import { isVisibleAscii } from "../lib/text.js";
import { faultOfSettings, type Known } from "../lib/settings.js";
import type { DeviceName } from "../protocol/identity.js";
import type { UpdateLimits } from "../update/driver.js";
import type { Guard, GuardedOwner, Guards } from "../update/guard.js";
import type { Failure } from "../update/machine/types.js";
import type { Unpacker } from "../update/unpacker.js";
import { belowFloor } from "./checks.js";
import { describedIn, HEAD_LENGTH } from "./described.js";
import { loadFloor, raiseFloor } from "./floor.js";
import { Judge, type JudgeOptions } from "./judge.js";
import { type TrustedKey, trustedKeys } from "./keys.js";
import type { SealConfig } from "./options.js";
import { SealGate } from "./seal-gate.js";
import { SealedTarget } from "./sealed-target.js";
import { sha256 } from "./sha256.js";

/** What the agent hands to the part. */
export interface SealOptions {
  readonly device: Device;
  /** `undefined`: the application has none, and needs one for this part. */
  readonly config: SealConfig | undefined;
  /** The device's own. */
  readonly name: DeviceName;
  readonly boot: BootStatus;
  /** The version that is reported. */
  readonly version: string;
  /** For https. */
  readonly tls: TlsOptions;
  readonly limits: Pick<UpdateLimits, "idleTimeoutMs">;
  /** Absent if the device takes no packages. */
  readonly packages?: Unpacker | undefined;
}

const NAMES = Object.freeze({
  seal: Object.freeze({ trusted: 1, required: 1, product: 1 } satisfies Known<SealConfig>),
});
const PRODUCT_LIMIT = 32;

/** Takes images by their seals, and keeps the floor below which none is taken. */
export class Seals implements Guards {
  readonly firmware: Guard;
  readonly #options: SealOptions;
  readonly #keys: readonly TrustedKey[];
  #isConfirmed = false;
  #allNeedSeals: boolean;

  /** @throws OtaError `usage` for a wrong setting */
  constructor(options: SealOptions) {
    const { device, config, name, boot } = options;
    this.#options = options;
    const { trusted, required = true, product = name.productId } = checked(config);
    this.#allNeedSeals = required;
    this.#keys = trustedKeys(trusted, sha256(device.digests));
    const leastVersion = (): number => (this.#isConfirmed ? boot.runningSecureVersion : 0);
    this.firmware = this.#guard({ owner: "", product, required, chipId: boot.chipId, leastVersion });
  }

  get allNeedSeals(): boolean {
    return this.#allNeedSeals;
  }

  /** @throws OtaError `usage` if a seal is required and no key is trusted */
  of({ owner, product, required }: GuardedOwner): Guard {
    if (required && this.#keys.length === 0) throw nobodyTrusted();
    if (!required) this.#allNeedSeals = false;
    return this.#guard({ owner, product, required, chipId: undefined, leastVersion: () => 0 });
  }

  /** If the floor cannot be stored, it holds until the next boot, which stores it. */
  confirmed(): void {
    const { device, boot } = this.#options;
    // It has failed its trial, and runs because the boot loader found nothing else.
    if (boot.runningState === "invalid" || boot.runningState === "aborted") return;
    this.#isConfirmed = true;
    try {
      raiseFloor(device.store, "", boot.runningSecureVersion);
    } catch (error) {
      device.log("error", "seal", () => describeError(error));
    }
  }

  /** @throws HalError */
  rollbackFailure(): Failure | undefined {
    const { device, boot } = this.#options;
    const head = new Uint8Array(HEAD_LENGTH);
    device.boot.openTarget().read(head, 0);
    const floor = Math.max(loadFloor(device.store, ""), boot.runningSecureVersion);
    return belowFloor(describedIn(head)?.secureVersion ?? 0, floor);
  }

  #guard(whose: Omit<JudgeOptions, "device" | "keys">): Guard {
    const { device, boot, version, tls, limits, packages } = this.#options;
    // An image that reports another version than its descriptor's is not compared with the descriptor.
    const checksVersion = version === boot.runningVersion;
    const judge = new Judge({ device, keys: this.#keys, ...whose });
    const unpacks = packages !== undefined;
    const gate = new SealGate({ judge, tls, idleTimeoutMs: limits.idleTimeoutMs, unpacks });
    return {
      gate(inner) {
        gate.inner = inner;
        return gate;
      },
      target: (inner) => new SealedTarget({ judge, gate, inner, checksVersion }),
    };
  }
}

/** @throws OtaError `usage`, one line that says which setting is wrong */
function checked(config: SealConfig | undefined): SealConfig {
  const fault = faultOfSettings(config, "seal", NAMES);
  if (fault !== undefined) throw new OtaError("usage", fault);
  const { trusted, required, product } = config as SealConfig;
  if (!Array.isArray(trusted)) throw new OtaError("usage", "seal.trusted is not a list of public keys");
  if (required !== undefined && typeof required !== "boolean") {
    throw new OtaError("usage", "seal.required is neither true nor false");
  }
  if (required !== false && trusted.length === 0) throw nobodyTrusted();
  const isProduct = typeof product === "string" && product !== "" && product.length <= PRODUCT_LIMIT;
  if (product !== undefined && !(isProduct && isVisibleAscii(product))) {
    throw new OtaError("usage", `seal.product is not 1 to ${PRODUCT_LIMIT} visible characters of ASCII`);
  }
  return config as SealConfig;
}

function nobodyTrusted(): OtaError {
  return new OtaError("usage", "a seal is required and seal.trusted is empty: no image could be taken");
}
