import type { PlanView } from "../../../operator/types.js";
import { plans } from "../../api/cloud.js";
import { texts } from "../../state/language.js";
import { useResource } from "../../state/resource.js";
import { Problem } from "../../view/problem.js";
import { DeviceNames } from "./device-names.js";
import { LeftGroups } from "./left-groups.js";

/** Names that are shown; all of them would be no preview. */
const NAMES = 100;

/** What a draft would do if it were activated now. */
export function DraftPreview({ plan }: { readonly plan: PlanView }) {
  const { common, plans: words } = texts.value;
  const { value, error, reload } = useResource(
    (signal) => plans.preview(plan.id, { limit: NAMES }, signal),
    [plan.id],
    ({ kind }) => kind === "plan" || kind === "package" || kind === "presence",
  );
  if (error !== undefined) return <Problem error={error} onRetry={reload} />;
  if (value === undefined) return <p class="quiet">{common.loading}</p>;
  const { matches, counts } = value;
  return (
    <div class="panels">
      <section class="panel" aria-label={words.matches}>
        <h2>{words.matchesNow(counts.matches)}</h2>
        {counts.matches === 0 ? <p>{words.advice.nobody}</p> : <DeviceNames devices={matches} />}
        {counts.matches > matches.length ? <p class="quiet">{words.andMore(counts.matches - matches.length)}</p> : null}
      </section>
      <section class="panel" aria-label={words.tab.left}>
        <h2>{words.tab.left}</h2>
        <LeftGroups plan={plan} counts={counts} />
      </section>
    </div>
  );
}
