import type { OfferText } from "../protocol/consent.js";
import type { ComponentKind } from "../protocol/requirements.js";
import type { ClearedStep } from "../update/machine/types.js";

/** A precondition that is not met at present, or a wait that is not over. */
export interface Unmet {
  readonly what: "battery" | "signal" | "window" | "deferral" | "component" | "version";
  /**
   * What is wanted: percent, dBm, the windows, seconds to wait, the component that comes first, or the version to
   * update from.
   */
  readonly required: number | string | undefined;
  /** The present value: percent, dBm, or the time of day; `undefined` if it is not known. */
  readonly measured: number | string | undefined;
}

/** For a log. */
export function describeUnmet({ what, required, measured }: Unmet): string {
  if (what === "deferral") return what;
  return what === "component" ? `${what} ${required}` : `${what} ${measured ?? "?"}, wanted ${required}`;
}

/** What is known of an update before it happens. */
export interface PlanFacts {
  /**
   * Id of the component that is updated: `firmware` is the own one. For a sub-device it is the product: an answer is
   * for all devices of that.
   */
  readonly component: string;
  /** The sub-device whose turn it is. */
  readonly deviceName?: string | undefined;
  readonly kind: ComponentKind;
  /** What waits for an answer. */
  readonly step: ClearedStep;
  /** The only version that the image can be applied to, if it requires one. */
  readonly sourceVersion: string | undefined;
  readonly version: string;
  /** Bytes. */
  readonly size: number;
  /** What the operator wants the person to read, in the device's language; each of it has at most 512 bytes. */
  readonly text: OfferText | undefined;
  readonly unmet: readonly Unmet[];
  /** It waits for `accept`; otherwise the policy alone goes on. */
  readonly asks: boolean;
  readonly deferralsLeft: number;
}

/** An update that somebody may have a say in. The first answer counts; one that comes too late changes nothing. */
export interface Plan extends PlanFacts {
  /** As soon as the preconditions are met. */
  accept(): void;
  /** Not this image: it is reported as failed, and not asked about again. Possible until the installation begins. */
  decline(reason?: string): void;
  /**
   * Asks again later, also after a restart.
   *
   * @throws OtaError `usage` if no deferral is left, or `seconds` is out of bounds
   */
  defer(options: { seconds: number }): void;
  /** Kept once no answer is wanted any more: there is one, the offer was replaced or withdrawn, or its time is over. */
  closed(): Promise<void>;
}
