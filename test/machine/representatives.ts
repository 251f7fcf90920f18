import type { BootStatus } from "../../hal/ports/index.js";
import type { OtaErrorCode } from "../../src/errors.js";
import type { Offer, Result } from "../../src/protocol/messages.js";
import type {
  Checkpoint,
  Context,
  Event,
  Failure,
  Image,
  In,
  Kept,
  State,
  Stored,
} from "../../src/update/machine/types.js";
import { ERROR_CODES } from "../support/error-codes.js";

/*
 * Values that stand for every case that the machine distinguishes. The mapped types below make the compiler ask for an
 * entry for each state and each event there is.
 */

const RUNNING_VERSION = "1.0";

/**
 * The own firmware, with and without a policy that is asked, a self test and leave to go back to a lower version, and a
 * staging area whose policy can ask nobody.
 */
export const CONTEXTS: readonly Context[] = (
  [
    ["slot", true, true, true],
    ["slot", false, false, false],
    ["staged", true, false, false],
  ] as const
).map(([target, asks, consents, proves]) => ({
  runningVersion: RUNNING_VERSION,
  target,
  targetSlot: "ota_1",
  capacity: 1_000_000,
  maxAttempts: 3,
  asks,
  consents,
  allowsDowngrade: asks,
  unpacks: consents,
  proves,
}));
const CONTEXT = CONTEXTS[0] as Context;

const offer: Offer = { version: "2.0", url: "http://h/f?sign=1", md5: "0".repeat(32), size: 200_000 };
const image: Image = { version: offer.version, md5: offer.md5, size: offer.size };
const renewed: Offer = { ...offer, url: "http://h/f?sign=2" };
const consented: Offer = { ...offer, consent: true };
const other: Offer = { ...offer, version: "3.0" };
const running: Offer = { ...offer, version: RUNNING_VERSION };
const older: Offer = { ...offer, version: "0.9" };
const huge: Offer = { ...other, size: CONTEXT.capacity + 1 };

/** What the machine sees in an offer, if a job is about `offer`. */
export function offerName(each: Offer): string {
  if (each === offer) return "same image";
  if (each === consented) return "same image with a need for consent";
  if (each === renewed) return "same image with a new URL";
  if (each === running) return "running version";
  if (each === older) return "lower version";
  return each === other ? "other image" : "too large";
}

const fresh: Stored = {
  regionOffset: undefined,
  erasing: false,
  written: undefined,
  etag: undefined,
  spliced: false,
  refetched: false,
  resultLength: undefined,
};
const partial: Stored = { ...fresh, regionOffset: 65_536, etag: '"e"' };
const spliced: Stored = { ...partial, written: 131_072, spliced: true };
const refetched: Stored = { ...spliced, refetched: true };
const packed: Stored = { ...partial, resultLength: 300_000 };
const STORED: readonly Stored[] = [fresh, partial, spliced, refetched, packed];

const KEPT: readonly (Kept | undefined)[] = [
  undefined,
  { image, whole: false, stored: partial },
  { image, whole: true },
  { image: { ...image, md5: "1".repeat(32) }, whole: true },
];
const done: Result = { outcome: "done" };
const failed: Result = { outcome: "timed-out", message: "no byte for 30000 ms" };

const trial: BootStatus = {
  runningSlot: "ota_1",
  runningState: "pending-verify",
  runningVersion: "1.0",
  runningSecureVersion: 0,
  targetSlot: "ota_0",
  targetState: "valid",
  chipId: 0,
};

const CHECKPOINTS: readonly (Checkpoint | undefined)[] = [
  undefined,
  { phase: "downloading", slot: "ota_1", image, stored: partial },
  { phase: "applying", slot: "ota_1", image },
  { phase: "applying", slot: "ota_1", image, reason: "self test failed" },
  { phase: "reporting", slot: "ota_1", image, result: failed, stored: partial, whole: false },
  { phase: "reporting", slot: "ota_1", image, result: done, stored: undefined, whole: false },
  { phase: "reporting", slot: "ota_1", image, result: failed, stored: undefined, whole: true },
  { phase: "verified", slot: "ota_1", image },
];

