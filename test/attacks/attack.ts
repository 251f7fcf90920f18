import type { Signer } from "../support/seals.js";

/*
 * What somebody does who has the broker, the file server and every file that was ever sealed, as data alone, so that it
 * can be run with any engine and cut at any operation.
 */

/** What the file server sends. It sees the request for the end of the file, and those for its bytes. */
export interface Served {
  /** Instead of what is offered, to the request for the seal. */
  readonly end?: Uint8Array | "whole" | "nothing";
  /** Instead of what is offered, to the first request for bytes, the second, and so on; the last one stays. */
  readonly bytes?: readonly Uint8Array[];
  /** The first answer with bytes ends after so many of them. */
  readonly breaksAfter?: number;
}

/** One thing that is done, before or while a file is offered. */
export type Deed =
  /** Every record of the key-value store is lost while the power is off. */
  | "wipe"
  /** A byte of the image in the target slot is changed once all of it is verified by its MD5. */
  | "change-flash"
  /** Then an old sealed file is put in its place. */
  | "swap-flash"
  /** The new firmware does not reach the cloud. */
  | "unreachable";

/** One offer, and what comes of it. */
export interface Try {
  readonly version: string;
  readonly file: Uint8Array;
  readonly served?: Served;
  readonly deeds?: readonly Deed[];
  /** How the terminal report must begin: `done`, `fail -5 unsigned`. */
  readonly report: string;
  /** It must be refused before anything is erased. */
  readonly early?: boolean;
}

export interface Attack {
  readonly name: string;
  /** The board's configuration; default: one trusted key. */
  readonly trusted?: readonly Signer[];
  /** What runs at first; default: version 0.2.0 with security version 2. */
  readonly running?: Uint8Array;
  /** In this order. Those with the report `done` are no attack: they are what the vendor does meanwhile. */
  readonly tries: readonly Try[];
  /** Version that runs in the end. */
  readonly ends: string;
}

export function changesFlash(deeds: readonly Deed[]): boolean {
  return deeds.includes("change-flash") || deeds.includes("swap-flash");
}
