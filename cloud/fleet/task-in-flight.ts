import {
  cancel,
  decline,
  defer,
  fail,
  fallSilent,
  type Flying,
  ignore,
  notAnswered,
  notDelivered,
  record,
  refuse,
  refuseSeal,
  setDeadline,
  silenceAtMs,
  succeed,
  supersede,
  take,
  wait,
} from "./task-moves.js";
import type {
  CourseEvent,
  DeviceEvent,
  In,
  PlanCommandEvent,
  TaskCommandEvent,
  TaskContext,
  TaskEvent,
  TaskStep,
} from "./task-types.js";

/** The states of a task between its offer and its end. */

type Beginning = In<"offered"> | In<"asked"> | In<"downloading">;
type Installing = In<"burning"> | In<"trial">;

export function inOffered(state: In<"offered">, event: TaskEvent, context: TaskContext): TaskStep {
  switch (event.type) {
    case "offer-failed":
      return notDelivered(state, context);
    case "ask-reported":
      return ask(state, 0, context);
    case "download-reported":
      return download(state, event.percent, context);
    case "deadline-passed":
      // The device may have asked in vain for the offer that it lost: only an active plan repeats one.
      if (context.nowMs >= state.deadlineMs && (context.plan === "paused" || context.plan === "halted")) {
        return wait(state, "not-delivered", 0, "");
      }
      if (context.nowMs >= state.deadlineMs && context.isPresenceUnknown === true) return notAnswered(state, context);
      return fallSilent(state, context);
    default:
      return inBeginning(state, event, context);
  }
}

export function inAsked(state: In<"asked">, event: TaskEvent, context: TaskContext): TaskStep {
  switch (event.type) {
    case "ask-reported":
      return ignore(state, event, "not-changed");
    case "download-reported":
      // All of it is there: the person is asked about the installation.
      return state.percent === 100 ? ignore(state, event, "out-of-order") : download(state, event.percent, context);
    case "offer-failed":
      return ignore(state, event, "out-of-order");
    case "deadline-passed":
      return fallSilent(state, context);
    default:
      return inBeginning(state, event, context);
  }
}

export function inDownloading(state: In<"downloading">, event: TaskEvent, context: TaskContext): TaskStep {
  switch (event.type) {
    case "ask-reported":
      return state.percent === 100 ? ask(state, 100, context) : ignore(state, event, "out-of-order");
    case "download-reported":
      return event.percent > state.percent
        ? download(state, event.percent, context)
        : ignore(state, event, "not-changed");
    case "offer-failed":
      return ignore(state, event, "out-of-order");
    case "deadline-passed":
      return fallSilent(state, context);
    default:
      return inBeginning(state, event, context);
  }
}

/** What is answered alike until the device installs. */
function inBeginning(
  state: Beginning,
  event: Exclude<TaskEvent, { type: "offer-failed" | "ask-reported" | "download-reported" | "deadline-passed" }>,
  context: TaskContext,
): TaskStep {
  switch (event.type) {
    case "burn-reported":
      return burn(state, context);
    case "done-reported":
      return done(state, context);
    case "fail-reported":
      return fail(state, event.code, event.message, context);
    case "decline-reported":
      return decline(state, event.message);
    case "refusal-reported":
      return refuseSeal(state, event.code, event.message, context);
    case "defer-reported":
      return defer(state, event.seconds, context);
    case "version-reported":
      return inspect(state, event, context) ?? repeatOffer(state, event, context);
    case "replaced":
      return supersede(state, event.byPlan);
    case "plan-cancelled":
      if (state.name === "downloading") return ignore(state, event, "runs-to-its-end");
      return cancel(state, "plan-cancelled");
    default:
      return inFlight(state, event);
  }
}

export function inBurning(state: In<"burning">, event: TaskEvent, context: TaskContext): TaskStep {
  switch (event.type) {
    case "burn-reported":
      return ignore(state, event, "not-changed");
    case "restart-seen":
      // A device that is judged by its word may be the gateway of the chip that burns.
      if (context.judgedBy === "done") return ignore(state, event, "out-of-order");
      return take({ ...state, name: "trial", seen: "restart" }, [record("restart-seen")]);
    case "version-reported":
      return inspect(state, event, context) ?? ignore(state, event, "not-changed");
    default:
      return inInstalling(state, event, context);
  }
}

export function inTrial(state: In<"trial">, event: TaskEvent, context: TaskContext): TaskStep {
  const isDone = state.seen === "done" || state.seen === "done-old-version";
  switch (event.type) {
    case "burn-reported": {
      if (isDone) return ignore(state, event, "out-of-order");
      // It only lost its connection, and installs on: in the time that it has got for that.
      const { attempt, deadlineMs } = state;
      return take({ name: "burning", attempt, deadlineMs }, [record("burning", "after a reconnect")]);
    }
    case "restart-seen":
      return ignore(state, event, "not-changed");
    case "done-reported":
      return isDone ? ignore(state, event, "not-changed") : done(state, context);
    case "version-reported": {
      const step = inspect(state, event, context);
      if (step !== undefined) return step;
      const seen = isDone ? "done-old-version" : "old-version";
      // The restart may be still to come, or the report be one of an installation that runs: time decides.
      return seen === state.seen
        ? ignore(state, event, "not-changed")
        : take({ ...state, seen }, [record("old-version", event.version)]);
    }
    case "deadline-passed":
      if (context.nowMs >= state.deadlineMs && (state.seen === "old-version" || state.seen === "done-old-version")) {
        return fail(state, "reverted", "the version before runs after the installation", context);
      }
      return fallSilent(state, context);
    default:
      return inInstalling(state, event, context);
  }
}

