import type { Reach } from "../types.js";

/** @returns as `3 runs-target, 1 denied`: the most frequent reason first */
export function reasonsText(byReason: Reach["byReason"]): string {
  const reasons = Object.entries(byReason).sort(([, one], [, other]) => other - one);
  return reasons.length === 0
    ? "there is no device"
    : reasons.map(([reason, count]) => `${count} ${reason}`).join(", ");
}
