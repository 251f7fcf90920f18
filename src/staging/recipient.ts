import type { Offer } from "../protocol/messages.js";
import type { Image } from "../update/machine/types.js";
import type { Installer } from "./installation.js";

/** An offer that several recipients share: its URL is the newest one of theirs. */
export type SharedOffer = { -readonly [Field in keyof Offer]: Offer[Field] };

/** A sub-device or component that a staged image may be for. */
export interface Recipient {
  /** In records: `PRODUCT/name`, or the id of a component. */
  readonly owner: string;
  /** The application's way to it. */
  readonly installer: Installer;
  /** The version that runs there, if it is known. */
  version: string | undefined;
  /** What it waits for in the queue. `undefined` in the queue: the offer is to be asked for once more. */
  offer: SharedOffer | undefined;
}

/** Different images that a queue knows of at once: each holds a URL of up to 2 KB. */
export const OFFER_LIMIT = 4;

/**
 * If one of the recipients needs consent, all of them do: an answer holds for all.
 *
 * @returns the shared offer of this image, with the newest URL; `undefined` if there are too many different
 * images
 */
export function share(offer: Offer, known: ReadonlySet<SharedOffer>): SharedOffer | undefined {
  for (const other of known) {
    if (!hasBytesOf(other, offer) || other.version !== offer.version) continue;
    other.url = offer.url;
    if (offer.consent === true) Object.assign(other, { consent: true, text: offer.text });
    return other;
  }
  return known.size < OFFER_LIMIT ? { ...offer } : undefined;
}

export function hasBytesOf(left: Image, right: Image | undefined): boolean {
  return right !== undefined && left.md5 === right.md5 && left.size === right.size;
}
