import { describeFailure, ruleFor } from "../../errors.js";
import type { Offer, Result } from "../../protocol/messages.js";
import { isLower } from "./version-order.js";
import type {
  Checkpoint,
  Context,
  Effect,
  Event,
  Failure,
  Image,
  In,
  Kept,
  State,
  Step,
  Stored,
  TimerName,
} from "./types.js";

/** The moves that several states of the machine share: how a job begins, is taken up again, and ends. */

const FRESH: Stored = Object.freeze({
  regionOffset: undefined,
  erasing: false,
  written: undefined,
  etag: undefined,
  spliced: false,
  refetched: false,
  resultLength: undefined,
});

/** A job that another offer may still replace. */
export type Busy = In<"offered"> | In<"downloading"> | In<"waiting"> | In<"verifying"> | In<"ready">;

/** Takes an offer for a version that does not run. */
export function accept(offer: Offer, kept: Kept | undefined, context: Context): Step {
  if (offer.size > context.capacity) {
    const message = `image of ${offer.size} bytes, room for ${context.capacity}`;
    return failOfItself(offer, { code: "image-too-large", message }, undefined, context);
  }
  if (!context.allowsDowngrade && isLower(offer.version, context.runningVersion)) {
    const message = `lower than version ${context.runningVersion}`;
    return failOfItself(offer, { code: "rollback-refused", message }, kept, context);
  }
  if (offer.consent === true && !context.consents) return failOfItself(offer, NOBODY_TO_ASK, kept, context);
  if (!context.asks) return obtain(offer, kept, context);
  return { state: { name: "offered", offer, kept }, effects: [{ do: "ask", step: "download", offer }] };
}

const NOBODY_TO_ASK: Failure = Object.freeze({ code: "offer-refused", message: "needs consent" });

/** Begins, or takes up again, the download of an offer; what is whole is only verified. */
export function obtain(offer: Offer, kept: Kept | undefined, context: Context): Step {
  // The agent cannot read the version of a staged image: the same bytes serve for any version they are offered as.
  const matches = context.target === "slot" ? isSame : hasSameBytes;
  if (kept !== undefined && matches(kept.image, offer)) {
    if (kept.whole) {
      return {
        state: { name: "verifying", offer, stored: undefined },
        effects: [{ do: "verify", image: imageOf(offer) }],
      };
    }
    return begin(offer, kept.stored, []);
  }
  if (context.unpacks && kept?.whole === true && kept.image.version === offer.version) {
    // A package may make what is whole in flash. If so, its header says that, and nothing else is fetched.
    const { size } = kept.image;
    return begin(offer, { ...FRESH, regionOffset: size, written: size, spliced: true, resultLength: size }, []);
  }
  // The old record must be gone before its blocks are.
  return begin(offer, FRESH, kept === undefined ? [] : [{ do: "clear" }]);
}

function begin(offer: Offer, stored: Stored, first: readonly Effect[]): Step {
  return {
    state: { name: "downloading", offer, stored, tries: 1, urlRenewed: false },
    effects: [...first, { do: "download", offer, stored }],
  };
}

export function resume(state: In<"waiting">, first: readonly Effect[]): Step {
  const { offer, stored, tries, urlRenewed } = state;
  return {
    state: { name: "downloading", offer, stored, tries: tries + 1, urlRenewed },
    effects: [...first, { do: "download", offer, stored }],
  };
}

/** The download rests until the application resumes it; what is stored stays. */
export function paused(state: In<"downloading"> | In<"waiting">, stop: Effect): Step {
  return { state: { ...state, name: "waiting", for: "resumption" }, effects: [stop] };
}

/** An offer while another job runs: the same image brings a new URL, another one wins. */
export function offeredWhileBusy(state: Busy, offer: Offer, context: Context, stop: readonly Effect[]): Step {
  if (isSame(state.offer, offer)) return offeredAgain(state, offer, context, stop);
  if (offer.version === context.runningVersion) return stay(state);
  const next = accept(offer, keptOf(state), context);
  return { state: next.state, effects: [...stop, ...next.effects] };
}

/** The URL may be another one, and the operator may want consent by now. */
function offeredAgain(state: Busy, offer: Offer, context: Context, stop: readonly Effect[]): Step {
  if (offer.consent !== true || state.offer.consent === true) return { state: { ...state, offer }, effects: [] };
  if (!context.consents) {
    const ended = failOfItself(offer, NOBODY_TO_ASK, keptOf(state), context);
    return { state: ended.state, effects: [...stop, ...ended.effects] };
  }
  const step = state.name === "offered" ? "download" : state.name === "ready" ? "install" : undefined;
  return { state: { ...state, offer }, effects: step === undefined ? [] : [{ do: "ask", step, offer }] };
}

