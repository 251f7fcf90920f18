import { unreachable } from "./task-machine.js";
import { type TaskRow, type TaskState, TASK_STATES } from "./task-types.js";

/**
 * The columns of a state. `reason` holds what is closed (a cause, a code, a state), `detail` what people read.
 */
export function toRow(state: TaskState): TaskRow {
  const { name, attempt } = state;
  const row = { state: name, reason: null, attempt, percent: null, deadlineMs: null, nextTryMs: null, detail: null };
  switch (state.name) {
    case "waiting":
      return { ...row, reason: state.cause, nextTryMs: state.notBeforeMs, detail: state.detail };
    case "offered":
    case "burning":
      return { ...row, deadlineMs: state.deadlineMs };
    case "asked":
    case "downloading":
      return { ...row, deadlineMs: state.deadlineMs, percent: state.percent };
    case "trial":
      return { ...row, deadlineMs: state.deadlineMs, reason: state.seen };
    case "succeeded":
    case "silent":
      return { ...row, reason: state.reason };
    case "failed":
    case "cancelled":
      return { ...row, reason: state.reason, detail: state.detail };
    case "declined":
      return { ...row, reason: state.code ?? null, detail: state.detail };
    case "superseded":
      return { ...row, detail: state.detail };
    default:
      return unreachable(state);
  }
}

/** The fields that a state of this name has, and the columns that hold them. */
const FIELDS: { readonly [Name in TaskState["name"]]: { readonly [field: string]: keyof TaskRow } } = Object.freeze({
  waiting: { cause: "reason", notBeforeMs: "nextTryMs", detail: "detail" },
  offered: { deadlineMs: "deadlineMs" },
  asked: { deadlineMs: "deadlineMs", percent: "percent" },
  downloading: { deadlineMs: "deadlineMs", percent: "percent" },
  burning: { deadlineMs: "deadlineMs" },
  trial: { deadlineMs: "deadlineMs", seen: "reason" },
  succeeded: { reason: "reason" },
  failed: { reason: "reason", detail: "detail" },
  declined: { detail: "detail" },
  silent: { reason: "reason" },
  cancelled: { reason: "reason", detail: "detail" },
  superseded: { detail: "detail" },
});

/**
 * The state that `toRow` wrote.
 *
 * @throws RangeError if the row is none that it could have written: the store is damaged
 */
export function fromRow(row: TaskRow): TaskState {
  const state: { [field: string]: unknown } = { name: row.state, attempt: row.attempt };
  if (!TASK_STATES.includes(row.state)) throw new RangeError(`a task is in no known state: ${row.state}`);
  for (const [field, column] of Object.entries(FIELDS[row.state])) {
    const value = row[column];
    if (value === null || value === undefined) throw new RangeError(`a task that is ${row.state} has no ${column}`);
    state[field] = value;
  }
  // A person's no has no code.
  if (row.state === "declined" && row.reason !== null) state["code"] = row.reason;
  return state as unknown as TaskState;
}
