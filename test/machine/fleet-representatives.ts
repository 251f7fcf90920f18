import type { PackageEvent, PackageState } from "../../cloud/fleet/package-types.js";
import type { PlanContext, PlanEvent, PlanState } from "../../cloud/fleet/plan-types.js";
import type { In, TaskContext, TaskEvent, TaskState } from "../../cloud/fleet/task-types.js";

/*
 * Values that stand for every case that the machines of a fleet distinguish, each with a label that says which. The
 * mapped types make the compiler ask for an entry for each state and each event there is.
 */

type Labelled<Value> = { readonly [label: string]: Value };

export const NOW_MS = 1_000_000_000_000;
const LATER_MS = NOW_MS + 60_000;
export const TARGET = "2.0";
export const SOURCE = "1.0";

/** What decides besides state and event. Who is judged by the version was offered a delta, or was not. */
export const TASK_CONTEXTS: Labelled<TaskContext> = Object.fromEntries(
  (["active", "paused", "halted", "cancelled", "finished"] as const).flatMap((plan) =>
    (["version", "version, a delta was offered", "done"] as const).map((how): [string, TaskContext] => {
      const judgedBy = how === "done" ? how : "version";
      return [
        `${plan} plan, judged by ${how}`,
        {
          earlierFailed: judgedBy === "done" && plan === "paused",
          otherInFlight: judgedBy === "version" && plan === "paused",
          nowMs: NOW_MS,
          targetVersion: TARGET,
          judgedBy,
          plan,
          retry: [
            { code: "-1", times: 2, afterSeconds: 60 },
            { code: "silent", times: 1, afterSeconds: 3600 },
            { code: "reverted", times: 1, afterSeconds: 60 },
          ],
          silentAfterSeconds: 3600,
          answerWithinSeconds: 86_400,
          variantOffered: how === "version, a delta was offered",
        },
      ];
    }),
  ),
);

const deadlines = { "before its deadline": LATER_MS, "after its deadline": NOW_MS } as const;
const tries = { "first try": 1, "last try": 3 } as const;

const flying = <Name extends "offered" | "burning">(name: Name): Labelled<In<Name>> =>
  Object.fromEntries(
    Object.entries(tries).flatMap(([ofTry, attempt]) =>
      Object.entries(deadlines).map(([when, deadlineMs]) => [
        `${ofTry}, ${when}`,
        { name, attempt, deadlineMs } as unknown as In<Name>,
      ]),
    ),
  );

const waiting = (cause: In<"waiting">["cause"], attempt: number, notBeforeMs = 0): In<"waiting"> => ({
  name: "waiting",
  attempt,
  cause,
  notBeforeMs,
  detail: "",
});

const cancelled = (reason: In<"cancelled">["reason"], attempt: number): In<"cancelled"> => ({
  name: "cancelled",
  attempt,
  reason,
  detail: "",
});