/** The update is not wanted any more. */
export function declined(state: Busy, failure: Failure, context: Context, stop: readonly Effect[]): Step {
  return fail(state.offer, failure, keptOf(state), context, stop);
}

/** One try of a download ended without the whole image. */
export function tryFailed(
  state: In<"downloading">,
  { failure, advances }: Extract<Event, { type: "download-failed" }>,
  context: Context,
): Step {
  const { tries, urlRenewed } = advances === true ? { tries: 0, urlRenewed: false } : state;
  const { remedy } = ruleFor(failure.code);
  if ((remedy === "renew" || remedy === "renew-first") && !urlRenewed) {
    return reportVersion({ ...state, name: "waiting", for: "fresh-url", tries });
  }
  const restarts = remedy === "restart";
  if (restarts && isGuess(state.stored)) return begin(state.offer, FRESH, [CLEAR]);
  const giveUp =
    remedy === "never" || remedy === "renew" || tries >= context.maxAttempts || (restarts && state.stored.refetched);
  if (giveUp) return fail(state.offer, failure, keptOf(state), context, []);
  const stored: Stored = restarts ? { ...FRESH, refetched: true } : state.stored;
  return {
    state: { ...state, name: "waiting", for: "pause", stored, tries, urlRenewed },
    effects: [...(restarts ? [CLEAR] : []), startTimer("pause", Math.max(1, tries), failure.retryAfterMs ?? 0)],
  };
}

/** Whether `obtain` took what is whole in flash for what the file makes. If it is not, no byte was fetched in vain. */
function isGuess({ regionOffset, resultLength }: Stored): boolean {
  return resultLength !== undefined && regionOffset === resultLength;
}

const CLEAR: Effect = Object.freeze({ do: "clear" });

export function waited(state: In<"waiting">, timer: TimerName, context: Context): Step {
  if (timer !== state.for) return stay(state);
  if (timer === "pause") return resume(state, []);
  const tries = state.tries + 1;
  if (tries >= context.maxAttempts) {
    return failOfItself(state.offer, { code: "url-not-renewed", message: "no fresh URL" }, keptOf(state), context);
  }
  return reportVersion({ ...state, tries });
}

const MISMATCH: Failure = Object.freeze({ code: "digest-mismatch", message: "MD5 does not match" });

/** The MD5 does not match. If the image was put together from pieces, the whole image is fetched once more. */
export function mismatched(state: In<"verifying">, context: Context): Step {
  const { offer, stored } = state;
  if (stored === undefined || (stored.spliced && !stored.refetched)) {
    const refetched = stored === undefined || !isGuess(stored);
    return begin(offer, { ...FRESH, refetched }, [{ do: "log", failure: MISMATCH }, CLEAR]);
  }
  return failOfItself(offer, MISMATCH, undefined, context);
}

/** The digest matches. @param image what is in flash: from now on the job is about that */
export function verified(offer: Offer, image: Image, context: Context): Step {
  if (!context.asks) return apply(offer, image, context);
  return {
    state: { name: "ready", offer, image },
    effects: [
      { do: "store", checkpoint: { phase: "verified", slot: context.targetSlot, image } },
      { do: "ask", step: "install", offer },
    ],
  };
}

export function apply(offer: Offer, image: Image, context: Context): Step {
  return {
    state: { name: "applying", image, offered: imageOf(offer), queued: undefined, begun: false },
    effects: [
      { do: "forget" },
      { do: "store", checkpoint: { phase: "applying", slot: context.targetSlot, image } },
      startTimer("announcement", 1, 0),
      { do: "report-burning", version: image.version },
    ],
  };
}

/** Ends a job; the result is durable before it is sent. @param image as offered */
export function fail(
  image: Image,
  failure: Failure,
  stays: Kept | undefined,
  context: Context,
  first: readonly Effect[],
): Step {
  const { outcome, keeps, refuses } = ruleFor(failure.code);
  // The platform has one number for all of these: it can tell them by the first word.
  const message = refuses || failure.code === "declined" ? describeFailure(failure) : failure.message;
  const result = { outcome, message };
  const step = report(imageOf(image), result, keeps ? stays : undefined, context);
  return { state: step.state, effects: [...first, ...step.effects] };
}

