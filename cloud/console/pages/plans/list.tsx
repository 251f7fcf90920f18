import type { PlanView } from "../../../operator/types.js";
import { plans } from "../../api/cloud.js";
import { locale, texts } from "../../state/language.js";
import { product } from "../../state/product.js";
import { navigate, query, setQuery } from "../../state/router.js";
import { useRows } from "../../state/rows.js";
import { mayOperate } from "../../state/session.js";
import { wholeNumber } from "../../text/numbers.js";
import { wordOf } from "../../text/words.js";
import { Button } from "../../view/button.js";
import { useColumns } from "../../view/columns.js";
import { Empty } from "../../view/empty.js";
import { Time } from "../../view/facts.js";
import { Check, SelectField } from "../../view/field.js";
import { Head } from "../../view/head.js";
import { Link } from "../../view/link.js";
import { PlanMark } from "../../view/mark.js";
import { StateBar } from "../../view/state-bar.js";
import { type Column, Table } from "../../view/table.js";
import { planReason, sumsOf } from "./plan-counts.js";
import { loadUpdates } from "./load-updates.js";
import { targetsOf } from "./settings-of.js";

const STATES: readonly PlanView["state"][] = ["draft", "active", "paused", "halted", "finished", "cancelled"];

/** All plans, the newest first. */
export function PlanList() {
  const { common, plans: words, codes } = texts.value;
  const state = query.value.get("state") ?? "";
  const withVerifications = query.value.get("verifications") === "1";
  const rows = useRows<PlanView>({
    load: (after, signal) =>
      loadUpdates(
        (from) => plans.list({ after: from, limit: 100, order: "newest", product: product.value, state }, signal),
        after,
        withVerifications,
      ),
    inputs: [product.value, state, withVerifications],
    concerns: ({ kind }) => kind === "plan",
  });
  const { shown, menu } = useColumns("plans", columns());
  const isFiltered = state !== "" || product.value !== "";
  return (
    <>
      <Head title={words.title}>
        {mayOperate.value ? (
          <Button kind="primary" onPress={() => navigate("/plans/new")}>
            {words.newPlan}
          </Button>
        ) : null}
      </Head>
      <div class="filters">
        <SelectField
          label={common.state}
          value={state}
          choices={[
            { value: "", label: common.all },
            ...STATES.map((value) => ({ value, label: wordOf(codes.planState, value) })),
          ]}
          onValue={(value) => setQuery({ state: value })}
        />
        <Check
          label={words.showVerifications}
          checked={withVerifications}
          onValue={(checked) => setQuery({ verifications: checked ? "1" : "" })}
        />
        <div class="filters-end">{menu}</div>
      </div>
      <Table
        label={words.title}
        columns={shown}
        rows={rows}
        keyOf={({ id }) => id}
        pathOf={({ id }) => `/plans/${id}`}
        empty={
          isFiltered ? (
            <p class="quiet">{words.emptyFilter}</p>
          ) : (
            <Empty text={words.empty} command="ota-cloud plan create --file plan.json">
              {mayOperate.value ? <Link to="/plans/new">{words.newPlan}</Link> : null}
            </Empty>
          )
        }
      />
    </>
  );
}

function columns(): readonly Column<PlanView>[] {
  const { common, plans: words } = texts.value;
  return [
    {
      id: "name",
      title: common.name,
      cell: ({ id, name, purpose }) => (
        <>
          <Link to={`/plans/${id}`} title={name}>
            {name}
          </Link>
          {purpose === "verification" ? <span class="quiet"> · {words.verification}</span> : null}
        </>
      ),
    },
    { id: "state", title: common.state, width: "20%", cell: (plan) => <StateCell plan={plan} /> },
    { id: "product", title: common.product, width: "128px", rank: 3, cell: ({ productId }) => productId },
    {
      id: "versions",
      title: words.versions,
      width: "12%",
      rank: 2,
      cell: ({ settings }) => <span class="id">{targetsOf(settings).join(", ")}</span>,
    },
    { id: "progress", title: words.progress, width: "18%", rank: 2, cell: (plan) => <Progress plan={plan} /> },
    {
      id: "failed",
      title: words.failed,
      width: "72px",
      numeric: true,
      rank: 3,
      cell: ({ counts }) => <Failed count={sumsOf(counts).bad} />,
    },
    {
      id: "created",
      title: common.created,
      width: "112px",
      rank: 3,
      cell: ({ createdAt }) => <Time at={createdAt} />,
    },
  ];
}

function StateCell({ plan: { state, reason } }: { readonly plan: PlanView }) {
  const { code } = planReason(reason);
  const word = state === "halted" ? wordOf(texts.value.codes.planReason, code) : "";
  return (
    <span title={word === "" ? undefined : word}>
      <PlanMark state={state} />
      {word === "" ? null : <span class="quiet"> · {word}</span>}
    </span>
  );
}

function Progress({ plan: { state, counts } }: { readonly plan: PlanView }) {
  const { total, ended } = sumsOf(counts);
  if (state === "draft" && total === 0) return <span class="quiet">–</span>;
  return (
    <span class="plan-progress">
      <StateBar counts={counts} size="small" />
      <span class="figure">{texts.value.plans.ended(ended, total)}</span>
    </span>
  );
}

function Failed({ count }: { readonly count: number }) {
  return <span class={count > 0 ? "plan-bad" : "quiet"}>{wholeNumber(count, locale.value)}</span>;
}
