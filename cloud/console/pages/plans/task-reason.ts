import type { TaskView } from "../../../operator/types.js";

/** Why a task is in its state, in parts that the page has words for. */
export interface TaskReason {
  /** A code of `codes.reason`. */
  readonly code?: string;
  /** A code of `codes.match`. */
  readonly match?: string;
  readonly component?: string;
  readonly planId?: number;
  /** What a person who declines has left as a message, as the device sent it. */
  readonly quote?: string;
  /** When the waiting is over, in milliseconds since 1970, if that is known. */
  readonly untilMs?: number;
}

export function taskReason(task: Pick<TaskView, "state" | "reason" | "nextTryAt">): TaskReason {
  const { state, reason, nextTryAt } = task;
  if (reason === "") return {};
  if (state === "declined" && reason !== "declined") return { quote: messageOf(reason) };
  if (state === "superseded") return planOf(reason);
  const [code = "", ...others] = reason.split(" ");
  const rest = others.join(" ");
  switch (code) {
    case "other-plan":
      return { code, ...planOf(rest) };
    case "earlier-component":
      return rest === "" ? { code } : { code, component: rest };
    case "no-match":
      return rest === "" ? { code } : { code, match: rest };
    case "retry-at":
    case "deferred":
      return nextTryAt === undefined ? { code } : { code, untilMs: nextTryAt };
    default:
      return { code };
  }
}

function planOf(text: string): { readonly planId?: number } {
  const planId = Number(text);
  return Number.isInteger(planId) && planId > 0 ? { planId } : {};
}

/** @returns the message of a person who declines, without what the state says already */
function messageOf(reason: string): string {
  return reason.replace(/^declined: (?=.)/, "");
}