/** Ends a job by a failure that the machine itself has found: no event has brought it to the log. */
function failOfItself(image: Image, failure: Failure, stays: Kept | undefined, context: Context): Step {
  return fail(image, failure, stays, context, [{ do: "log", failure }]);
}

/** A staged image was installed: there is no restart to wait for. It stays in its area for the next recipient. */
export function installed({ image, offered }: In<"applying">, context: Context): Step {
  const { state, effects } = report(offered, { outcome: "done" }, { image, whole: true }, context);
  return { state: { ...state, owesVersion: true }, effects };
}

function report(
  image: Image,
  result: Result,
  kept: Kept | undefined,
  context: Context,
): { state: In<"reporting">; effects: Effect[] } {
  return {
    state: { name: "reporting", image, result, kept, queued: undefined, owesVersion: false },
    effects: [
      { do: "store", checkpoint: reportingOf(image, result, kept, context.targetSlot) },
      { do: "report-result", version: image.version, result },
    ],
  };
}

/** The record has room for one image: what is kept of another version is let go, for the result must name its own. */
function reportingOf(image: Image, result: Result, kept: Kept | undefined, slot: string): Checkpoint {
  if (kept?.image.version !== image.version) {
    return { phase: "reporting", slot, image, result, stored: undefined, whole: false };
  }
  const stored = kept.whole ? undefined : kept.stored;
  return { phase: "reporting", slot, image: kept.image, result, stored, whole: kept.whole };
}

/**
 * The platform has the result. What a later job can go on from is kept. Then the version is reported, if it was not on
 * this connection: before the result, it would make the platform offer the same update once more.
 */
export function reported(state: In<"reporting">, context: Context): Step {
  const { kept, queued } = state;
  const settle = settled(kept, context.targetSlot);
  const idle: State = { name: "idle", kept, answered: false };
  const effects: Effect[] = state.owesVersion ? [settle, { do: "report-version" }] : [settle];
  if (queued === undefined || queued.version === context.runningVersion) return { state: idle, effects };
  const next = accept(queued, kept, context);
  return { state: next.state, effects: [...effects, ...next.effects] };
}

/** Stores what is kept in flash after the end of a job, or clears the record if nothing is. */
export function settled(kept: Kept | undefined, slot: string): Effect {
  if (kept === undefined) return CLEAR;
  const { image } = kept;
  return {
    do: "store",
    checkpoint: kept.whole
      ? { phase: "verified", slot, image }
      : { phase: "downloading", slot, image, stored: kept.stored },
  };
}

export function queueing(queued: Offer | undefined, step: Step): Step {
  return step.state.name === "reporting" ? { state: { ...step.state, queued }, effects: step.effects } : step;
}

/** What a later job could go on from: nothing, as long as nothing was erased. */
export function keptOf(state: Busy): Kept | undefined {
  if (state.name === "offered") return state.kept;
  const image = state.name === "ready" ? state.image : imageOf(state.offer);
  if (state.name === "ready" || state.stored === undefined) return { image, whole: true };
  const { stored } = state;
  if (stored.regionOffset === undefined) return undefined;
  return { image, whole: false, stored };
}

export function downloading(state: In<"downloading">, offset: number, always: boolean): Effect {
  const percent = Math.floor((offset * 100) / lengthOf(state));
  return { do: "report-downloading", version: state.offer.version, percent, always };
}

/** @returns bytes that will be in flash */
export function lengthOf({ offer, stored }: In<"downloading">): number {
  return stored.resultLength ?? offer.size;
}

export function startTimer(timer: TimerName, attempt: number, atLeastMs: number): Effect {
  return { do: "start-timer", timer, attempt, atLeastMs };
}

export function imageOf({ version, md5, size }: Image): Image {
  return { version, md5, size };
}

export function isSame(left: Image, right: Image): boolean {
  return left.version === right.version && hasSameBytes(left, right);
}

export function hasSameBytes(left: Image, right: Image): boolean {
  return left.md5 === right.md5 && left.size === right.size;
}

export function reportVersion(state: State): Step {
  return { state, effects: [{ do: "report-version" }] };
}

export function stay(state: State): Step {
  return { state, effects: [] };
}

/**
 * An event that means nothing in this state. Each state names what it ignores, by groups or one by one. The compiler
 * refuses a state that forgets an event.
 */
export function ignore<Type extends Event["type"]>(state: State, _: Extract<Event, { type: Type }>): Step {
  return stay(state);
}

export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
