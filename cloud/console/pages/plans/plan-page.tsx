import type { PlanView } from "../../../operator/types.js";
import { plans } from "../../api/cloud.js";
import { texts } from "../../state/language.js";
import { useResource } from "../../state/resource.js";
import { query, setQuery } from "../../state/router.js";
import { wordOf } from "../../text/words.js";
import { Time } from "../../view/facts.js";
import { Head } from "../../view/head.js";
import { Link } from "../../view/link.js";
import { PlanMark } from "../../view/mark.js";
import { Problem } from "../../view/problem.js";
import { Tabs } from "../../view/tabs.js";
import { Advice } from "./advice.js";
import { concernsPlan } from "./concerns.js";
import { DevicesTab } from "./devices-tab.js";
import { DraftPreview } from "./draft-preview.js";
import { LeftTab } from "./left-tab.js";
import { PlanActions } from "./plan-actions.js";
import { PlanLog } from "./plan-log.js";
import { planReason } from "./plan-counts.js";
import { SettingsTab } from "./settings-tab.js";
import { targetsOf } from "./settings-of.js";

const TABS = ["devices", "left", "settings", "log"] as const;

/** One plan: its state and what can be done on top, below it its devices, who is left out, its settings and its log. */
export function PlanPage({ id }: { readonly id: number }) {
  const { plans: words } = texts.value;
  const { value: plan, error, reload } = useResource((signal) => plans.one(id, signal), [id], concernsPlan(id));
  if (plan === undefined) {
    return error === undefined ? (
      <p class="quiet">{texts.value.common.loading}</p>
    ) : (
      <>
        <Head title={words.title} above={<Link to="/plans">{words.title}</Link>} />
        <Problem error={error} onRetry={reload} />
      </>
    );
  }
  const chosen = TABS.find((tab) => tab === query.value.get("tab")) ?? "devices";
  return (
    <>
      <Head title={plan.name} above={<Link to="/plans">{words.title}</Link>} facts={<PlanFacts plan={plan} />}>
        <PlanActions plan={plan} onDone={reload} />
      </Head>
      {error === undefined ? null : <Problem error={error} onRetry={reload} />}
      <Advice plan={plan} />
      <Tabs
        label={words.tab.tabs}
        tabs={TABS.map((tab) => ({ id: tab, label: words.tab[tab] }))}
        chosen={chosen}
        onChoose={(tab) => setQuery({ tab: tab === "devices" ? "" : tab })}
      >
        <Panel plan={plan} tab={chosen} />
      </Tabs>
    </>
  );
}

function Panel({ plan, tab }: { readonly plan: PlanView; readonly tab: (typeof TABS)[number] }) {
  switch (tab) {
    case "devices":
      return plan.state === "draft" ? <DraftPreview plan={plan} /> : <DevicesTab plan={plan} />;
    case "left":
      return <LeftTab plan={plan} />;
    case "settings":
      return <SettingsTab plan={plan} />;
    case "log":
      return <PlanLog plan={plan} />;
  }
}

function PlanFacts({ plan }: { readonly plan: PlanView }) {
  const { plans: words, codes } = texts.value;
  const { state, reason, productId, settings, purpose, createdAt, activatedAt, endedAt } = plan;
  const { code } = planReason(reason);
  return (
    <span class="plan-facts">
      <span>
        <PlanMark state={state} />
        {state === "halted" && code !== "" ? `: ${wordOf(codes.planReason, code)}` : null}
      </span>
      {purpose === "verification" ? <span>{words.verification}</span> : null}
      <span class="id">{productId}</span>
      <span class="id">→ {targetsOf(settings).join(", ")}</span>
      {endedAt !== undefined ? (
        <span>
          {words.hasEnded} <Time at={endedAt} />
        </span>
      ) : activatedAt !== undefined ? (
        <span>
          {words.activated} <Time at={activatedAt} />
        </span>
      ) : (
        <span>
          {words.created} <Time at={createdAt} />
        </span>
      )}
    </span>
  );
}
