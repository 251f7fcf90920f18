import type { PlanView } from "../../../operator/types.js";
import { planReason, sumsOf } from "./plan-counts.js";

export type PlanCommand = "activate" | "resume" | "pause" | "retry" | "edit" | "copy" | "stop" | "cancel" | "remove";

/**
 * What an operator can do with a plan as it is: what the plan's machine would refuse is left out. The order is that of
 * the buttons.
 */
export function commandsOf(plan: Pick<PlanView, "state" | "reason" | "counts" | "purpose">): readonly PlanCommand[] {
  const { state, counts, purpose } = plan;
  const { open, bad } = sumsOf(counts);
  const { code } = planReason(plan.reason);
  const isWithdrawn = state === "halted" && code === "package-withdrawn";
  const retry: PlanCommand[] = bad > 0 && !isWithdrawn ? ["retry"] : [];
  // A verification is begun at its package.
  const copy: PlanCommand[] = purpose === "update" ? ["copy"] : [];
  switch (state) {
    case "draft":
      return ["activate", "edit", ...copy, "remove"];
    case "active":
      return ["pause", ...retry, ...copy, "cancel", "stop"];
    case "paused":
      return ["resume", ...retry, ...copy, "cancel", "stop"];
    case "halted":
      return [
        ...(isWithdrawn ? [] : (["resume"] as const)),
        ...retry,
        ...copy,
        "cancel",
        ...(code === "stopped" ? [] : (["stop"] as const)),
      ];
    case "finished":
      return [...retry, ...copy];
    case "cancelled":
      return [...copy, ...(open > 0 ? (["stop"] as const) : [])];
  }
}

/** The one that a careful operator would want most. */
export function primaryOf(commands: readonly PlanCommand[]): PlanCommand | undefined {
  return commands.find((command) => command === "activate" || command === "resume");
}
