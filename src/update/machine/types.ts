import type { BootStatus } from "../../../hal/ports/index.js";
import type { OtaErrorCode } from "../../errors.js";
import type { Offer, Result } from "../../protocol/messages.js";

/**
 * What makes two offers the same: never the URL, which is signed anew each time. An offer may be of a package, and then
 * MD5 and size are the package's; those of an image in flash are always its own.
 */
export interface Image {
  readonly version: string;
  /** 32 hexadecimal digits in lower case. */
  readonly md5: string;
  /** Bytes. */
  readonly size: number;
}

/** How far an image got into the target slot. */
export interface Stored {
  /**
   * Everything before this offset is whole. From it to the end of its region the flash was erased, and is programmed in
   * order. `undefined` as long as nothing was erased.
   */
  readonly regionOffset: number | undefined;
  /** That erase is not finished: what is in the blocks from `regionOffset` on may be anything. */
  readonly erasing: boolean;
  /**
   * As far as this boot knows, everything before this offset is in flash; `undefined` after a restart, and never
   * stored.
   */
  readonly written: number | undefined;
  /** Strong validator of the file the bytes came from. */
  readonly etag: string | undefined;
  /** The bytes came from more than one answer of the server. */
  readonly spliced: boolean;
  /** The image was begun anew once already, because what was stored did not fit together. */
  readonly refetched: boolean;
  /** The file is a package: bytes of what it makes. All offsets are in that. `undefined`: the file is the image. */
  readonly resultLength: number | undefined;
}

/** What an earlier try left in the target slot: a part of an image, or all of it, verified. */
export type Kept =
  | { readonly image: Image; readonly whole: false; readonly stored: Stored }
  | { readonly image: Image; readonly whole: true };

/** The one record of a job in the key-value store. `slot` is the label of the slot, or staging area, it writes to. */
export type Checkpoint =
  | { readonly phase: "downloading"; readonly slot: string; readonly image: Image; readonly stored: Stored }
  /** Whole and verified in flash; nothing was done with it yet, or a staged one may serve again. */
  | { readonly phase: "verified"; readonly slot: string; readonly image: Image }
  /** `reason` is present if the new firmware has failed its test, and is about to revert. */
  | { readonly phase: "applying"; readonly slot: string; readonly image: Image; readonly reason?: string }
  | {
      readonly phase: "reporting";
      readonly slot: string;
      readonly image: Image;
      readonly result: Result;
      /** Present: the download may be taken up again after the report. */
      readonly stored: Stored | undefined;
      /** The image is whole in flash, and may serve again after the report. */
      readonly whole: boolean;
    };

export type State =
  /** Nothing to do. */
  | { readonly name: "idle"; readonly kept: Kept | undefined; readonly answered: boolean }
  /** An offer that fits: the download waits for its clearance. */
  | { readonly name: "offered"; readonly offer: Offer; readonly kept: Kept | undefined }
  /**
   * Bytes come, or the connection is being made. `tries`: consecutive tries that have not advanced, this one included;
   * 0 once this one has stored a block.
   */
  | {
      readonly name: "downloading";
      readonly offer: Offer;
      readonly stored: Stored;
      readonly tries: number;
      readonly urlRenewed: boolean;
    }
  /**
   * A try failed; the next one comes after a pause, or with a fresh URL. Or the application has paused the download:
   * the next one comes when it resumes it. `tries`: consecutive ones that failed and have not advanced.
   */
  | {
      readonly name: "waiting";
      readonly for: "pause" | "fresh-url" | "resumption";
      readonly offer: Offer;
      readonly stored: Stored;
      readonly tries: number;
      readonly urlRenewed: boolean;
    }
  /** The MD5 of what is in flash is computed. `stored` is absent if an earlier boot had verified it already. */
  | { readonly name: "verifying"; readonly offer: Offer; readonly stored: Stored | undefined }
  /** `image` is whole and verified in flash, as `offer` or made by it: the installation waits for its clearance. */
  | { readonly name: "ready"; readonly offer: Offer; readonly image: Image }
  /**
   * Announced as burning, then applied: a slot is made pending and restarted into, a staged image is handed over.
   * `offered`: what brought the image. `begun`: that is under way.
   */
  | {
      readonly name: "applying";
      readonly image: Image;
      readonly offered: Image;
      readonly queued: Offer | undefined;
      readonly begun: boolean;
    }
  /** The running firmware is on trial. `selfTest`: of the application, once the cloud is reached. */
  | {
      readonly name: "confirming";
      readonly checkpoint: Checkpoint | undefined;
      readonly boot: BootStatus;
      readonly selfTest: "awaited" | "running" | "failed";
    }
  /** The result waits for its acknowledgement. `owesVersion`: the version was not reported on this connection yet. */
  | {
      readonly name: "reporting";
      readonly image: Image;
      readonly result: Result;
      readonly kept: Kept | undefined;
      readonly queued: Offer | undefined;
      readonly owesVersion: boolean;
    };

