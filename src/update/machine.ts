import {
  accept,
  apply,
  downloading,
  fail,
  imageOf,
  isSame,
  mismatched,
  offeredWhileBusy,
  queueing,
  reported,
  resume,
  startTimer,
  stay,
  tryFailed,
  waited,
} from "./job.js";
import { restore } from "./restore.js";
import type { Checkpoint, Context, Event, In, State, Step, Stored, TimerName } from "./types.js";

/**
 * The whole life of an update, pure: same state, event and context, same step. Whatever must survive a power cut is in the
 * state, and every `store` effect comes before the effects that rely on it.
 */
export function transition(state: State, event: Event, context: Context): Step {
  switch (state.name) {
    case "idle":
      return inIdle(state, event, context);
    case "downloading":
      return inDownloading(state, event, context);
    case "waiting":
      return inWaiting(state, event, context);
    case "verifying":
      return inVerifying(state, event, context);
    case "applying":
      return inApplying(state, event, context);
    case "confirming":
      return inConfirming(state, event, context);
    case "reporting":
      return inReporting(state, event, context);
    default:
      return unreachable(state);
  }
}

function inIdle(state: In<"idle">, event: Event, context: Context): Step {
  switch (event.type) {
    case "online":
      return { state: { ...state, answered: false }, effects: [{ do: "report-version" }] };
    case "offer-received":
      if (event.offer.version !== context.runningVersion) return accept(event.offer, state.kept, context);
      // Once for each connection: a platform that offers what runs, again and again, is not to be kept busy.
      return state.answered ? stay(state) : { state: { ...state, answered: true }, effects: [{ do: "report-version" }] };
    case "version-acknowledged":
    case "download-started":
    case "resume-point-found":
    case "region-erased":
    case "block-written":
    case "download-completed":
    case "download-failed":
    case "verified":
    case "verify-failed":
    case "burning-acknowledged":
    case "switched":
    case "switch-failed":
    case "confirmed":
    case "confirm-failed":
    case "revert-failed":
    case "result-acknowledged":
    case "store-failed":
    case "timer-fired":
      return stay(state);
    default:
      return unreachable(event);
  }
}

function inDownloading(state: In<"downloading">, event: Event, context: Context): Step {
  switch (event.type) {
    case "online":
      return { state, effects: [{ do: "report-version" }] };
    case "offer-received":
      return offeredWhileBusy(state, event.offer, context, [{ do: "stop-download" }]);
    case "download-started": {
      // A server that leaves the validator out of a 206 has not taken it back.
      const etag = event.etag ?? (event.offset > 0 ? state.stored.etag : undefined);
      return {
        state: { ...state, stored: { ...state.stored, etag, spliced: event.offset > 0 } },
        effects: [downloading(state.offer, event.offset, event.offset === 0 && state.tries === 0)],
      };
    }
    // The intention is stored before the erase, so that a cut inside it cannot make torn blocks look whole.
    case "resume-point-found":
      return stores(state, { ...state.stored, regionOffset: event.offset, erasing: true }, context);
    case "region-erased":
      return stores(state, { ...state.stored, regionOffset: event.offset, erasing: false, written: event.offset }, context);
    case "block-written": {
      const next: State = { ...state, stored: { ...state.stored, written: event.offset }, tries: -1, renewed: false };
      // 100 is said once, when all is in flash.
      return { state: next, effects: event.offset >= state.offer.size ? [] : [downloading(state.offer, event.offset, false)] };
    }
    case "download-completed":
      return {
        state: { name: "verifying", offer: state.offer, stored: state.stored },
        effects: [downloading(state.offer, state.offer.size, true), { do: "verify", image: imageOf(state.offer) }],
      };
    case "download-failed":
      return tryFailed(state, event.failure, context);
    case "store-failed":
      return fail(state.offer, event.failure, undefined, context, [{ do: "stop-download" }]);
    case "version-acknowledged":
    case "verified":
    case "verify-failed":
    case "burning-acknowledged":
    case "switched":
    case "switch-failed":
    case "confirmed":
    case "confirm-failed":
    case "revert-failed":
    case "result-acknowledged":
    case "timer-fired":
      return stay(state);
    default:
      return unreachable(event);
  }
}

function stores(state: In<"downloading">, stored: Stored, context: Context): Step {
  const checkpoint: Checkpoint = { phase: "downloading", slot: context.targetSlot, image: imageOf(state.offer), stored };
  return { state: { ...state, stored }, effects: [{ do: "store", checkpoint }] };
}

