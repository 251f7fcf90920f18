import type { PlanStateName } from "./plan-types.js";
import type { Answer, RetryRule } from "./types.js";

/*
 * A task: one package of a plan for one component of one device. The store holds it in flat columns (`toRow`).
 * Two conditions are the store's to keep: (plan, device, component) is unique, and (device, component) is unique
 * among tasks in flight. Waiting tasks of several plans may stand side by side: the reason `other-plan` shows it.
 */

/**
 * Why a task came to wait. What it waits for now is computed when it is read: see waiting-reason. After a silence, a
 * deferral or an offer that was not delivered the device may still do the update: its reports count.
 */
export const WAITING_CAUSES = Object.freeze([
  "new",
  "retry",
  "after-silence",
  "deferred",
  "not-delivered",
  "retry-commanded",
  "plan-resumed",
  "variant-refused",
] as const);
export type WaitingCause = (typeof WAITING_CAUSES)[number];

/** How a success was seen. `late`: after the task had ended otherwise. */
export type SuccessReason = "version-reported" | "done-reported" | "already-there" | "late";

export type CancelReason =
  | "by-operator"
  | "plan-cancelled"
  | "plan-stopped"
  | "moved-by-hand"
  | "device-removed"
  /** An earlier component of the plan ended without success on this device. */
  | "earlier-component"
  /** The device does not match any more; the detail is the reason of matching. */
  | "no-match";

/**
 * What is known of a device that has done its part, or has restarted, while the version that runs now is not: `done`
 * and `restart` by themselves, and each with a report of the version before after it.
 */
export type TrialSeen = "done" | "done-old-version" | "restart" | "old-version";

/**
 * `attempt` counts the tries that were begun. Times are epoch milliseconds. A deadline moves only if the device gets
 * further than ever in this try, so that no device keeps a task open for ever.
 */
export type TaskState =
  /** `notBeforeMs` 0: at once. `detail`: the result that brought it back here. */
  | {
      readonly name: "waiting";
      readonly attempt: number;
      readonly cause: WaitingCause;
      readonly notBeforeMs: number;
      readonly detail: string;
    }
  | { readonly name: "offered"; readonly attempt: number; readonly deadlineMs: number }
  /** The person at the device is asked: before the download (`percent` 0), or before the installation (100). */
  | { readonly name: "asked"; readonly attempt: number; readonly deadlineMs: number; readonly percent: 0 | 100 }
  /** `percent` is the highest that this try has reached. */
  | { readonly name: "downloading"; readonly attempt: number; readonly deadlineMs: number; readonly percent: number }
  | { readonly name: "burning"; readonly attempt: number; readonly deadlineMs: number }
  | { readonly name: "trial"; readonly attempt: number; readonly deadlineMs: number; readonly seen: TrialSeen }
  | { readonly name: "succeeded"; readonly attempt: number; readonly reason: SuccessReason }
  /** `reason` is a result code of the protocol, or `reverted`: the version before runs after the installation. */
  | { readonly name: "failed"; readonly attempt: number; readonly reason: string; readonly detail: string }
  /** The person at the device said no; or, with a `code`, the device: the image is not sealed as it demands. */
  | { readonly name: "declined"; readonly attempt: number; readonly code?: string; readonly detail: string }
  /** `reason` is the state in which the device fell silent. */
  | { readonly name: "silent"; readonly attempt: number; readonly reason: InFlightName }
  | { readonly name: "cancelled"; readonly attempt: number; readonly reason: CancelReason; readonly detail: string }
  /** Another plan, named by the detail, took the device over. */
  | { readonly name: "superseded"; readonly attempt: number; readonly detail: string };

export type TaskStateName = TaskState["name"];
export type InFlightName = "offered" | "asked" | "downloading" | "burning" | "trial";
export type In<Name extends TaskStateName> = Extract<TaskState, { readonly name: Name }>;

/** The device has an offer of this task and has not ended it. */
export const IN_FLIGHT_STATES: readonly InFlightName[] = Object.freeze([
  "offered",
  "asked",
  "downloading",
  "burning",
  "trial",
]);

/** States without an end: `waiting`, and those in flight. */
export const OPEN_STATES: readonly TaskStateName[] = Object.freeze(["waiting" as const, ...IN_FLIGHT_STATES]);

export const TASK_STATES: readonly TaskStateName[] = Object.freeze([
  ...OPEN_STATES,
  "succeeded",
  "failed",
  "declined",
  "silent",
  "cancelled",
  "superseded",
]);

/** What a device reports. */
export type ReportEvent =
  /** The device asks its person. */
  | { readonly type: "ask-reported" }
  | { readonly type: "decline-reported"; readonly message: string }
  /** The device takes no such image: `code` says why, by its seal. */
  | { readonly type: "refusal-reported"; readonly code: string; readonly message: string }
  /** The person wants to be asked again after so long. */
  | { readonly type: "defer-reported"; readonly seconds: number }
  | { readonly type: "download-reported"; readonly percent: number }
  | { readonly type: "burn-reported" }
  | { readonly type: "done-reported" }
  /** `code` is the protocol's result code, "-1" to "-5". */
  | { readonly type: "fail-reported"; readonly code: string; readonly message: string };

/** What the cloud finds out about a device. */
export type DeviceEvent =
  /** The device connected anew. Dispatch it before the version that the device reports on this connection. */
  | { readonly type: "restart-seen" }
  /**
   * A version of the task's component. `previous` is the one that was known before it, "" if none was. `byPlan`: this
   * same report ends a task of another plan with success, so that no hand has changed the version.
   */
  | {
      readonly type: "version-reported";
      readonly version: string;
      readonly previous: string;
      readonly byPlan: boolean;
    }
  | { readonly type: "moved-by-hand" }
  | { readonly type: "device-removed" };