/** The state of one name. */
export type In<Name extends State["name"]> = Extract<State, { name: Name }>;

/** An error as an event carries it. */
export interface Failure {
  readonly code: OtaErrorCode;
  readonly message: string;
  readonly retryAfterMs?: number | undefined;
}

/**
 * `pause`: before the next try. `fresh-url`: for an offer with a new URL. `announcement`: for the acknowledgement of
 * `burning`. `trial`: for the proof of a firmware on trial; `self-test`: for the application's part of it.
 */
export type TimerName = "pause" | "fresh-url" | "announcement" | "trial" | "self-test";

/** What a policy, or a person, is asked about. */
export type ClearedStep = "download" | "install";

export type Event =
  /** Connected and subscribed. */
  | { readonly type: "online" }
  | { readonly type: "offer-received"; readonly offer: Offer }
  | { readonly type: "version-acknowledged" }
  | { readonly type: "cleared"; readonly step: ClearedStep }
  /** The update is not wanted, or no longer: it was refused, or its time is over. */
  | { readonly type: "declined"; readonly failure: Failure }
  /** The application wishes the download to rest. */
  | { readonly type: "paused" }
  | { readonly type: "resumed" }
  /**
   * The server's answer was accepted; `offset` is the first byte that will be stored. `resultLength` is present if the
   * file has turned out to be a package, whose base is the right one; `spliced`: its header came from several answers.
   */
  | {
      readonly type: "download-started";
      readonly offset: number;
      readonly etag: string | undefined;
      readonly resultLength?: number | undefined;
      readonly spliced?: boolean | undefined;
    }
  /** After a restart: the blocks from `offset` on are about to be erased and fetched again. */
  | { readonly type: "resume-point-found"; readonly offset: number }
  /** From `offset` to the end of its region all is erased. */
  | { readonly type: "region-erased"; readonly offset: number }
  /** Everything before `offset` is in flash. */
  | { readonly type: "block-written"; readonly offset: number }
  | { readonly type: "download-completed" }
  /** `advances`: the server's answer ended, and has brought bytes that no earlier try has. */
  | { readonly type: "download-failed"; readonly failure: Failure; readonly advances?: boolean }
  /** `image`: what a package has made. */
  | { readonly type: "verified"; readonly matches: boolean; readonly image?: Image | undefined }
  | { readonly type: "verify-failed"; readonly failure: Failure }
  | { readonly type: "burning-acknowledged" }
  | { readonly type: "applied" }
  | { readonly type: "apply-failed"; readonly failure: Failure }
  | { readonly type: "proven" }
  | { readonly type: "unproven"; readonly failure: Failure }
  | { readonly type: "confirmed" }
  | { readonly type: "confirm-failed" }
  | { readonly type: "revert-failed" }
  | { readonly type: "result-acknowledged" }
  | { readonly type: "store-failed"; readonly failure: Failure }
  | { readonly type: "timer-fired"; readonly timer: TimerName };

