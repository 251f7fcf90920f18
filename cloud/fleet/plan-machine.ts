import { judgeHalt, seenOf } from "./halt.js";
import type {
  HaltReason,
  PlanAnswer,
  PlanContext,
  PlanEffect,
  PlanEvent,
  PlanState,
  PlanStep,
  ResultCounts,
  Seen,
} from "./plan-types.js";

type In<Name extends PlanState["name"]> = Extract<PlanState, { readonly name: Name }>;
type Refusal = Extract<PlanAnswer, { kind: "refused" }>["because"];

const TAKEN = Object.freeze({ kind: "taken" });
const NOTHING_SEEN: Seen = Object.freeze({ ended: 0, bad: 0 });

/** The whole life of a plan, pure: same state, event and context, same step. */
export function transition(state: PlanState, event: PlanEvent, context: PlanContext): PlanStep {
  switch (state.name) {
    case "draft":
      return inDraft(state, event);
    case "active":
      return inActive(state, event, context);
    case "paused":
      return inPaused(state, event, context);
    case "halted":
      return inHalted(state, event);
    case "finished":
      return inFinished(state, event);
    case "cancelled":
      return inCancelled(state, event);
    default:
      return unreachable(state);
  }
}

function inDraft(state: In<"draft">, event: PlanEvent): PlanStep {
  switch (event.type) {
    case "edit-commanded":
      return take(state, [record("edited")]);
    case "activation-commanded":
      if (event.problems.length > 0) return refuse(state, "cannot-be-activated");
      return take({ name: "active", seen: NOTHING_SEEN }, [
        record("activated"),
        { do: "create-tasks" },
        { do: "count" },
        { do: "push" },
      ]);
    case "deletion-commanded":
      return take(state, [{ do: "delete" }, record("deleted")]);
    case "pause-commanded":
    case "resume-commanded":
    case "cancel-commanded":
    case "stop-commanded":
    case "retry-commanded":
    case "reopening-commanded":
      return refuse(state, "draft");
    case "results-counted":
    case "package-withdrawn":
      return ignore(state, "not-active");
    default:
      return unreachable(event);
  }
}

function inActive(state: In<"active">, event: PlanEvent, context: PlanContext): PlanStep {
  switch (event.type) {
    case "pause-commanded":
      return take({ ...state, name: "paused" }, [record("paused")]);
    case "results-counted":
      return judge(state, event.counts, context);
    case "resume-commanded":
    case "activation-commanded":
      return refuse(state, "active-already");
    case "retry-commanded":
      return take(state, [record("retried"), tell("plan-retried"), { do: "push" }]);
    case "reopening-commanded":
      return ignore(state, "open");
    case "cancel-commanded":
      return cancel(event.reason);
    case "stop-commanded":
      return stop(state, event.reason);
    case "package-withdrawn":
      return halt(state, "package-withdrawn", event.packageId);
    case "edit-commanded":
    case "deletion-commanded":
      return refuse(state, "not-a-draft");
    default:
      return unreachable(event);
  }
}

/** What runs goes on: nothing new begins. */
function inPaused(state: In<"paused">, event: PlanEvent, context: PlanContext): PlanStep {
  switch (event.type) {
    case "resume-commanded":
      return take({ ...state, name: "active" }, [record("resumed"), { do: "count" }, { do: "push" }]);
    case "results-counted":
      return judge(state, event.counts, context);
    case "pause-commanded":
      return refuse(state, "paused-already");
    case "retry-commanded":
      return take(state, [record("retried"), tell("plan-retried")]);
    case "reopening-commanded":
      return ignore(state, "open");
    case "cancel-commanded":
      return cancel(event.reason);
    case "stop-commanded":
      return stop(state, event.reason);
    case "package-withdrawn":
      return halt(state, "package-withdrawn", event.packageId);
    case "activation-commanded":
    case "edit-commanded":
    case "deletion-commanded":
      return refuse(state, "not-a-draft");
    default:
      return unreachable(event);
  }
}

/** An operator decides how it goes on. A withdrawn package comes back into no plan. */
function inHalted(state: In<"halted">, event: PlanEvent): PlanStep {
  switch (event.type) {
    case "resume-commanded": {
      if (state.reason === "package-withdrawn") return refuse(state, "package-withdrawn");
      const takeUp = state.reason === "stopped" ? [tell("plan-resumed")] : [];
      const effects: PlanEffect[] = [record("resumed"), ...takeUp, { do: "count" }, { do: "push" }];
      return take({ name: "active", seen: state.seen }, effects);
    }
    case "results-counted": {
      const seen = seenOf(event.counts);
      if (seen.ended === state.seen.ended && seen.bad === state.seen.bad) return ignore(state, "halted-already");
      // Whoever resumes has seen these, too.
      return take({ ...state, seen }, []);
    }
    case "pause-commanded":
      return refuse(state, "halted");
    case "retry-commanded":
      if (state.reason === "package-withdrawn") return refuse(state, "package-withdrawn");
      return take(state, [record("retried"), tell("plan-retried")]);
    case "reopening-commanded":
      return state.reason === "package-withdrawn" ? refuse(state, "package-withdrawn") : ignore(state, "open");
    case "cancel-commanded":
      return cancel(event.reason);
    case "stop-commanded":
      return state.reason === "stopped" ? refuse(state, "stopped-already") : stop(state, event.reason);
    case "package-withdrawn":
      if (state.reason === "package-withdrawn") return ignore(state, "halted-already");
      return halt(state, "package-withdrawn", event.packageId);
    case "activation-commanded":
    case "edit-commanded":
    case "deletion-commanded":
      return refuse(state, "not-a-draft");
    default:
      return unreachable(event);
  }
}

