import {
  apply,
  declined,
  downloading,
  fail,
  ignore,
  imageOf,
  isSame,
  lengthOf,
  mismatched,
  obtain,
  offeredWhileBusy,
  paused,
  reportVersion,
  resume,
  startTimer,
  stay,
  tryFailed,
  verified,
  waited,
} from "./moves.js";
import type {
  AcknowledgementEvent,
  Checkpoint,
  Context,
  DownloadEvent,
  Event,
  In,
  InstallationEvent,
  RestEvent,
  State,
  Step,
  Stored,
  TimerName,
  TrialEvent,
  VerificationEvent,
} from "./types.js";

/** The states of a job up to the verified image in flash, whatever it is for. */

export function inOffered(state: In<"offered">, event: Event, context: Context): Step {
  switch (event.type) {
    case "online":
      return reportVersion(state);
    case "offer-received":
      return offeredWhileBusy(state, event.offer, context, [{ do: "withdraw" }]);
    case "cleared":
      return event.step === "download" ? obtain(state.offer, state.kept, context) : stay(state);
    case "declined":
      return declined(state, event.failure, context, []);
    default:
      return ignore<
        | DownloadEvent
        | VerificationEvent
        | InstallationEvent
        | TrialEvent
        | AcknowledgementEvent
        | RestEvent
        | "store-failed"
        | "timer-fired"
      >(state, event);
  }
}

export function inDownloading(state: In<"downloading">, event: Event, context: Context): Step {
  switch (event.type) {
    case "online":
      return reportVersion(state);
    case "offer-received":
      return offeredWhileBusy(state, event.offer, context, [{ do: "stop-download" }]);
    // A package has such an event once its header is whole, after that of the answer that brought it.
    case "download-started": {
      const { offset, resultLength } = event;
      const { stored, tries } = state;
      const isPackage = resultLength !== undefined;
      const spliced =
        offset > 0 || event.spliced === true || (isPackage && (stored.spliced || stored.resultLength !== undefined));
      // A 206 without a validator does not make the known one invalid.
      const etag = event.etag ?? (spliced ? stored.etag : undefined);
      const next: In<"downloading"> = { ...state, stored: { ...stored, etag, spliced, resultLength } };
      return { state: next, effects: [downloading(next, offset, !spliced && !isPackage && tries === 1)] };
    }
    // The intention is stored before the erase, so that a cut inside it cannot make torn blocks look whole.
    case "resume-point-found":
      return stores(state, { ...state.stored, regionOffset: event.offset, erasing: true }, context);
    case "region-erased":
      return stores(
        state,
        { ...state.stored, regionOffset: event.offset, erasing: false, written: event.offset },
        context,
      );
    case "block-written": {
      const next: State = { ...state, stored: { ...state.stored, written: event.offset }, tries: 0, urlRenewed: false };
      // 100 is reported once, when all is in flash.
      return {
        state: next,
        effects: event.offset >= lengthOf(state) ? [] : [downloading(state, event.offset, false)],
      };
    }
    case "download-completed":
      return {
        state: { name: "verifying", offer: state.offer, stored: state.stored },
        effects: [
          downloading(state, lengthOf(state), true),
          { do: "verify", image: { ...imageOf(state.offer), size: lengthOf(state) } },
        ],
      };
    case "download-failed":
      return tryFailed(state, event, context);
    case "declined":
      return declined(state, event.failure, context, [{ do: "stop-download" }]);
    case "paused":
      // A try that rests has not failed.
      return paused({ ...state, tries: Math.max(0, state.tries - 1) }, { do: "stop-download" });
    case "store-failed":
      return fail(state.offer, event.failure, undefined, context, [{ do: "stop-download" }]);
    default:
      return ignore<
        | VerificationEvent
        | InstallationEvent
        | TrialEvent
        | AcknowledgementEvent
        | "resumed"
        | "timer-fired"
        | "cleared"
      >(state, event);
  }
}

function stores(state: In<"downloading">, stored: Stored, context: Context): Step {
  const checkpoint: Checkpoint = {
    phase: "downloading",
    slot: context.targetSlot,
    image: imageOf(state.offer),
    stored,
  };
  return { state: { ...state, stored }, effects: [{ do: "store", checkpoint }] };
}

export function inWaiting(state: In<"waiting">, event: Event, context: Context): Step {
  switch (event.type) {
    case "online":
      return reportVersion(state);
    case "offer-received": {
      const timer = timerOf(state);
      if (state.for === "fresh-url" && isSame(state.offer, event.offer)) {
        return resume({ ...state, offer: event.offer, urlRenewed: true }, [{ do: "stop-timer", timer }]);
      }
      return offeredWhileBusy(state, event.offer, context, [{ do: "stop-timer", timer }]);
    }
    case "version-acknowledged":
      // The wait for a fresh URL begins once the platform was asked for it: offline it does not run out.
      if (state.for !== "fresh-url") return stay(state);
      return { state, effects: [startTimer("fresh-url", state.tries, 0)] };
    case "timer-fired":
      return waited(state, event.timer, context);
    case "declined":
      return declined(state, event.failure, context, [{ do: "stop-timer", timer: timerOf(state) }]);
    case "paused":
      return paused(state, { do: "stop-timer", timer: timerOf(state) });
    case "resumed":
      return state.for === "resumption" ? resume(state, []) : stay(state);
    case "store-failed":
      return fail(state.offer, event.failure, undefined, context, [{ do: "stop-timer", timer: "pause" }]);
    default:
      return ignore<
        DownloadEvent | VerificationEvent | InstallationEvent | TrialEvent | "result-acknowledged" | "cleared"
      >(state, event);
  }
}

function timerOf(state: In<"waiting">): TimerName {
  return state.for === "pause" ? "pause" : "fresh-url";
}

export function inVerifying(state: In<"verifying">, event: Event, context: Context): Step {
  switch (event.type) {
    case "online":
      return reportVersion(state);
    case "offer-received":
      return offeredWhileBusy(state, event.offer, context, [{ do: "stop-verify" }]);
    case "verified":
      return event.matches
        ? verified(state.offer, event.image ?? imageOf(state.offer), context)
        : mismatched(state, context);
    case "declined":
      return declined(state, event.failure, context, [{ do: "stop-verify" }]);
    case "verify-failed":
      return fail(state.offer, event.failure, undefined, context, []);
    default:
      return ignore<
        | DownloadEvent
        | InstallationEvent
        | TrialEvent
        | AcknowledgementEvent
        | RestEvent
        | "store-failed"
        | "timer-fired"
        | "cleared"
      >(state, event);
  }
}

export function inReady(state: In<"ready">, event: Event, context: Context): Step {
  switch (event.type) {
    case "online":
      return reportVersion(state);
    case "offer-received":
      return offeredWhileBusy(state, event.offer, context, [{ do: "withdraw" }]);
    case "cleared":
      return event.step === "install" ? apply(state.offer, state.image, context) : stay(state);
    case "declined":
      return declined(state, event.failure, context, []);
    case "store-failed":
      return fail(state.offer, event.failure, undefined, context, [{ do: "withdraw" }]);
    default:
      return ignore<
        | DownloadEvent
        | VerificationEvent
        | InstallationEvent
        | TrialEvent
        | AcknowledgementEvent
        | RestEvent
        | "timer-fired"
      >(state, event);
  }
}
