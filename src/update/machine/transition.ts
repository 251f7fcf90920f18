import { inDownloading, inOffered, inReady, inVerifying, inWaiting } from "./obtaining.js";
import {
  accept,
  fail,
  ignore,
  installed,
  isSame,
  queueing,
  reported,
  reportVersion,
  startTimer,
  stay,
  unreachable,
} from "./moves.js";
import { restore } from "./restore.js";
import type { Offer } from "../../protocol/messages.js";
import type {
  AcknowledgementEvent,
  ClearanceEvent,
  Context,
  DownloadEvent,
  Effect,
  Event,
  In,
  InstallationEvent,
  RestEvent,
  State,
  Step,
  TrialEvent,
  VerificationEvent,
} from "./types.js";

/**
 * The whole life of an update, pure: same state, event and context, same step. Whatever must survive a power cut is in
 * the state, and every `store` effect comes before the effects that rely on it.
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
      return reportVersion({ ...state, answered: false });
    case "offer-received":
      if (event.offer.version !== context.runningVersion) return accept(event.offer, state.kept, context);
      // Once for each connection, even if a platform offers the running version again and again.
      return state.answered ? stay(state) : reportVersion({ ...state, answered: true });
    case "store-failed":
      // Each boot would send a settled result again. A record can be deleted even if the store has no room for another
      // one.
      return state.kept === undefined
        ? stay(state)
        : { state: { ...state, kept: undefined }, effects: [{ do: "clear" }] };
    default:
      return ignore<
        | DownloadEvent
        | VerificationEvent
        | InstallationEvent
        | TrialEvent
        | AcknowledgementEvent
        | ClearanceEvent
        | RestEvent
        | "timer-fired"
      >(state, event);
  }
}

function inApplying(state: In<"applying">, event: Event, context: Context): Step {
  switch (event.type) {
    case "online":
      return { state, effects: [{ do: "report-version" }, { do: "report-burning", version: state.image.version }] };
    case "offer-received":
      // A repetition of the offer that is being applied.
      if (isSame(state.offered, event.offer)) return stay(state);
      return { state: { ...state, queued: event.offer }, effects: [] };
    case "burning-acknowledged":
      return announced(state, [{ do: "stop-timer", timer: "announcement" }]);
    case "timer-fired":
      return event.timer === "announcement" ? announced(state, []) : stay(state);
    case "applied":
      if (context.target === "slot") return { state, effects: [{ do: "restart" }] };
      return queueing(state.queued, installed(state, context));
    case "apply-failed":
      return queueing(
        state.queued,
        fail(state.offered, event.failure, { image: state.image, whole: true }, context, []),
      );
    case "store-failed":
      return queueing(
        state.queued,
        fail(state.offered, event.failure, undefined, context, [{ do: "stop-timer", timer: "announcement" }]),
      );
    default:
      return ignore<DownloadEvent | VerificationEvent | TrialEvent | AcknowledgementEvent | ClearanceEvent | RestEvent>(
        state,
        event,
      );
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
      if (!context.proves) return { state, effects: [{ do: "confirm" }] };
      if (state.selfTest === "running") return stay(state);
      return { state: { ...state, selfTest: "running" }, effects: [startTimer("self-test", 1, 0), { do: "prove" }] };
    case "proven":
      if (state.selfTest !== "running") return stay(state);
      return { state: { ...state, selfTest: "awaited" }, effects: [STOP_SELF_TEST, { do: "confirm" }] };
    case "unproven":
      return state.selfTest === "running" ? unproven(state, event.failure.message) : stay(state);
    case "confirmed": {
      const restored = restore(state.checkpoint, { ...state.boot, runningState: "valid" });
      const next = transition(restored.state, { type: "online" }, context);
      return {
        state: next.state,
        effects: [{ do: "stop-timer", timer: "trial" }, ...restored.effects, ...next.effects],
      };
    }
    case "timer-fired":
      if (event.timer !== "trial" && event.timer !== "self-test") return stay(state);
      if (state.selfTest === "running") return unproven(state, "self test: no end in time");
      return event.timer === "trial" ? { state, effects: [{ do: "revert" }] } : stay(state);
    // No other image can boot: it stays on trial, and the record must not hold a reason to revert.
    case "revert-failed": {
      const { checkpoint, selfTest } = state;
      const told = selfTest === "failed" && checkpoint !== undefined;
      const putBack: Effect[] = told ? [{ do: "store", checkpoint }] : [];
      return { state: { ...state, selfTest: "awaited" }, effects: [...putBack, startTimer("trial", 1, 0)] };
    }
    // Accepts no offer: the version report that follows the confirmation brings it again.
    default:
      return ignore<
        | DownloadEvent
        | VerificationEvent
        | InstallationEvent
        | AcknowledgementEvent
        | ClearanceEvent
        | RestEvent
        | "offer-received"
        | "confirm-failed"
        | "store-failed"
      >(state, event);
  }
}

const STOP_SELF_TEST: Effect = Object.freeze({ do: "stop-timer", timer: "self-test" });

/** The firmware that boots next finds the reason in the record. */
function unproven(state: In<"confirming">, reason: string): Step {
  const { checkpoint } = state;
  const told: Effect[] =
    checkpoint?.phase === "applying" ? [{ do: "store", checkpoint: { ...checkpoint, reason } }] : [];
  return { state: { ...state, selfTest: "failed" }, effects: [STOP_SELF_TEST, ...told, { do: "revert" }] };
}

/**
 * Whether an offer may be the package that has made the image: after a restart nobody knows. If it is another one, it
 * comes again with the version report that follows.
 */
function isMadeBy({ version }: Offer, { image, owesVersion }: In<"reporting">, context: Context): boolean {
  const { unpacks, runningVersion } = context;
  return unpacks === true && owesVersion && runningVersion !== undefined && version === image.version;
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
      if (isSame(state.image, event.offer) || isMadeBy(event.offer, state, context)) return stay(state);
      return { state: { ...state, queued: event.offer }, effects: [] };
    case "result-acknowledged":
      return reported(state, context);
    default:
      return ignore<
        | DownloadEvent
        | VerificationEvent
        | InstallationEvent
        | TrialEvent
        | ClearanceEvent
        | RestEvent
        | "version-acknowledged"
        | "store-failed"
        | "timer-fired"
      >(state, event);
  }
}