function inFinished(state: In<"finished">, event: PlanEvent): PlanStep {
  switch (event.type) {
    case "retry-commanded":
      return take({ name: "active", seen: state.seen }, [
        record("retried"),
        tell("plan-retried"),
        { do: "count" },
        { do: "push" },
      ]);
    case "reopening-commanded":
      return take({ name: "active", seen: state.seen }, [record("reopened"), { do: "push" }]);
    case "results-counted":
    case "package-withdrawn":
      return ignore(state, "ended");
    case "pause-commanded":
    case "resume-commanded":
    case "cancel-commanded":
    case "stop-commanded":
      return refuse(state, "finished");
    case "activation-commanded":
    case "edit-commanded":
    case "deletion-commanded":
      return refuse(state, "not-a-draft");
    default:
      return unreachable(event);
  }
}

function inCancelled(state: In<"cancelled">, event: PlanEvent): PlanStep {
  switch (event.type) {
    case "stop-commanded":
      // A cancelled plan lets downloads run to their end: the emergency ends them too.
      return take(state, [record("stopped", event.reason), { do: "revoke-urls" }, tell("plan-stopped")]);
    case "results-counted":
    case "package-withdrawn":
      return ignore(state, "ended");
    case "pause-commanded":
    case "resume-commanded":
    case "cancel-commanded":
    case "retry-commanded":
    case "reopening-commanded":
      return refuse(state, "cancelled");
    case "activation-commanded":
    case "edit-commanded":
    case "deletion-commanded":
      return refuse(state, "not-a-draft");
    default:
      return unreachable(event);
  }
}

/** Halts a plan whose threshold is reached, and ends one that has nothing to do any more. A dynamic plan goes on. */
function judge(state: In<"active"> | In<"paused">, counts: ResultCounts, context: PlanContext): PlanStep {
  const { ended, bad, isReached } = judgeHalt(context.halt, counts, state.seen);
  // A plan whose last tasks failed together is halted too, whatever the order in which they were counted.
  if (isReached) {
    const detail = `${bad} of ${ended} failed or are silent`;
    return take({ name: "halted", reason: "threshold", detail, seen: seenOf(counts) }, [record("halted", detail)]);
  }
  if (counts.open === 0 && !context.dynamic)
    return take({ name: "finished", seen: seenOf(counts) }, [record("finished")]);
  const seen = stillSeen(state.seen, seenOf(counts));
  return seen === state.seen ? ignore(state, "nothing-reached") : take({ ...state, seen }, []);
}

/** What was seen and is tried again, or was removed, is not ended any more: if it fails once more, that counts. */
function stillSeen(seen: Seen, now: Seen): Seen {
  if (now.ended >= seen.ended && now.bad >= seen.bad) return seen;
  return { ended: Math.min(seen.ended, now.ended), bad: Math.min(seen.bad, now.bad) };
}

function halt({ seen }: { readonly seen: Seen }, reason: HaltReason, detail: string): PlanStep {
  return take({ name: "halted", reason, detail, seen }, [
    record("halted", `${reason} ${detail}`),
    { do: "revoke-urls" },
    { do: "count" },
  ]);
}

/** The URLs first: no task is taken back whose download would go on. */
function stop({ seen }: { readonly seen: Seen }, reason: string): PlanStep {
  return take({ name: "halted", reason: "stopped", detail: reason, seen }, [
    { do: "revoke-urls" },
    record("stopped", reason),
    tell("plan-stopped"),
    { do: "count" },
  ]);
}

function cancel(reason: string): PlanStep {
  return take({ name: "cancelled", reason }, [record("cancelled", reason), tell("plan-cancelled")]);
}

function tell(event: Extract<PlanEffect, { do: "tell-tasks" }>["event"]): PlanEffect {
  return { do: "tell-tasks", event };
}

function record(what: string, detail = ""): PlanEffect {
  return { do: "record", what, detail };
}

function take(state: PlanState, effects: readonly PlanEffect[]): PlanStep {
  return { state, effects, answer: TAKEN };
}

function ignore(state: PlanState, because: Extract<PlanAnswer, { kind: "ignored" }>["because"]): PlanStep {
  return { state, effects: [], answer: { kind: "ignored", because } };
}

function refuse(state: PlanState, because: Refusal): PlanStep {
  return { state, effects: [], answer: { kind: "refused", because } };
}

function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
