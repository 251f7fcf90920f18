import { useState } from "preact/hooks";
import type { PlanView } from "../../../operator/types.js";
import type { Preview as CountedPreview } from "../../../operator/types.js";
import { plans } from "../../api/cloud.js";
import { locale, texts } from "../../state/language.js";
import { useResource } from "../../state/resource.js";
import { wholeNumber } from "../../text/numbers.js";
import { wordOf } from "../../text/words.js";
import { Button } from "../../view/button.js";
import { saveFile } from "../../view/copy.js";
import { Problem } from "../../view/problem.js";
import { DeviceNames } from "./device-names.js";
import { leftFile, leftGroups } from "./left-out.js";

/** Who is left out of a plan, by reason; a group opens into its devices. */
export function LeftGroups(props: { readonly plan: PlanView; readonly counts: CountedPreview["counts"] }) {
  const { plan, counts } = props;
  const { codes, plans: words } = texts.value;
  const [opened, setOpened] = useState("");
  const groups = leftGroups(counts.byReason);
  if (groups.length === 0) return <p class="quiet">{words.leftNone}</p>;
  const save = async (): Promise<void> => {
    const { left } = await plans.preview(plan.id, {});
    saveFile(`plan-${plan.id}-left-out.csv`, leftFile(left), "text/csv");
  };
  return (
    <>
      <div class="filters">
        <span>{words.leftNow(groups.reduce((sum, [, count]) => sum + count, 0))}</span>
        <div class="filters-end">
          <Button onPress={save}>{words.leftFile}</Button>
        </div>
      </div>
      <ul class="left-groups">
        {groups.map(([reason, count]) => (
          <li key={reason}>
            <button
              type="button"
              class="left-group"
              aria-expanded={opened === reason}
              title={opened === reason ? words.hideNames : words.showNames}
              onClick={() => setOpened(opened === reason ? "" : reason)}
            >
              <span aria-hidden="true">{opened === reason ? "▾" : "▸"}</span>
              <span>{wordOf(codes.match, reason)}</span>
              <span class="figure">{wholeNumber(count, locale.value)}</span>
            </button>
            {opened === reason ? <LeftNames plan={plan} reason={reason} count={count} /> : null}
          </li>
        ))}
      </ul>
    </>
  );
}

const FIRST_NAMES = 100;
/** The API lists no more at a time. */
const MOST_NAMES = 1000;

function LeftNames(props: { readonly plan: PlanView; readonly reason: string; readonly count: number }) {
  const { plan, reason, count } = props;
  const { common, plans: words } = texts.value;
  const [limit, setLimit] = useState(FIRST_NAMES);
  const { value, error, reload } = useResource(
    (signal) => plans.preview(plan.id, { limit, reason }, signal),
    [plan.id, reason, limit],
  );
  const [kept, setKept] = useState<CountedPreview["left"]>();
  // While more are loaded, those that are there stay.
  if (value !== undefined && value.left !== kept) setKept(value.left);
  const left = value?.left ?? kept;
  if (error !== undefined) return <Problem error={error} onRetry={reload} />;
  if (left === undefined) return <p class="quiet">{common.loading}</p>;
  const more = Math.min(count, MOST_NAMES) - left.length;
  return (
    <>
      <DeviceNames devices={left} />
      {limit < MOST_NAMES && more > 0 ? (
        <Button onPress={() => setLimit(MOST_NAMES)}>{words.showMore(more)}</Button>
      ) : null}
      {limit === MOST_NAMES && count > left.length ? (
        <p class="quiet">{words.moreInFile(count - left.length)}</p>
      ) : null}
    </>
  );
}
