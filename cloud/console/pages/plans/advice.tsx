import type { PlanView } from "../../../operator/types.js";
import { Time } from "../../view/facts.js";
import { texts } from "../../state/language.js";
import { planReason } from "./plan-counts.js";

/** Why a plan does not go on, and what to do next. */
export function Advice({ plan: { state, reason, urlsLiveUntil } }: { readonly plan: PlanView }) {
  const { advice, by } = texts.value.plans;
  if (state === "draft" || state === "paused") return <p class="plan-advice">{advice[state]}</p>;
  const { code, detail } = planReason(reason);
  const live = urlsLiveUntil !== undefined && urlsLiveUntil > Date.now() ? urlsLiveUntil : undefined;
  if (state === "cancelled") {
    if (code === "" && live === undefined) return null;
    return (
      <p class="plan-advice">
        {code === "" ? null : `${by(code)} `}
        {live === undefined ? null : <LiveUrls until={live} />}
      </p>
    );
  }
  if (state !== "halted") return null;
  const [, bad, ended] = /^(\d+) of (\d+) /.exec(detail) ?? [];
  const isStopped = code === "stopped";
  const words = isStopped && live !== undefined ? "stoppedLive" : code;
  const known =
    words === "threshold" || words === "stopped" || words === "stoppedLive" || words === "package-withdrawn"
      ? advice[words]
      : detail;
  return (
    <p class="plan-advice plan-advice-halted" role="status">
      {bad === undefined ? null : `${advice.thresholdOf(Number(bad), Number(ended))} `}
      {isStopped && detail !== "" ? `${advice.stoppedBy(detail)} ` : null}
      {known}
      {live === undefined ? null : " "}
      {live === undefined ? null : <LiveUrls until={live} />}
    </p>
  );
}

/** URLs of a store cannot be taken back. */
function LiveUrls({ until }: { readonly until: number }) {
  const { advice } = texts.value.plans;
  return (
    <>
      {advice.urlsLive} <Time at={until} />
    </>
  );
}