/** What the pace, the clock, the same plan's other components and other plans bring about. */
export type CourseEvent =
  /** The plan's pace gives the task its turn: the device is online and matches, and nothing holds the task back. */
  | { readonly type: "turn-came" }
  /** The offer could not be handed to the broker. */
  | { readonly type: "offer-failed" }
  | { readonly type: "deadline-passed" }
  /** A waiting task was matched again, and its device does not match any more. */
  | { readonly type: "match-lost"; readonly reason: string }
  /** An earlier component of the plan ended without success on this device; or, after that, with success. */
  | { readonly type: "earlier-component-failed" }
  | { readonly type: "earlier-component-succeeded" }
  /** Another plan wants the component, and replaces what is open. */
  | { readonly type: "replaced"; readonly byPlan: string };

/** What an operator does with the plan. A pause changes no task: the plan's state holds the waiting ones back. */
export type PlanCommandEvent =
  | { readonly type: "plan-cancelled" }
  | { readonly type: "plan-stopped" }
  | { readonly type: "plan-resumed" }
  /** All that failed or are silent get another try. */
  | { readonly type: "plan-retried" };

/** What an operator does with one task. */
export type TaskCommandEvent = { readonly type: "cancel-commanded" } | { readonly type: "retry-commanded" };

export type TaskEvent = ReportEvent | DeviceEvent | CourseEvent | PlanCommandEvent | TaskCommandEvent;

export type TaskEventType = TaskEvent["type"];

/**
 * `count-result`, `store-version` and `record` belong into the transaction that stores the state. The others follow it:
 * if the cloud ends before them, the deadline and the device's next report make up for it.
 */
export type TaskEffect =
  /** Send the offer with a URL that is signed now. */
  | { readonly do: "offer" }
  /** Dispatch `deadline-passed` at this time. The state carries the time too. */
  | { readonly do: "set-deadline"; readonly atMs: number }
  | { readonly do: "clear-deadline" }
  /** Look at this time whether it is the task's turn; 0: now. */
  | { readonly do: "wake"; readonly atMs: number }
  /** The device does not take the delta or the compressed image: this task is offered the whole file from now on. */
  | { readonly do: "give-up-variants"; readonly code: string }
  /** URLs of this task answer 403 from now on. */
  | { readonly do: "revoke-urls" }
  /** The task has ended, or its end has changed, or it is open again: count the plan's results. */
  | { readonly do: "count-result"; readonly result: TaskStateName }
  /** The device runs the target by its own word: so stands it in the record of its components. */
  | { readonly do: "store-version"; readonly version: string }
  /** An entry of the history, append-only. */
  | { readonly do: "record"; readonly what: string; readonly detail: string };

export type IgnoredBecause =
  /** No try runs that the event could belong to. */
  | "no-try-runs"
  /** The report is of a step that is over, or that comes later. */
  | "out-of-order"
  /** The device is where it was. */
  | "not-changed"
  /** The deadline was moved since the timer was set. */
  | "deadline-moved"
  | "too-early"
  | "plan-not-active"
  /** Another plan's task of this component is in flight on this device: what is reported now is not this one's. */
  | "other-plan"
  | "offered-already"
  | "ended"
  /** The plan's end leaves a download or an installation that runs to its own end. */
  | "runs-to-its-end"
  /** An installation is not interrupted: whoever wants the device waits. */
  | "installing"
  | "nothing-to-take-up"
  | "other-version";

export type RefusedBecause =
  | "in-flight"
  | "succeeded"
  | "superseded"
  | "ended"
  | "device-removed"
  /** Retry the earlier component: this one follows it. */
  | "earlier-component"
  /** It is cancelled; or it is finished, and was not reopened. */
  | "plan-is-over";

export type TaskAnswer = Answer<IgnoredBecause, RefusedBecause>;

/** What the task machine needs to know besides its state. */
export interface TaskContext {
  readonly nowMs: number;
  readonly targetVersion: string;
  /**
   * `version`: the device reports the version of this component, so only that proves a success. `done`: it reports
   * none, and its word counts.
   */
  readonly judgedBy: "version" | "done";
  /** The state of the plan. Only an active plan offers; a paused one renews URLs for what runs. */
  readonly plan: PlanStateName;
  /** An earlier component of the plan has ended without success on this device. */
  readonly earlierFailed: boolean;
  /** Another plan's task of this component is in flight on this device. */
  readonly otherInFlight: boolean;
  /** What this try has offered is a delta or a compressed image that the cloud has made of the package's file. */
  readonly variantOffered: boolean;
  /** Why the device got another form of the file than the one it was offered first, as `refusalOfVariant` words it. */
  readonly variantRefusal?: string | undefined;
  readonly retry: readonly RetryRule[];
  readonly silentAfterSeconds: number;
  readonly answerWithinSeconds: number;
  /** Nobody says if the device is connected: an offer may go to one that is away. Absent: that is known. */
  readonly isPresenceUnknown?: boolean;
}

export interface TaskStep {
  readonly state: TaskState;
  readonly effects: readonly TaskEffect[];
  readonly answer: TaskAnswer;
}

/** The columns that hold a state. */
export interface TaskRow {
  readonly state: TaskStateName;
  readonly reason: string | null;
  readonly attempt: number;
  readonly percent: number | null;
  readonly deadlineMs: number | null;
  readonly nextTryMs: number | null;
  readonly detail: string | null;
}