/*
 * The types of events by what they are about. A state to which a whole group means nothing ignores it by its name. What
 * is in no group (`online`, `offer-received`, `store-failed`, `timer-fired`) is answered, or ignored, one by one.
 */
export type DownloadEvent =
  | "download-started"
  | "resume-point-found"
  | "region-erased"
  | "block-written"
  | "download-completed"
  | "download-failed";
export type VerificationEvent = "verified" | "verify-failed";
export type InstallationEvent = "burning-acknowledged" | "applied" | "apply-failed";
export type TrialEvent = "proven" | "unproven" | "confirmed" | "confirm-failed" | "revert-failed";
export type AcknowledgementEvent = "version-acknowledged" | "result-acknowledged";
export type ClearanceEvent = "cleared" | "declined";
export type RestEvent = "paused" | "resumed";

export type Effect =
  | { readonly do: "store"; readonly checkpoint: Checkpoint }
  /** The machine itself has found a failure: no event has brought it. */
  | { readonly do: "log"; readonly failure: Failure }
  | { readonly do: "clear" }
  /** What the boot loader knows of the target is dropped: it may be of an earlier job. */
  | { readonly do: "forget" }
  /** `stored.regionOffset` undefined: from the first byte. */
  | { readonly do: "download"; readonly offer: Offer; readonly stored: Stored }
  | { readonly do: "stop-download" }
  /** `image`: as offered, but with the bytes that are in flash. */
  | { readonly do: "verify"; readonly image: Image }
  | { readonly do: "stop-verify" }
  /** Answered by `cleared` or `declined`, at once or much later. */
  | { readonly do: "ask"; readonly step: ClearedStep; readonly offer: Offer }
  /** The answer is not needed any more. */
  | { readonly do: "withdraw" }
  | { readonly do: "apply"; readonly image: Image }
  /** Answered by `proven` or `unproven`. */
  | { readonly do: "prove" }
  | { readonly do: "confirm" }
  | { readonly do: "revert" }
  | { readonly do: "restart" }
  | { readonly do: "report-version" }
  /** `always`: not subject to the limit of one a second. */
  | { readonly do: "report-downloading"; readonly version: string; readonly percent: number; readonly always: boolean }
  | { readonly do: "report-burning"; readonly version: string }
  | { readonly do: "report-result"; readonly version: string; readonly result: Result }
  /** `attempt`, from 1, sets how far the pause is spread; it is never shorter than `atLeastMs`. */
  | { readonly do: "start-timer"; readonly timer: TimerName; readonly attempt: number; readonly atLeastMs: number }
  | { readonly do: "stop-timer"; readonly timer: TimerName };

/** A new state, and what is to be done for it, in this order. */
export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** What the machine knows of the job's target. */
export interface Context {
  /** What runs on the device, sub-device or component that is updated; `undefined` if that is not known. */
  readonly runningVersion: string | undefined;
  /**
   * `slot`: the applied image runs after a restart, on trial. `staged`: the image is handed over, and stays in its area
   * for the next recipient.
   */
  readonly target: "slot" | "staged";
  readonly targetSlot: string;
  /** Bytes that the target slot, or area, holds. */
  readonly capacity: number;
  /** The device takes packages. */
  readonly unpacks?: boolean;
  /** Downloads and installations wait for clearance. */
  readonly asks: boolean;
  /** A person can be asked: what wants consent is refused otherwise. */
  readonly consents: boolean;
  /** An offer of a lower version than the running one is taken. */
  readonly allowsDowngrade: boolean;
  /** The application has a test of its own for a firmware on trial. */
  readonly proves: boolean;
  /** Consecutive tries that do not advance before a job fails. */
  readonly maxAttempts: number;
}
