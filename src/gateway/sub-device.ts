import type { Installer } from "../components/hand-over.js";
import type { DeviceName } from "../protocol/identity.js";
import type { Offer, Result } from "../protocol/messages.js";
import type { State } from "../update/types.js";

/** A device behind the gateway, as an application makes it known. */
export interface SubDeviceOptions extends DeviceName {
  /** The application's way to it. */
  readonly link: Installer;
  /** For `bind` alone. */
  readonly deviceSecret?: string | undefined;
}

/**
 * `offline`: the platform is yet to be told that it is there. `joining`: it is being told. `refused`: the platform does not
 * take it. `absent`: it does, but the sub-device itself does not answer. `checking`: it is to be asked for its version.
 */
export type Phase = "offline" | "joining" | "refused" | "absent" | "checking" | "online";

/** What an application hears of a sub-device, besides the states of its update. */
export type SubDeviceState = Phase | "queued" | Exclude<State["name"], "idle" | "confirming">;

export type SubDeviceEvent = DeviceName &
  (
    | { readonly kind: "state"; readonly state: SubDeviceState; readonly version: string | undefined; readonly message?: string }
    /** Bytes in the staging area, and then those that the installation has said it took. */
    | { readonly kind: "progress"; readonly step: "download" | "install"; readonly version: string; readonly bytes: number; readonly size: number }
    /** The platform has acknowledged the result of an update. */
    | { readonly kind: "result"; readonly version: string; readonly result: Result }
  );

/** An offer that several sub-devices share: the newest URL serves all. */
export type SharedOffer = { -readonly [Field in keyof Offer]: Offer[Field] };

/** There may be hundreds on a chip: fields are few, and nothing is made for one that is idle. */
export class SubDevice implements DeviceName {
  readonly productId: string;
  readonly deviceName: string;
  readonly link: Installer;
  readonly deviceSecret: string | undefined;
  phase: Phase = "offline";
  /** As it said last. */
  version: string | undefined;
  /** What it waits for in the queue; `undefined` there: the offer is to be asked for once more. */
  offer: SharedOffer | undefined;
  /** Its update failed, or it is away: it is looked at again before long. */
  again = false;

  /** @param productId the same string as the others' of that product: they share its bytes */
  constructor({ link, deviceName, deviceSecret }: SubDeviceOptions, productId: string) {
    this.productId = productId;
    this.deviceName = deviceName;
    this.link = link;
    this.deviceSecret = deviceSecret;
  }
}

export function ownerOf({ productId, deviceName }: DeviceName): string {
  return `${productId}/${deviceName}`;
}

export function isSameDevice(left: DeviceName, right: DeviceName): boolean {
  return left.deviceName === right.deviceName && left.productId === right.productId;
}
