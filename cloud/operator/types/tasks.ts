import type { DeviceName } from "../../types.js";
import type { Actor, Page, Paged } from "./common.js";

export const TASK_STATES = [
  "waiting",
  "offered",
  "asked",
  "downloading",
  "burning",
  "trial",
  "succeeded",
  "failed",
  "declined",
  "silent",
  "cancelled",
  "superseded",
] as const;
export type TaskStateName = (typeof TASK_STATES)[number];

export interface TaskView extends DeviceName {
  readonly id: number;
  readonly planId: number;
  readonly component: string;
  readonly state: TaskStateName;
  /** For a waiting task computed when it is read: why it waits now. */
  readonly reason: string;
  readonly version: string;
  readonly percent?: number;
  readonly attempt: number;
  /** What was offered in this try in the place of the package's own file. */
  readonly variant?: { readonly form: "delta" | "compressed"; readonly sourceVersion?: string; readonly size: number };
  /** The code by which the device refused a delta or a compressed image: it is offered the whole file since. */
  readonly variantRefusal?: string;
  readonly resultCode?: string;
  readonly resultMessage?: string;
  readonly deadlineAt?: number;
  readonly nextTryAt?: number;
  readonly updatedAt: number;
}

export interface TaskFilter {
  readonly planId?: number;
  /** Tasks of the plans of this product. */
  readonly productId?: string;
  readonly device?: DeviceName;
  readonly state?: TaskStateName;
  /** The stored reason, as in `ReasonCount`; empty: tasks that have none. */
  readonly reason?: string;
}

/** How many tasks of a plan are in a state for a reason. */
export interface ReasonCount {
  readonly state: TaskStateName;
  /**
   * The stored reason: result code of a failed task, state in which a silent one was, why a task was cancelled, why one
   * waits again. Empty if the state has none, and for tasks in flight.
   */
  readonly reason: string;
  readonly tasks: number;
}

export interface TaskOperations {
  tasks(filter: TaskFilter, page: Page): Promise<Paged<TaskView>>;
  /** @returns the states and reasons that tasks of a plan have, in the order of states; most tasks first in a state */
  planReasons(id: number): Promise<readonly ReasonCount[]>;
  cancelTask(id: number, actor: Actor): Promise<TaskView>;
}
