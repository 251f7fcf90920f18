import type { PlanView } from "../../../operator/types.js";
import { plans } from "../../api/cloud.js";
import { texts } from "../../state/language.js";
import { useResource } from "../../state/resource.js";
import { Problem } from "../../view/problem.js";
import { LeftGroups } from "./left-groups.js";
import { settingsOf } from "./settings-of.js";

/** The devices that the plan leaves out, and why. */
export function LeftTab({ plan }: { readonly plan: PlanView }) {
  const { common, plans: words } = texts.value;
  const { id, state, settings } = plan;
  const { value, error, reload } = useResource(
    (signal) => plans.preview(id, { limit: 0 }, signal),
    [id, state],
    (change) => change.kind === "plan" && change.planId === id && state === "draft",
  );
  if (error !== undefined) return <Problem error={error} onRetry={reload} />;
  if (value === undefined) return <p class="quiet">{common.loading}</p>;
  const { matches } = value.counts;
  const isFixed = state !== "draft" && settingsOf(settings).dynamic !== true;
  return (
    <>
      {isFixed && matches > 0 ? <p class="plan-advice">{words.advice.later(matches)}</p> : null}
      <LeftGroups plan={plan} counts={value.counts} />
    </>
  );
}
