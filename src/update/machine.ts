import { inDownloading, inOffered, inReady, inVerifying, inWaiting } from "./fetching.js";
import { accept, fail, ignore, installed, isSame, queueing, reported, stay, unreachable } from "./job.js";
import { restore } from "./restore.js";
import type { Context, Effect, Event, In, Kept, State, Step } from "./types.js";

/**
 * The whole life of an update, pure: same state, event and context, same step. Whatever must survive a power cut is in the
 * state, and every `store` effect comes before the effects that rely on it.
 */
export function transition(state: State, event: Event, context: Context): Step {
  switch (state.name) {
    case "idle":
      return inIdle(state, event, context);
    case "offered":
      return inOffered(state, event, context);
    case "downloading":
      return inDownloading(state, event, context);
    case "waiting":
      return inWaiting(state, event, context);
    case "verifying":
      return inVerifying(state, event, context);
    case "ready":
      return inReady(state, event, context);
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
    default:
      return ignore<
        | "version-acknowledged"
        | "download-started"
        | "resume-point-found"
        | "region-erased"
        | "block-written"
        | "download-completed"
        | "download-failed"
        | "verified"
        | "verify-failed"
        | "burning-acknowledged"
        | "applied"
        | "apply-failed"
        | "confirmed"
        | "confirm-failed"
        | "revert-failed"
        | "result-acknowledged"
        | "store-failed"
        | "timer-fired"
        | "cleared"
        | "declined"
      >(state, event);
  }
}

function inApplying(state: In<"applying">, event: Event, context: Context): Step {
  switch (event.type) {
    case "online":
      return { state, effects: [{ do: "report-version" }, { do: "report-burning", version: state.image.version }] };
    case "offer-received":
      // A repetition of the offer that is being applied.
      if (isSame(state.image, event.offer)) return stay(state);
      return { state: { ...state, queued: event.offer }, effects: [] };
    case "burning-acknowledged":
      return announced(state, [{ do: "stop-timer", timer: "announcement" }]);
    case "timer-fired":
      return event.timer === "announcement" ? announced(state, []) : stay(state);
    case "applied":
      if (context.target === "slot") return { state, effects: [{ do: "restart" }] };
      return queueing(state.queued, installed(state.image, context));
    case "apply-failed": {
      const kept: Kept | undefined = context.target === "slot" ? undefined : { image: state.image, whole: true };
      return queueing(state.queued, fail(state.image, event.failure, kept, context, []));
    }
    case "store-failed":
      return queueing(state.queued, fail(state.image, event.failure, undefined, context, [{ do: "stop-timer", timer: "announcement" }]));
    default:
      return ignore<
        | "version-acknowledged"
        | "download-started"
        | "resume-point-found"
        | "region-erased"
        | "block-written"
        | "download-completed"
        | "download-failed"
        | "verified"
        | "verify-failed"
        | "confirmed"
        | "confirm-failed"
        | "revert-failed"
        | "result-acknowledged"
        | "cleared"
        | "declined"
      >(state, event);
  }
}

/** A repeated announcement, after a reconnect, applies nothing twice. */
function announced(state: In<"applying">, first: readonly Effect[]): Step {
  if (state.begun) return stay(state);
  return { state: { ...state, begun: true }, effects: [...first, { do: "apply", image: state.image }] };
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
    default:
      return ignore<
        | "offer-received"
        | "version-acknowledged"
        | "download-started"
        | "resume-point-found"
        | "region-erased"
        | "block-written"
        | "download-completed"
        | "download-failed"
        | "verified"
        | "verify-failed"
        | "burning-acknowledged"
        | "applied"
        | "apply-failed"
        | "confirm-failed"
        | "revert-failed"
        | "result-acknowledged"
        | "store-failed"
        | "cleared"
        | "declined"
      >(state, event);
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
    default:
      return ignore<
        | "version-acknowledged"
        | "download-started"
        | "resume-point-found"
        | "region-erased"
        | "block-written"
        | "download-completed"
        | "download-failed"
        | "verified"
        | "verify-failed"
        | "burning-acknowledged"
        | "applied"
        | "apply-failed"
        | "confirmed"
        | "confirm-failed"
        | "revert-failed"
        | "store-failed"
        | "timer-fired"
        | "cleared"
        | "declined"
      >(state, event);
  }
}