/** What is answered alike from the installation on. */
function inInstalling(
  state: Installing,
  event: Exclude<TaskEvent, { type: "burn-reported" | "restart-seen" | "version-reported" }>,
  context: TaskContext,
): TaskStep {
  switch (event.type) {
    case "done-reported":
      return done(state, context);
    case "fail-reported":
      return fail(state, event.code, event.message, context);
    case "refusal-reported":
      // A seal is verified last of all: what is in flash is what counts.
      return refuseSeal(state, event.code, event.message, context);
    case "deadline-passed":
      return fallSilent(state, context);
    case "ask-reported":
    case "decline-reported":
    case "defer-reported":
    case "download-reported":
    case "offer-failed":
      return ignore(state, event, "out-of-order");
    case "replaced":
      return ignore(state, event, "installing");
    case "plan-cancelled":
      return ignore(state, event, "runs-to-its-end");
    default:
      return inFlight(state, event);
  }
}

type Rest = DeviceEvent | CourseEvent | PlanCommandEvent | TaskCommandEvent;
type Elsewhere = { type: "version-reported" | "offer-failed" | "deadline-passed" | "replaced" | "plan-cancelled" };

/** What is answered alike as long as the device has the offer. */
function inFlight(state: Flying, event: Exclude<Rest, Elsewhere>): TaskStep {
  switch (event.type) {
    case "moved-by-hand":
      return cancel(state, "moved-by-hand");
    case "device-removed":
      return cancel(state, "device-removed");
    case "plan-stopped":
      return cancel(state, "plan-stopped");
    case "cancel-commanded":
      return cancel(state, "by-operator");
    case "retry-commanded":
      return refuse(state, "in-flight");
    case "turn-came":
      return ignore(state, event, "offered-already");
    case "restart-seen":
      return ignore(state, event, "not-changed");
    default:
      return ignore<
        "match-lost" | "earlier-component-failed" | "earlier-component-succeeded" | "plan-resumed" | "plan-retried"
      >(state, event, "offered-already");
  }
}

function ask({ attempt }: Beginning, percent: 0 | 100, { nowMs, answerWithinSeconds }: TaskContext): TaskStep {
  const deadlineMs = nowMs + answerWithinSeconds * 1000;
  return take({ name: "asked", attempt, deadlineMs, percent }, [setDeadline(deadlineMs), record("asked")]);
}

function download({ attempt, name }: Beginning, reported: number, context: TaskContext): TaskStep {
  const percent = Math.min(100, Math.max(0, Math.floor(reported)));
  const deadlineMs = silenceAtMs(context);
  const begun = name === "downloading" ? [] : [record("downloading", String(percent))];
  return take({ name: "downloading", attempt, deadlineMs, percent }, [setDeadline(deadlineMs), ...begun]);
}

function burn({ attempt }: Beginning, context: TaskContext): TaskStep {
  const deadlineMs = silenceAtMs(context);
  return take({ name: "burning", attempt, deadlineMs }, [setDeadline(deadlineMs), record("burning")]);
}

/** The vendor's devices say `done` before they restart: only the version that they report then proves it. */
function done(state: Flying, context: TaskContext): TaskStep {
  if (context.judgedBy === "done") return succeed(state, "done-reported", context);
  const deadlineMs = silenceAtMs(context);
  return take({ name: "trial", attempt: state.attempt, deadlineMs, seen: "done" }, [
    setDeadline(deadlineMs),
    record("done"),
  ]);
}

type VersionReported = Extract<TaskEvent, { type: "version-reported" }>;

/** @returns the end that a version means for a task in flight; `undefined` if the version is the one before */
function inspect(state: Flying, { version, previous, byPlan }: VersionReported, context: TaskContext) {
  if (version === context.targetVersion) return succeed(state, "version-reported", context);
  if (context.judgedBy === "done" || byPlan || previous === "" || version === previous) return undefined;
  return cancel(state, "moved-by-hand", version);
}

/**
 * A device that reports its version while it has an offer wants it again, with a fresh URL: it was lost, or the
 * download was cut. The deadline stays, so that nobody asks for ever.
 */
function repeatOffer(state: Beginning, event: VersionReported, { plan }: TaskContext): TaskStep {
  const repeats = plan === "active" || (plan === "paused" && state.name !== "offered");
  if (!repeats) return ignore(state, event, "plan-not-active");
  return take(state, [{ do: "offer" }, record("offered-again", event.version)]);
}
