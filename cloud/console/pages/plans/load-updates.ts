import type { Paged, PlanView } from "../../../operator/types.js";

/** A segment has at least so many plans, if there are so many. */
const LEAST = 30;

/**
 * Loads a segment of the list of plans. Verifications are plans too, and may be most of them: as long as next to
 * nothing is left without them, more is loaded.
 */
export async function loadUpdates(
  load: (after: number | undefined) => Promise<Paged<PlanView>>,
  after: number | undefined,
  withVerifications: boolean,
): Promise<Paged<PlanView>> {
  const items: PlanView[] = [];
  for (let from = after; ; ) {
    const page = await load(from);
    items.push(...page.items.filter(({ purpose }) => withVerifications || purpose === "update"));
    const { next } = page;
    if (next === undefined) return { items };
    if (items.length >= LEAST) return { items, next };
    from = next;
  }
}