export const TASK_STATES: { readonly [Name in TaskState["name"]]: Labelled<In<Name>> } = {
  waiting: {
    new: waiting("new", 0),
    "for a retry": waiting("retry", 1, LATER_MS),
    "for a retry whose time has come": waiting("retry", 1, NOW_MS),
    "after a silence": waiting("after-silence", 1, LATER_MS),
    deferred: waiting("deferred", 1, LATER_MS),
    "not delivered": waiting("not-delivered", 1),
    "retry commanded": waiting("retry-commanded", 3),
    "plan resumed": waiting("plan-resumed", 1),
    "variant refused": waiting("variant-refused", 1),
  },
  offered: flying("offered"),
  asked: {
    "before the download": { name: "asked", attempt: 1, deadlineMs: LATER_MS, percent: 0 },
    "before the installation": { name: "asked", attempt: 1, deadlineMs: NOW_MS, percent: 100 },
  },
  downloading: Object.fromEntries(
    [0, 50, 100].flatMap((percent) =>
      Object.entries(deadlines).map(([when, deadlineMs]) => [
        `${percent} %, ${when}`,
        { name: "downloading", attempt: 1, deadlineMs, percent },
      ]),
    ),
  ),
  burning: flying("burning"),
  trial: Object.fromEntries(
    (["done", "done-old-version", "restart", "old-version"] as const).flatMap((seen) =>
      Object.entries(deadlines).flatMap(([when, deadlineMs]) =>
        Object.entries(tries).map(([ofTry, attempt]) => [
          `${seen}, ${when}, ${ofTry}`,
          { name: "trial", attempt, deadlineMs, seen },
        ]),
      ),
    ),
  ),
  succeeded: {
    "by its version": { name: "succeeded", attempt: 1, reason: "version-reported" },
    "already there": { name: "succeeded", attempt: 0, reason: "already-there" },
  },
  failed: { failed: { name: "failed", attempt: 1, reason: "-5", detail: "" } },
  declined: { declined: { name: "declined", attempt: 1, detail: "" } },
  silent: { silent: { name: "silent", attempt: 2, reason: "burning" } },
  cancelled: {
    "never offered": cancelled("by-operator", 0),
    "by operator": cancelled("by-operator", 1),
    "with the plan": cancelled("plan-cancelled", 1),
    "by a stop": cancelled("plan-stopped", 1),
    "moved by hand": cancelled("moved-by-hand", 1),
    "device removed": cancelled("device-removed", 1),
    "for an earlier component": cancelled("earlier-component", 0),
    "no match": cancelled("no-match", 0),
  },
  superseded: { superseded: { name: "superseded", attempt: 1, detail: "7" } },
};

type TaskEventOf<Type extends TaskEvent["type"]> = Extract<TaskEvent, { readonly type: Type }>;

const version = (version: string, previous: string, byPlan = false): TaskEventOf<"version-reported"> => ({
  type: "version-reported",
  version,
  previous,
  byPlan,
});

export const TASK_EVENTS: { readonly [Type in TaskEvent["type"]]: Labelled<TaskEventOf<Type>> } = {
  "turn-came": { "": { type: "turn-came" } },
  "offer-failed": { "": { type: "offer-failed" } },
  "ask-reported": { "": { type: "ask-reported" } },
  "decline-reported": { "": { type: "decline-reported", message: "no" } },
  "refusal-reported": { "": { type: "refusal-reported", code: "unsigned", message: "unsigned: no seal" } },
  "defer-reported": { "": { type: "defer-reported", seconds: 600 } },
  "download-reported": Object.fromEntries(
    [0, 60, 100].map((percent) => [`${percent} %`, { type: "download-reported", percent }]),
  ),
  "burn-reported": { "": { type: "burn-reported" } },
  "restart-seen": { "": { type: "restart-seen" } },
  "version-reported": {
    "the target": version(TARGET, SOURCE),
    "the same as before": version(SOURCE, SOURCE),
    "the first one": version(SOURCE, ""),
    "another one": version("3.0", SOURCE),
    "another one, by a plan": version("3.0", SOURCE, true),
    "the target, by a plan": version(TARGET, SOURCE, true),
  },
  "done-reported": { "": { type: "done-reported" } },
  "fail-reported": {
    "with a rule": { type: "fail-reported", code: "-1", message: "time_out" },
    "without a rule": { type: "fail-reported", code: "-5", message: "self test" },
    "of the delta": { type: "fail-reported", code: "-5", message: "wrong-base: another image runs" },
  },
  "deadline-passed": { "": { type: "deadline-passed" } },
  "match-lost": {
    "": { type: "match-lost", reason: "denied" },
    "runs-target": { type: "match-lost", reason: "runs-target" },
  },
  "moved-by-hand": { "": { type: "moved-by-hand" } },
  "device-removed": { "": { type: "device-removed" } },
  "earlier-component-failed": { "": { type: "earlier-component-failed" } },
  "earlier-component-succeeded": { "": { type: "earlier-component-succeeded" } },
  replaced: { "": { type: "replaced", byPlan: "7" } },
  "plan-cancelled": { "": { type: "plan-cancelled" } },
  "plan-stopped": { "": { type: "plan-stopped" } },
  "plan-resumed": { "": { type: "plan-resumed" } },
  "plan-retried": { "": { type: "plan-retried" } },
  "cancel-commanded": { "": { type: "cancel-commanded" } },
  "retry-commanded": { "": { type: "retry-commanded" } },
};

