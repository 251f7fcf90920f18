import type { Device } from "../../hal/ports/index.js";
import { OtaError } from "../errors.js";
import { randomFraction } from "../lib/jitter.js";
import { type BindProof, signBind } from "../protocol/gateway.js";
import type { DeviceName, Hash } from "../protocol/identity.js";

/** What proves that a sub-device may be bound. */
export interface BindOptions extends DeviceName {
  /** Default: the one that `add` was given. */
  readonly deviceSecret?: string | undefined;
  readonly hash?: Hash | undefined;
}

/** @throws OtaError `usage` without a secret or the time */
export function bindProof(options: BindOptions, { digests, clock, random }: Device): BindProof {
  const { deviceSecret, hash } = options;
  const timestamp = clock.unixTime();
  if (deviceSecret === undefined) throw new OtaError("usage", "bind needs the sub-device's deviceSecret");
  if (timestamp === undefined) throw new OtaError("usage", "bind needs the time, which this board does not know");
  const nonce = Math.floor(randomFraction(random) * 0x7fffffff);
  return signBind(options, { deviceSecret, random: nonce, timestamp, hash, digests });
}