export const STATES: { readonly [Name in State["name"]]: readonly In<Name>[] } = {
  idle: KEPT.flatMap((kept) => [false, true].map((answered): In<"idle"> => ({ name: "idle", kept, answered }))),
  offered: KEPT.map((kept): In<"offered"> => ({ name: "offered", offer, kept })),
  downloading: STORED.flatMap((stored) =>
    [0, 1, CONTEXT.maxAttempts].flatMap((tries) =>
      [false, true].map((urlRenewed): In<"downloading"> => ({ name: "downloading", offer, stored, tries, urlRenewed })),
    ),
  ),
  waiting: STORED.flatMap((stored) =>
    (["pause", "fresh-url", "resumption"] as const).flatMap((reason) =>
      [1, CONTEXT.maxAttempts - 1].map(
        (tries): In<"waiting"> => ({ name: "waiting", for: reason, offer, stored, tries, urlRenewed: false }),
      ),
    ),
  ),
  verifying: [undefined, ...STORED].map((stored): In<"verifying"> => ({ name: "verifying", offer, stored })),
  ready: [{ name: "ready", offer, image }],
  applying: [undefined, other].flatMap((queued) =>
    [false, true].map((begun): In<"applying"> => ({ name: "applying", image, offered: image, queued, begun })),
  ),
  confirming: CHECKPOINTS.flatMap((checkpoint) =>
    (["awaited", "running", "failed"] as const).map(
      (selfTest): In<"confirming"> => ({ name: "confirming", checkpoint, boot: trial, selfTest }),
    ),
  ),
  reporting: [done, failed].flatMap((result) =>
    KEPT.flatMap((kept) =>
      [undefined, other, running].flatMap((queued) =>
        [false, true].map(
          (owesVersion): In<"reporting"> => ({ name: "reporting", image, result, kept, queued, owesVersion }),
        ),
      ),
    ),
  ),
};

const failure = (code: OtaErrorCode): Failure => ({ code, message: code });

type Of<Type extends Event["type"]> = Extract<Event, { type: Type }>;

export const EVENTS: { readonly [Type in Event["type"]]: readonly Of<Type>[] } = {
  online: [{ type: "online" }],
  paused: [{ type: "paused" }],
  resumed: [{ type: "resumed" }],
  "offer-received": [offer, renewed, consented, other, running, older, huge].map((each) => ({
    type: "offer-received",
    offer: each,
  })),
  "version-acknowledged": [{ type: "version-acknowledged" }],
  "download-started": [
    { type: "download-started", offset: 0, etag: undefined },
    { type: "download-started", offset: 69_632, etag: '"f"' },
    { type: "download-started", offset: 0, etag: '"f"', resultLength: 300_000 },
  ],
  "resume-point-found": [{ type: "resume-point-found", offset: 69_632 }],
  "region-erased": [{ type: "region-erased", offset: 65_536 }],
  "block-written": [
    { type: "block-written", offset: 69_632 },
    { type: "block-written", offset: offer.size },
  ],
  "download-completed": [{ type: "download-completed" }],
  "download-failed": ERROR_CODES.map((code) => ({ type: "download-failed", failure: failure(code) })),
  verified: [
    { type: "verified", matches: true },
    { type: "verified", matches: true, image: { ...image, md5: "1".repeat(32), size: 300_000 } },
    { type: "verified", matches: false },
  ],
  "verify-failed": [{ type: "verify-failed", failure: failure("flash-failed") }],
  "burning-acknowledged": [{ type: "burning-acknowledged" }],
  cleared: (["download", "install"] as const).map((step) => ({ type: "cleared", step })),
  declined: [{ type: "declined", failure: failure("declined") }],
  applied: [{ type: "applied" }],
  "apply-failed": (["switch-failed", "install-failed"] as const).map((code) => ({
    type: "apply-failed",
    failure: failure(code),
  })),
  proven: [{ type: "proven" }],
  unproven: [{ type: "unproven", failure: failure("reverted") }],
  confirmed: [{ type: "confirmed" }],
  "confirm-failed": [{ type: "confirm-failed" }],
  "revert-failed": [{ type: "revert-failed" }],
  "result-acknowledged": [{ type: "result-acknowledged" }],
  "store-failed": [{ type: "store-failed", failure: failure("store-failed") }],
  "timer-fired": (["pause", "fresh-url", "announcement", "trial", "self-test"] as const).map((timer) => ({
    type: "timer-fired",
    timer,
  })),
};

/** What boots find: with each of `CHECKPOINTS`. */
export const BOOTS: readonly BootStatus[] = [
  trial,
  { ...trial, runningState: "valid" },
  ...(["none", "valid", "invalid", "pending-verify"] as const).map(
    (targetState): BootStatus => ({
      ...trial,
      runningSlot: "ota_0",
      runningState: "valid",
      targetSlot: "ota_1",
      targetState,
    }),
  ),
];

export { CHECKPOINTS };