export const PLAN_CONTEXTS: Labelled<PlanContext> = {
  fixed: { halt: { percent: 10, atLeast: 5 }, dynamic: false },
  dynamic: { halt: { percent: 10, atLeast: 5 }, dynamic: true },
};

const seen = { ended: 2, bad: 1 };

export const PLAN_STATES: { readonly [Name in PlanState["name"]]: Labelled<PlanState & { readonly name: Name }> } = {
  draft: { draft: { name: "draft" } },
  active: { active: { name: "active", seen: { ended: 0, bad: 0 } } },
  paused: { paused: { name: "paused", seen: { ended: 0, bad: 0 } } },
  halted: {
    "by the threshold": { name: "halted", reason: "threshold", detail: "", seen },
    "by a stop": { name: "halted", reason: "stopped", detail: "", seen },
    "package withdrawn": { name: "halted", reason: "package-withdrawn", detail: "", seen },
  },
  finished: { finished: { name: "finished", seen } },
  cancelled: { cancelled: { name: "cancelled", reason: "" } },
};

export const PLAN_EVENTS: {
  readonly [Type in PlanEvent["type"]]: Labelled<Extract<PlanEvent, { readonly type: Type }>>;
} = {
  "edit-commanded": { "": { type: "edit-commanded" } },
  "activation-commanded": {
    "": { type: "activation-commanded", problems: [] },
    "with problems": { type: "activation-commanded", problems: ["nobody-matches"] },
  },
  "pause-commanded": { "": { type: "pause-commanded" } },
  "resume-commanded": { "": { type: "resume-commanded" } },
  "cancel-commanded": { "": { type: "cancel-commanded", reason: "wrong list" } },
  "stop-commanded": { "": { type: "stop-commanded", reason: "smoke" } },
  "retry-commanded": { "": { type: "retry-commanded" } },
  "reopening-commanded": { "": { type: "reopening-commanded" } },
  "deletion-commanded": { "": { type: "deletion-commanded" } },
  "results-counted": {
    "tasks are open": { type: "results-counted", counts: { open: 3, succeeded: 5, failed: 0, silent: 0 } },
    "all have ended": { type: "results-counted", counts: { open: 0, succeeded: 8, failed: 0, silent: 0 } },
    "the threshold is reached": { type: "results-counted", counts: { open: 3, succeeded: 4, failed: 0, silent: 1 } },
    "the threshold is reached by the last": {
      type: "results-counted",
      counts: { open: 0, succeeded: 4, failed: 1, silent: 0 },
    },
    "as seen": { type: "results-counted", counts: { open: 3, succeeded: 1, failed: 1, silent: 0 } },
  },
  "package-withdrawn": { "": { type: "package-withdrawn", packageId: "9" } },
};

export const PACKAGE_STATES: {
  readonly [Name in PackageState["name"]]: Labelled<PackageState & { readonly name: Name }>;
} = {
  uploaded: { uploaded: { name: "uploaded" } },
  verifying: { verifying: { name: "verifying", deviceName: "dev_1" } },
  verified: { verified: { name: "verified", deviceName: "dev_1" } },
  rejected: { rejected: { name: "rejected", deviceName: "dev_1", reason: "-4", detail: "" } },
  withdrawn: { withdrawn: { name: "withdrawn", reason: "" } },
};

export const PACKAGE_EVENTS: {
  readonly [Type in PackageEvent["type"]]: Labelled<Extract<PackageEvent, { readonly type: Type }>>;
} = {
  "verification-commanded": { "": { type: "verification-commanded", deviceName: "dev_2" } },
  "abandonment-commanded": { "": { type: "abandonment-commanded" } },
  "task-succeeded": { "": { type: "task-succeeded" } },
  "task-failed": { "": { type: "task-failed", reason: "-4", detail: "md5 not match" } },
  "withdrawal-commanded": { "": { type: "withdrawal-commanded", reason: "wrong build" } },
};