function inWaiting(state: In<"waiting">, event: Event, context: Context): Step {
  switch (event.type) {
    case "online":
      return { state, effects: [{ do: "report-version" }] };
    case "offer-received": {
      const timer: TimerName = state.for === "pause" ? "pause" : "fresh-url";
      if (state.for === "fresh-url" && isSame(state.offer, event.offer)) {
        return resume({ ...state, offer: event.offer, renewed: true }, [{ do: "stop-timer", timer }]);
      }
      return offeredWhileBusy(state, event.offer, context, [{ do: "stop-timer", timer }]);
    }
    case "version-acknowledged":
      // The wait for a fresh URL begins once the platform was asked for it: offline it does not run out.
      if (state.for === "pause") return stay(state);
      return { state, effects: [startTimer("fresh-url", state.tries, 0)] };
    case "timer-fired":
      return waited(state, event.timer, context);
    case "store-failed":
      return fail(state.offer, event.failure, undefined, context, [{ do: "stop-timer", timer: "pause" }]);
    case "download-started":
    case "resume-point-found":
    case "region-erased":
    case "block-written":
    case "download-completed":
    case "download-failed":
    case "verified":
    case "verify-failed":
    case "burning-acknowledged":
    case "switched":
    case "switch-failed":
    case "confirmed":
    case "confirm-failed":
    case "revert-failed":
    case "result-acknowledged":
      return stay(state);
    default:
      return unreachable(event);
  }
}

function inVerifying(state: In<"verifying">, event: Event, context: Context): Step {
  switch (event.type) {
    case "online":
      return { state, effects: [{ do: "report-version" }] };
    case "offer-received":
      return offeredWhileBusy(state, event.offer, context, [{ do: "stop-verify" }]);
    case "verified":
      return event.matches ? apply(state.offer, context) : mismatched(state, context);
    case "verify-failed":
      return fail(state.offer, event.failure, undefined, context, []);
    case "version-acknowledged":
    case "download-started":
    case "resume-point-found":
    case "region-erased":
    case "block-written":
    case "download-completed":
    case "download-failed":
    case "burning-acknowledged":
    case "switched":
    case "switch-failed":
    case "confirmed":
    case "confirm-failed":
    case "revert-failed":
    case "result-acknowledged":
    case "store-failed":
    case "timer-fired":
      return stay(state);
    default:
      return unreachable(event);
  }
}

function inApplying(state: In<"applying">, event: Event, context: Context): Step {
  switch (event.type) {
    case "online":
      return { state, effects: [{ do: "report-version" }, { do: "report-burning", version: state.image.version }] };
    case "offer-received":
      return { state: { ...state, queued: event.offer }, effects: [] };
    case "burning-acknowledged":
      return { state, effects: [{ do: "stop-timer", timer: "announcement" }, { do: "set-pending" }] };
    case "timer-fired":
      return event.timer === "announcement" ? { state, effects: [{ do: "set-pending" }] } : stay(state);
    case "switched":
      return { state, effects: [{ do: "restart" }] };
    case "switch-failed":
      return queueing(state.queued, fail(state.image, event.failure, undefined, context, []));
    case "store-failed":
      return queueing(state.queued, fail(state.image, event.failure, undefined, context, [{ do: "stop-timer", timer: "announcement" }]));
    case "version-acknowledged":
    case "download-started":
    case "resume-point-found":
    case "region-erased":
    case "block-written":
    case "download-completed":
    case "download-failed":
    case "verified":
    case "verify-failed":
    case "confirmed":
    case "confirm-failed":
    case "revert-failed":
    case "result-acknowledged":
      return stay(state);
    default:
      return unreachable(event);
  }
}

function inConfirming(state: In<"confirming">, event: Event, context: Context): Step {
  switch (event.type) {
    case "online":
      return { state, effects: [{ do: "confirm" }] };
    case "confirmed": {
      const restored = restore(state.checkpoint, { ...state.boot, runningState: "valid" });
      const next = transition(restored.state, { type: "online" }, context);
      return {
        state: next.state,
        effects: [{ do: "stop-timer", timer: "trial" }, ...restored.effects, ...next.effects],
      };
    }
    case "timer-fired":
      return event.timer === "trial" ? { state, effects: [{ do: "revert" }] } : stay(state);
    // Accepts no offer: the version report that follows the confirmation brings it again.
    case "offer-received":
    case "version-acknowledged":
    case "download-started":
    case "resume-point-found":
    case "region-erased":
    case "block-written":
    case "download-completed":
    case "download-failed":
    case "verified":
    case "verify-failed":
    case "burning-acknowledged":
    case "switched":
    case "switch-failed":
    case "confirm-failed":
    case "revert-failed":
    case "result-acknowledged":
    case "store-failed":
      return stay(state);
    default:
      return unreachable(event);
  }
}

function inReporting(state: In<"reporting">, event: Event, context: Context): Step {
  switch (event.type) {
    case "online":
      return {
        state: { ...state, owesVersion: true },
        effects: [{ do: "report-result", version: state.image.version, result: state.result }],
      };
    case "offer-received":
      // Sent before the platform had the result: a retry of the same image comes after it.
      if (isSame(state.image, event.offer)) return stay(state);
      return { state: { ...state, queued: event.offer }, effects: [] };
    case "result-acknowledged":
      return reported(state, context);
    case "version-acknowledged":
    case "download-started":
    case "resume-point-found":
    case "region-erased":
    case "block-written":
    case "download-completed":
    case "download-failed":
    case "verified":
    case "verify-failed":
    case "burning-acknowledged":
    case "switched":
    case "switch-failed":
    case "confirmed":
    case "confirm-failed":
    case "revert-failed":
    case "store-failed":
    case "timer-fired":
      return stay(state);
    default:
      return unreachable(event);
  }
}

function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
