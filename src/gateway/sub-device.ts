import type { Installer } from "../staging/installation.js";
import type { Recipient, SharedOffer } from "../staging/recipient.js";
import type { DeviceName } from "../protocol/identity.js";
import type { Result } from "../protocol/messages.js";
import type { State } from "../update/machine/types.js";
import { type Mark, type Marked, MARKS } from "./update-marks.js";

/** A device behind the gateway, as an application makes it known. */
export interface SubDeviceOptions extends DeviceName {
  /** The application's way to it. */
  readonly link: Installer;
  /**
   * Its images need a seal of a trusted key, for its product: see `seal` in the configuration. It gets them without it.
   * Default false: a seal is looked at if there is one.
   */
  readonly sealed?: boolean | undefined;
  /** For `bind` alone. */
  readonly deviceSecret?: string | undefined;
}

/**
 * `offline`: not reported to the platform as online yet. `joining`: that is under way. `refused`: the platform refuses
 * it. `checking`: it is to be asked for its version. `absent`: it does not answer. `online`: its version was reported.
 */
export type Phase = "offline" | "joining" | "refused" | "checking" | "absent" | "online";

/** The state of a sub-device, or of its update, for an application. */
export type SubDeviceState =
  | Exclude<Phase, "joining" | "checking">
  | "queued"
  | Exclude<State["name"], "idle" | "confirming">;

export type SubDeviceEvent = DeviceName &
  (
    | {
        readonly kind: "state";
        readonly state: SubDeviceState;
        readonly version: string | undefined;
        readonly message?: string | undefined;
      }
    /** Bytes in the staging area, and then those that the installation has reported. */
    | {
        readonly kind: "progress";
        readonly step: "download" | "install";
        readonly version: string;
        readonly bytes: number;
        readonly size: number;
      }
    /** The platform has acknowledged the result of an update. */
    | { readonly kind: "result"; readonly version: string; readonly result: Result }
  );

const PHASES: readonly Phase[] = Object.freeze([
  "offline",
  "joining",
  "refused",
  "checking",
  "absent",
  "online",
] as const);
/** The layout of `bits`: the phase in bits 0 to 2, then the mark, `again`, `subscribed`, `leaving` and `sealed`. */
const MARK_SHIFT = 3;
const AGAIN = 1 << 6;
const SUBSCRIBED = 1 << 7;
const LEAVING = 1 << 8;
const SEALED = 1 << 9;

/**
 * There may be hundreds on a chip, and each field of each takes 16 bytes there: fields are few, small values share one,
 * and nothing else is made for a sub-device that is idle.
 */
export class SubDevice implements DeviceName, Recipient, Marked {
  readonly productId: string;
  readonly deviceName: string;
  readonly installer: Installer;
  version: string | undefined;
  offer: SharedOffer | undefined;
  /** Phase, mark and flags. Not private: a private field takes twice the memory. */
  bits = 0;
  /** Only sub-devices that have a secret have this field. */
  declare readonly deviceSecret?: string;

  /** @param productId the same string as the others' of that product: they share its bytes */
  constructor({ link, deviceName, deviceSecret, sealed }: SubDeviceOptions, productId: string) {
    this.productId = productId;
    this.deviceName = deviceName;
    this.installer = link;
    if (sealed === true) this.bits = SEALED;
    if (deviceSecret !== undefined) this.deviceSecret = deviceSecret;
  }

  get owner(): string {
    return `${this.productId}/${this.deviceName}`;
  }

  get phase(): Phase {
    return PHASES[this.bits & 7] as Phase;
  }

  set phase(phase: Phase) {
    this.bits = (this.bits & ~7) | PHASES.indexOf(phase);
  }

  get mark(): Mark {
    return MARKS[(this.bits >> MARK_SHIFT) & 7] as Mark;
  }

  set mark(mark: Mark) {
    this.bits = (this.bits & ~(7 << MARK_SHIFT)) | (MARKS.indexOf(mark) << MARK_SHIFT);
  }

  /** Its images need a seal. */
  get sealed(): boolean {
    return (this.bits & SEALED) !== 0;
  }

  /** It is checked again after a while: the platform, the sub-device or its update failed. */
  get again(): boolean {
    return (this.bits & AGAIN) !== 0;
  }

  set again(again: boolean) {
    this.bits = again ? this.bits | AGAIN : this.bits & ~AGAIN;
  }

  /** Its update topic is subscribed on this connection. */
  get subscribed(): boolean {
    return (this.bits & SUBSCRIBED) !== 0;
  }

  set subscribed(subscribed: boolean) {
    this.bits = subscribed ? this.bits | SUBSCRIBED : this.bits & ~SUBSCRIBED;
  }

  /** Its update topic is to be unsubscribed. */
  get leaving(): boolean {
    return (this.bits & LEAVING) !== 0;
  }

  set leaving(leaving: boolean) {
    this.bits = leaving ? this.bits | LEAVING : this.bits & ~LEAVING;
  }
}

export function isSameDevice(left: DeviceName, right: DeviceName): boolean {
  return left.deviceName === right.deviceName && left.productId === right.productId;
}
