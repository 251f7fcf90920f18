import type { Offer } from "../protocol/messages.js";
import type { Image } from "../update/machine/types.js";
import type { Installer } from "./installation.js";

/** An offer that several recipients share: the newest URL serves all. */
export type SharedOffer = { -readonly [Field in keyof Offer]: Offer[Field] };

/** Whom a staged image may be for. */
export interface Recipient {
  /** In records: `PRODUCT/name`, or the id of a component. */
  readonly owner: string;
  /** The application's way to it. */
  readonly installer: Installer;
  /** That runs there, as far as it is known. */
  version: string | undefined;
  /** What it waits for in the queue; `undefined` there: the offer is to be asked for once more. */
  offer: SharedOffer | undefined;
}

/** Different images that a queue knows of at once: each holds a URL of up to 2 KB. */
export const OFFER_LIMIT = 4;

/** @returns what stands for this offer among those that are known, with its URL; `undefined` if there are too many */
export function share(offer: Offer, known: ReadonlySet<SharedOffer>): SharedOffer | undefined {
  for (const other of known) {
    if (!hasBytesOf(other, offer) || other.version !== offer.version) continue;
    other.url = offer.url;
    return other;
  }
  return known.size < OFFER_LIMIT ? { ...offer } : undefined;
}

export function hasBytesOf(left: Image, right: Image | undefined): boolean {
  return right !== undefined && left.md5 === right.md5 && left.size === right.size;
}
