import { inAsked, inBurning, inDownloading, inOffered, inTrial } from "./task-in-flight.js";
import {
  cancel,
  goesOn,
  ignore,
  isBack,
  nextAttempt,
  offer,
  refuse,
  succeed,
  supersede,
  take,
  waitAnew,
} from "./task-moves.js";
import type {
  CourseEvent,
  DeviceEvent,
  In,
  PlanCommandEvent,
  ReportEvent,
  TaskContext,
  TaskEvent,
  TaskState,
  TaskStep,
} from "./task-types.js";

/** A task as matching makes it. */
export const NEW_TASK: TaskState = Object.freeze({
  name: "waiting",
  attempt: 0,
  cause: "new",
  notBeforeMs: 0,
  detail: "",
});

/**
 * The whole life of a task, pure: same state, event and context, same step. The driver stores the state and the
 * records in one transaction, and runs the other effects after it.
 */
export function transition(state: TaskState, event: TaskEvent, context: TaskContext): TaskStep {
  switch (state.name) {
    case "waiting":
      return inWaiting(state, event, context);
    case "offered":
      return inOffered(state, event, context);
    case "asked":
      return inAsked(state, event, context);
    case "downloading":
      return inDownloading(state, event, context);
    case "burning":
      return inBurning(state, event, context);
    case "trial":
      return inTrial(state, event, context);
    case "succeeded":
      return inSucceeded(state, event);
    case "failed":
    case "silent":
    case "declined":
    case "cancelled":
      return inEnded(state, event, context);
    case "superseded":
      return inSuperseded(state, event);
    default:
      return unreachable(state);
  }
}

function inWaiting(state: In<"waiting">, event: TaskEvent, context: TaskContext): TaskStep {
  switch (event.type) {
    case "turn-came":
      if (context.plan !== "active") return ignore(state, event, "plan-not-active");
      if (context.nowMs < state.notBeforeMs) return ignore(state, event, "too-early");
      if (context.otherInFlight) return ignore(state, event, "other-plan");
      return offer(nextAttempt(state), context);
    case "version-reported":
      if (event.version === context.targetVersion) {
        return succeed(state, state.attempt === 0 ? "already-there" : "version-reported", context);
      }
      if (context.judgedBy === "done" || event.byPlan || event.previous === "" || event.version === event.previous) {
        if (isBack(state, context)) return take({ ...state, notBeforeMs: 0 }, [{ do: "wake", atMs: 0 }]);
        return ignore(state, event, "other-version");
      }
      return cancel(state, "moved-by-hand", event.version);
    case "ask-reported":
    case "decline-reported":
    case "refusal-reported":
    case "defer-reported":
    case "download-reported":
    case "burn-reported":
    case "done-reported":
    case "fail-reported":
      return report(state, event, context);
    case "match-lost":
      if (event.reason === "runs-target") return succeed(state, "already-there", context);
      return cancel(state, "no-match", event.reason);
    case "earlier-component-failed":
      return cancel(state, "earlier-component");
    case "replaced":
      return supersede(state, event.byPlan);
    case "moved-by-hand":
      return cancel(state, "moved-by-hand");
    case "device-removed":
      return cancel(state, "device-removed");
    case "plan-cancelled":
      return cancel(state, "plan-cancelled");
    case "plan-stopped":
      return cancel(state, "plan-stopped");
    case "cancel-commanded":
      return cancel(state, "by-operator");
    case "retry-commanded":
      if (!goesOn(context)) return refuse(state, "plan-is-over");
      if (state.notBeforeMs === 0) return ignore(state, event, "not-changed");
      return waitAnew(state, "retry-commanded", false);
    default:
      return ignore<
        | "restart-seen"
        | "offer-failed"
        | "deadline-passed"
        | "earlier-component-succeeded"
        | "plan-resumed"
        | "plan-retried"
      >(state, event, "no-try-runs");
  }
}

/** A device that fell silent, deferred, or did not get its offer for sure, may do the update all the same. */
function report(state: In<"waiting">, event: ReportEvent, context: TaskContext): TaskStep {
  const mayRun = state.cause === "after-silence" || state.cause === "deferred" || state.cause === "not-delivered";
  if (!mayRun) return ignore(state, event, "no-try-runs");
  if (context.otherInFlight) return ignore(state, event, "other-plan");
  // What it does by itself is one of its tries, so that silences come to an end.
  return inOffered({ name: "offered", attempt: nextAttempt(state), deadlineMs: context.nowMs }, event, context);
}

/** The device did the update. What becomes of it later is not this task's: nothing is sent to and fro. */
function inSucceeded(state: In<"succeeded">, event: TaskEvent): TaskStep {
  switch (event.type) {
    case "retry-commanded":
      return refuse(state, "succeeded");
    case "cancel-commanded":
      return refuse(state, "ended");
    default:
      return ignore<ReportEvent["type"] | DeviceEvent["type"] | CourseEvent["type"] | PlanCommandEvent["type"]>(
        state,
        event,
        "ended",
      );
  }
}

type Ended = In<"failed"> | In<"silent"> | In<"declined"> | In<"cancelled">;

/** An end without success: a later truth changes it, a command or the plan takes it up again. */
function inEnded(state: Ended, event: TaskEvent, context: TaskContext): TaskStep {
  switch (event.type) {
    case "done-reported":
      if (context.judgedBy === "version" || state.attempt === 0) return ignore(state, event, "ended");
      return succeed(state, "late", context);
    case "version-reported":
      if (state.attempt === 0 || event.byPlan) return ignore(state, event, "ended");
      if (event.version !== context.targetVersion) return ignore(state, event, "other-version");
      return succeed(state, "late", context);
    case "plan-resumed":
      return takesUp(state, "plan-stopped") && goesOn(context) && !context.earlierFailed
        ? waitAnew(state, "plan-resumed", true)
        : ignore(state, event, "nothing-to-take-up");
    case "earlier-component-succeeded":
      return takesUp(state, "earlier-component") && goesOn(context)
        ? waitAnew(state, "new", true)
        : ignore(state, event, "nothing-to-take-up");
    case "plan-retried":
      return (state.name === "failed" || state.name === "silent") && goesOn(context)
        ? waitAnew(state, "retry-commanded", true)
        : ignore(state, event, "nothing-to-take-up");
    case "retry-commanded":
      if (takesUp(state, "device-removed")) return refuse(state, "device-removed");
      if (!goesOn(context)) return refuse(state, "plan-is-over");
      if (context.earlierFailed) return refuse(state, "earlier-component");
      return waitAnew(state, "retry-commanded", true);
    case "cancel-commanded":
      return refuse(state, "ended");
    default:
      return ignore<
        | Exclude<ReportEvent["type"], "done-reported">
        | Exclude<DeviceEvent["type"], "version-reported">
        | Exclude<CourseEvent["type"], "earlier-component-succeeded">
        | "plan-cancelled"
        | "plan-stopped"
      >(state, event, "ended");
  }
}

function takesUp(state: Ended, reason: In<"cancelled">["reason"]): boolean {
  return state.name === "cancelled" && state.reason === reason;
}

/** The device is another plan's. What it reports is about that one. */
function inSuperseded(state: In<"superseded">, event: TaskEvent): TaskStep {
  switch (event.type) {
    case "retry-commanded":
      return refuse(state, "superseded");
    case "cancel-commanded":
      return refuse(state, "ended");
    default:
      return ignore<ReportEvent["type"] | DeviceEvent["type"] | CourseEvent["type"] | PlanCommandEvent["type"]>(
        state,
        event,
        "ended",
      );
  }
}

export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
