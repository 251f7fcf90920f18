import { nextTryMs } from "./retry.js";
import { isOfVariantAlone, refusalOfVariant } from "./variants.js";
import type {
  CancelReason,
  IgnoredBecause,
  In,
  InFlightName,
  RefusedBecause,
  SuccessReason,
  TaskContext,
  TaskEffect,
  TaskEvent,
  TaskState,
  TaskStep,
  WaitingCause,
} from "./task-types.js";

/** The moves that several states of a task share: how a try begins, comes back, and ends. */

const TAKEN = Object.freeze({ kind: "taken" });
const CLEAR_DEADLINE: TaskEffect = Object.freeze({ do: "clear-deadline" });
const REVOKE: TaskEffect = Object.freeze({ do: "revoke-urls" });

/** A message of a device, or a reason, is kept in a column: this much of it. */
const DETAIL_LENGTH = 256;

/** A device that was gone when it was to get its offer is not offered again at once. */
const AFTER_LOST_OFFER_MS = 10_000;

/** How long an offer to a device that may be away holds a place of the plan, if nothing of its progress is heard. */
export const UNANSWERED_MS = 120_000;

/** A device that may be away is offered again after this, or when it reports before. */
const AFTER_UNANSWERED_MS = 600_000;

/** The longest deferral that a device may wish for. */
const LONGEST_DEFERRAL_MS = 604_800_000;

export type Flying = In<InFlightName>;

export function take(state: TaskState, effects: readonly TaskEffect[]): TaskStep {
  return { state, effects, answer: TAKEN };
}

/**
 * An event that means nothing in this state. Each state names what it ignores, by groups or one by one. The compiler
 * refuses a state that forgets an event.
 */
export function ignore<Type extends TaskEvent["type"]>(
  state: TaskState,
  _: Extract<TaskEvent, { readonly type: Type }>,
  because: IgnoredBecause,
): TaskStep {
  return { state, effects: [], answer: { kind: "ignored", because } };
}

export function refuse(state: TaskState, because: RefusedBecause): TaskStep {
  return { state, effects: [], answer: { kind: "refused", because } };
}

export function record(what: string, detail = ""): TaskEffect {
  return { do: "record", what, detail: detail.slice(0, DETAIL_LENGTH) };
}

/** The plan still begins tries, now or after it is resumed. */
export function goesOn({ plan }: TaskContext): boolean {
  return plan === "active" || plan === "paused" || plan === "halted";
}

/** When a device from which nothing new is heard counts as silent. */
export function silenceAtMs({ nowMs, silentAfterSeconds }: TaskContext): number {
  return nowMs + silentAfterSeconds * 1000;
}

export function setDeadline(atMs: number): TaskEffect {
  return { do: "set-deadline", atMs };
}

/** Offers the update for the first time in a try. */
export function offer(attempt: number, context: TaskContext): TaskStep {
  const silentMs = silenceAtMs(context);
  const deadlineMs = context.isPresenceUnknown === true ? Math.min(silentMs, context.nowMs + UNANSWERED_MS) : silentMs;
  return take({ name: "offered", attempt, deadlineMs }, [
    { do: "offer" },
    setDeadline(deadlineMs),
    record("offered", `try ${attempt}`),
  ]);
}

/** The device has no try any more that could go on: the task waits. */
export function wait(
  state: { readonly attempt: number },
  cause: WaitingCause,
  notBeforeMs: number,
  detail: string,
): TaskStep {
  const waiting: TaskState = {
    name: "waiting",
    attempt: state.attempt,
    cause,
    notBeforeMs,
    detail: detail.slice(0, DETAIL_LENGTH),
  };
  return take(waiting, [CLEAR_DEADLINE, { do: "wake", atMs: notBeforeMs }, record(cause, detail)]);
}

export function notDelivered(state: In<"offered">, context: TaskContext): TaskStep {
  if (!goesOn(context)) return cancel(state, "plan-cancelled");
  return wait(state, "not-delivered", context.nowMs + AFTER_LOST_OFFER_MS, "");
}

/** Nothing was heard of a device of which nobody says if it is there: it is not silent, it may be away. */
export function notAnswered(state: In<"offered">, context: TaskContext): TaskStep {
  if (!goesOn(context)) return cancel(state, "plan-cancelled");
  return wait(state, "not-delivered", context.nowMs + AFTER_UNANSWERED_MS, "");
}

/** A device that may have been away reports: it is there, and may get its offer at once. */
export function isBack({ cause, notBeforeMs }: In<"waiting">, { isPresenceUnknown, nowMs }: TaskContext): boolean {
  return isPresenceUnknown === true && cause === "not-delivered" && notBeforeMs > nowMs;
}

/**
 * A deferral, and an offer that did not arrive, are no tries: the device has had nothing to do yet. Nor is a refused
 * delta: the try goes on with the whole file.
 */
export function nextAttempt({ cause, attempt }: In<"waiting">): number {
  return cause === "deferred" || cause === "not-delivered" || cause === "variant-refused" ? attempt : attempt + 1;
}

