import type { Offer } from "../protocol/messages.js";

/** What an update has to do with the others that were offered together with it. */
export interface Dependencies {
  /** How long to wait for those others before the first look, in milliseconds. */
  readonly gatherMs: number;
  /** @returns id of a component that comes first; `undefined` if none does */
  awaited(): string | undefined;
  /** Asked once no other comes first. @returns why this is not to be installed at all; `undefined` if it may be */
  blocked(offer: Offer): string | undefined;
  /** What was blocked is declined, durably. */
  unblock(offer: Offer): void;
}
