import type { Change } from "../../api/live.js";

/** @returns whether what the cloud reports may have changed a plan or its tasks */
export function concernsPlan(id: number): (change: Change) => boolean {
  return (change) =>
    (change.kind === "plan" && change.planId === id) || (change.kind === "event" && change.event.planId === id);
}
