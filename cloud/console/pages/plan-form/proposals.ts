import { durationOf } from "./amounts.js";
import { newForm, type PlanFormState } from "./plan-form-state.js";

/** A product as the form needs it. */
export interface FormProduct {
  readonly productId: string;
  readonly timeZone?: string | undefined;
}

/** Boards of a demonstration are on the desk: nobody waits an hour for them. */
const DEMO = /^DEMO/;
const DEMO_SILENT_SECONDS = 20;
const DEMO_RETRY_SECONDS = 10;
/** Several boards misbehave on purpose: the plan goes on, so that one sees why each of them does not come. */
const DEMO_HALT = { haltPercent: "50", haltAtLeast: "10" };
const SILENT_SECONDS = 3600;

export function isDemo(productId: string): boolean {
  return DEMO.test(productId);
}

/** What the form proposes for a product; the reader's own zone if the product has none. */
function proposalsFor(
  { productId, timeZone }: FormProduct,
  ownZone: string,
): Pick<PlanFormState, "timeZone" | "silentAfter" | "retry" | "haltPercent" | "haltAtLeast"> {
  const { retry, haltPercent, haltAtLeast } = newForm(ownZone);
  return {
    timeZone: timeZone ?? ownZone,
    silentAfter: durationOf(isDemo(productId) ? DEMO_SILENT_SECONDS : SILENT_SECONDS),
    ...(isDemo(productId) ? DEMO_HALT : { haltPercent, haltAtLeast }),
    // A silent board of a demonstration stays silent, so that one sees it, and can mend it.
    retry: isDemo(productId)
      ? retry
          .filter(({ code }) => code !== "silent")
          .map((rule) => ({ ...rule, after: durationOf(DEMO_RETRY_SECONDS) }))
      : retry,
  };
}

/**
 * Chooses another product. Packages and versions belong to a product, so they begin anew; what was proposed for the
 * product before is proposed anew too, and what a person has changed stays.
 *
 * @param before the product that was chosen
 * @param ownZone the reader's time zone
 */
export function withProduct(
  form: PlanFormState,
  { before, chosen, ownZone }: { before: FormProduct; chosen: FormProduct; ownZone: string },
): PlanFormState {
  const old = proposalsFor(before, ownZone);
  const fresh = proposalsFor(chosen, ownZone);
  const isOwnTime =
    form.silentAfter.amount !== old.silentAfter.amount || form.silentAfter.unit !== old.silentAfter.unit;
  const isOwnHalt = form.haltPercent !== old.haltPercent || form.haltAtLeast !== old.haltAtLeast;
  return {
    ...form,
    product: chosen.productId,
    packages: chosen.productId === form.product ? form.packages : [{ component: "firmware", version: "" }],
    from: chosen.productId === form.product ? form.from : [],
    timeZone: form.timeZone === old.timeZone ? fresh.timeZone : form.timeZone,
    silentAfter: isOwnTime ? form.silentAfter : fresh.silentAfter,
    ...(isOwnHalt ? {} : { haltPercent: fresh.haltPercent, haltAtLeast: fresh.haltAtLeast }),
    retry: JSON.stringify(form.retry) === JSON.stringify(old.retry) ? fresh.retry : form.retry,
  };
}
