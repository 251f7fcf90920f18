import type { TaskStateName } from "./task-types.js";

/** Place of a plan in the order of activation. */
export interface PlanRank {
  readonly activatedAtMs: number;
  /** Greater for a plan that was made later: it decides between plans of the same millisecond. */
  readonly order: number;
}

/** An open task of another plan for the same component of the same device. */
export interface OtherTask {
  readonly taskId: string;
  readonly planId: string;
  readonly planRank: PlanRank;
  readonly state: TaskStateName;
}

export type Conflict =
  | { readonly do: "go" }
  /** Until that plan's task has ended. */
  | { readonly do: "wait"; readonly forPlan: string }
  /** Dispatch `replaced` to these tasks, then go. */
  | { readonly do: "replace"; readonly tasks: readonly OtherTask[] };

const REPLACEABLE: readonly TaskStateName[] = Object.freeze(["waiting", "offered", "asked", "downloading"]);

/**
 * Which of several plans has a device's component now. The earlier plan goes first, unless the later one replaces; an
 * installation is waited for by everyone. A plan never replaces a later one, so that two plans do not take turns.
 *
 * @param others open tasks of other plans for the same component of the device
 */
export function conflictOf(
  mine: { readonly planRank: PlanRank; readonly conflict: "wait" | "replace" },
  others: readonly OtherTask[],
): Conflict {
  // A later plan's task that waits will wait for this one.
  const before = others.filter(({ planRank, state }) => isBefore(planRank, mine.planRank) || state !== "waiting");
  const stays = before.find(
    ({ planRank, state }) =>
      mine.conflict === "wait" || isBefore(mine.planRank, planRank) || !REPLACEABLE.includes(state),
  );
  if (stays !== undefined) return { do: "wait", forPlan: stays.planId };
  return before.length === 0 ? { do: "go" } : { do: "replace", tasks: before };
}

function isBefore(one: PlanRank, other: PlanRank): boolean {
  return one.activatedAtMs === other.activatedAtMs ? one.order < other.order : one.activatedAtMs < other.activatedAtMs;
}