/** In a plan that is over there is no later. */
export function defer(state: Flying, seconds: number, context: TaskContext): TaskStep {
  if (!goesOn(context)) return cancel(state, "plan-cancelled");
  const delayMs = Math.min(LONGEST_DEFERRAL_MS, Math.max(0, seconds) * 1000);
  return wait(state, "deferred", context.nowMs + delayMs, "");
}

/** An ended task, or one that an operator wants to hurry, waits for a further try. */
export function waitAnew(state: TaskState, cause: WaitingCause, wasEnded: boolean): TaskStep {
  const step = wait(state, cause, 0, "");
  return wasEnded ? take(step.state, [...step.effects, { do: "count-result", result: "waiting" }]) : step;
}

export function succeed(state: TaskState, reason: SuccessReason, context: TaskContext): TaskStep {
  const { attempt } = state;
  const byItsWord: TaskEffect[] =
    context.judgedBy === "done" ? [{ do: "store-version", version: context.targetVersion }] : [];
  return take({ name: "succeeded", attempt, reason }, [
    CLEAR_DEADLINE,
    ...byItsWord,
    record("succeeded", reason),
    { do: "count-result", result: "succeeded" },
  ]);
}

/** A try ended with a result code: the table of retries decides, unless another form of the file may do. */
export function fail(state: Flying, code: string, message: string, context: TaskContext): TaskStep {
  const { attempt } = state;
  const detail = message.slice(0, DETAIL_LENGTH);
  const refusal = refusalOfVariant(code, message);
  const without = withoutVariant(state, refusal, detail, context);
  if (without !== undefined) return without;
  // A device repeats a result whose acknowledgement it has not seen.
  if (state.name === "offered" && isOfVariantAlone(refusal) && refusal === context.variantRefusal) {
    return ignore<"fail-reported">(state, { type: "fail-reported", code, message }, "not-changed");
  }
  const atMs = goesOn(context) ? nextTryMs({ ...endedTry(context, attempt), code }) : undefined;
  const failed = record("failed", `${code} ${detail}`);
  if (atMs !== undefined) {
    const again = wait(state, "retry", atMs, `${code} ${detail}`);
    return take(again.state, [failed, ...again.effects]);
  }
  return take({ name: "failed", attempt, reason: code, detail }, [
    CLEAR_DEADLINE,
    failed,
    { do: "count-result", result: "failed" },
  ]);
}

/** The device refuses the image by its seal. A board that knows no packages looks for one where a package has none. */
export function refuseSeal(state: Flying, code: string, message: string, context: TaskContext): TaskStep {
  return withoutVariant(state, refusalOfVariant("-5", message), message, context) ?? decline(state, message, code);
}

/** @returns the step to the whole file, if a variant was offered and is refused */
function withoutVariant(
  state: Flying,
  refusal: string | undefined,
  detail: string,
  context: TaskContext,
): TaskStep | undefined {
  if (refusal === undefined || !context.variantOffered || !goesOn(context)) return undefined;
  const { state: waiting, effects } = wait(state, "variant-refused", 0, detail);
  return take(waiting, [{ do: "give-up-variants", code: refusal }, ...effects]);
}

/** Nothing was heard of the device in time. */
export function fallSilent(state: Flying, context: TaskContext): TaskStep {
  if (context.nowMs < state.deadlineMs) {
    return ignore<"deadline-passed">(state, { type: "deadline-passed" }, "deadline-moved");
  }
  const { attempt, name } = state;
  const silent = record("silent", name);
  const atMs = goesOn(context) ? nextTryMs({ ...endedTry(context, attempt), code: "silent" }) : undefined;
  if (atMs !== undefined) {
    const again = wait(state, "after-silence", atMs, name);
    return take(again.state, [silent, ...again.effects]);
  }
  return take({ name: "silent", attempt, reason: name }, [
    CLEAR_DEADLINE,
    silent,
    { do: "count-result", result: "silent" },
  ]);
}

function endedTry({ retry, nowMs }: TaskContext, attempt: number) {
  return { rules: retry, attempt, nowMs };
}

/** @param code why the device itself refuses the image; absent: a person has said no */
export function decline({ attempt }: TaskState, message: string, code?: string): TaskStep {
  const detail = message.slice(0, DETAIL_LENGTH);
  return take({ name: "declined", attempt, ...(code === undefined ? {} : { code }), detail }, [
    CLEAR_DEADLINE,
    record("declined", detail),
    { do: "count-result", result: "declined" },
  ]);
}

export function cancel(state: TaskState, reason: CancelReason, detail = ""): TaskStep {
  const { attempt } = state;
  return take({ name: "cancelled", attempt, reason, detail: detail.slice(0, DETAIL_LENGTH) }, [
    CLEAR_DEADLINE,
    ...revoked(attempt),
    record("cancelled", detail === "" ? reason : `${reason} ${detail}`),
    { do: "count-result", result: "cancelled" },
  ]);
}

export function supersede({ attempt }: TaskState, byPlan: string): TaskStep {
  return take({ name: "superseded", attempt, detail: byPlan }, [
    CLEAR_DEADLINE,
    ...revoked(attempt),
    record("superseded", byPlan),
    { do: "count-result", result: "superseded" },
  ]);
}

/** A task that no try was begun of has no URL that could answer. */
function revoked(attempt: number): readonly TaskEffect[] {
  return attempt > 0 ? [REVOKE] : [];
}
