import type { ComponentChildren } from "preact";
import type { PlanView } from "../../../operator/types.js";
import { plans } from "../../api/cloud.js";
import { texts } from "../../state/language.js";
import { showNotice } from "../../state/notices.js";
import { useResource } from "../../state/resource.js";
import { navigate } from "../../state/router.js";
import { Confirm } from "../../view/dialog.js";
import { ProblemText } from "../../view/problem.js";
import { sumsOf } from "./plan-counts.js";

export type Risky = "activate" | "cancel" | "stop" | "retry" | "remove";

/** Asks before what is hard to take back, and says how many devices it concerns. */
export function PlanConfirm(props: {
  readonly plan: PlanView;
  readonly command: Risky;
  onDone(): void;
  onClose(): void;
}) {
  const { plan, command, onDone, onClose } = props;
  const words = texts.value.plans;
  const confirm = async (): Promise<void> => {
    if (command === "remove") await plans.remove(plan.id);
    else if (command === "retry") await plans.retry(plan.id);
    else await plans.act(plan.id, command);
    showNotice(words.done[command]);
    if (command === "remove") navigate("/plans");
    else onDone();
  };
  return (
    <Confirm
      title={words.confirm.title(words[command], plan.name)}
      action={words[command]}
      kind={command === "activate" || command === "retry" ? "primary" : "danger"}
      {...(command === "stop" ? { name: plan.name } : {})}
      onConfirm={confirm}
      onClose={onClose}
    >
      <Consequence plan={plan} command={command} />
    </Confirm>
  );
}

function Consequence({ plan, command }: { readonly plan: PlanView; readonly command: Risky }): ComponentChildren {
  const { confirm } = texts.value.plans;
  const { open } = sumsOf(plan.counts);
  switch (command) {
    case "activate":
      return <Matches planId={plan.id} />;
    case "cancel":
    case "stop":
      return <p>{confirm[command](open)}</p>;
    case "retry":
      return <p>{confirm.retry(plan.counts.failed, plan.counts.silent)}</p>;
    case "remove":
      return <p>{confirm.remove}</p>;
  }
}

/** How many devices the activation would concern at this moment. */
function Matches({ planId }: { readonly planId: number }) {
  const { common, plans: words } = texts.value;
  const { value, error } = useResource((signal) => plans.preview(planId, { limit: 0 }, signal), [planId]);
  if (error !== undefined) return <ProblemText error={error} />;
  if (value === undefined) return <p class="quiet">{common.loading}</p>;
  const { matches, left } = value.counts;
  return (
    <>
      <p role="status">
        {words.confirm.activate(matches)} {left > 0 ? words.confirm.activateLeft(left) : null}
      </p>
      <p>{words.confirm.activateLast}</p>
    </>
  );
}
