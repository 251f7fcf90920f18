import type { PlanView } from "../../../operator/types.js";
import { texts } from "../../state/language.js";
import { mayOperate } from "../../state/session.js";
import { Empty } from "../../view/empty.js";
import { Link } from "../../view/link.js";
import { PlanMark } from "../../view/mark.js";
import { StateBar, StateLegend } from "../../view/state-bar.js";

/** Plans that run, each with its picture. */
export function RunningPlans({ plans }: { readonly plans: readonly PlanView[] }) {
  const { overview: words } = texts.value;
  return (
    <section class="panel" aria-labelledby="running">
      <h2 id="running">{words.running}</h2>
      {plans.length === 0 ? (
        <Empty text={words.noPlans} command={words.planCommand}>
          {mayOperate.value ? (
            <Link to="/plans/new" class="button">
              {texts.value.plans.newPlan}
            </Link>
          ) : null}
        </Empty>
      ) : null}
      {plans.map((plan) => (
        <div key={plan.id} class="running-plan">
          <p>
            <Link to={`/plans/${plan.id}`}>{plan.name}</Link> <PlanMark state={plan.state} />
          </p>
          <StateBar counts={plan.counts} />
          <StateLegend counts={plan.counts} />
        </div>
      ))}
    </section>
  );
}
