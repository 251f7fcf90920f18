import type { Overview } from "../../../operator/types.js";
import { locale, texts } from "../../state/language.js";
import { wholeNumber } from "../../text/numbers.js";
import { reasonIn } from "../../text/words.js";
import { Link } from "../../view/link.js";
import { TaskMark } from "../../view/mark.js";

/** Why devices did not come: by the reason, and the plan in which it happened. */
export function Failures({ overview }: { readonly overview: Overview }) {
  const { overview: words, codes } = texts.value;
  const rows = [...overview.failures].sort((a, b) => b.tasks - a.tasks);
  return (
    <section class="panel" aria-labelledby="failures">
      <h2 id="failures">{words.failures}</h2>
      {rows.length === 0 ? <p class="quiet">{words.noFailures}</p> : null}
      <ul class="failures">
        {rows.map(({ planId, state, reason, tasks }) => (
          <li key={`${planId} ${state} ${reason}`}>
            <span class="figure">{wholeNumber(tasks, locale.value)}</span> <TaskMark state={state} />{" "}
            {reasonIn(codes.reason, reason)}{" "}
            <Link to={`/plans/${planId}?${new URLSearchParams({ state, reason }).toString()}`}>
              {overview.plans.find(({ id }) => id === planId)?.name ?? words.planNumber(planId)}
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
