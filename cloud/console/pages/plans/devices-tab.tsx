import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { PlanView, TaskView } from "../../../operator/types.js";
import { plans, tasks } from "../../api/cloud.js";
import { address } from "../../api/request.js";
import { texts } from "../../state/language.js";
import { useResource } from "../../state/resource.js";
import { query, setQuery } from "../../state/router.js";
import { useRows } from "../../state/rows.js";
import { mayOperate } from "../../state/session.js";
import { useColumns } from "../../view/columns.js";
import { StateBar, StateLegend } from "../../view/state-bar.js";
import { Table } from "../../view/table.js";
import { filteredTotal } from "./chips.js";
import { concernsPlan } from "./concerns.js";
import { mayRetry } from "./plan-counts.js";
import { PlanChart } from "./plan-chart.js";
import { ReasonChips } from "./reason-chips.js";
import { RetrySelected } from "./retry-selected.js";
import { settingsOf } from "./settings-of.js";
import { taskColumns } from "./task-columns.js";
import { TaskPanel } from "./task-panel.js";

/** Columns that have no room beside an open log. */
const WIDE_ONLY = new Set(["component", "progress", "attempt", "result", "changed"]);

/** The picture of a plan, and the table of its devices. */
export function DevicesTab({ plan }: { readonly plan: PlanView }) {
  const { id, counts } = plan;
  const { plans: words } = texts.value;
  const state = query.value.get("state") ?? "";
  const reason = query.value.get("reason") ?? "";
  const opened = Number(query.value.get("task") ?? 0);
  const filter = { plan: id, state, reason };
  const reasons = useResource((signal) => plans.reasons(id, signal), [id], concernsPlan(id));
  const rows = useRows<TaskView>({
    load: (after, signal) => tasks.list({ ...filter, after, limit: 500, order: "oldest" }, signal),
    inputs: [id, state, reason],
    concerns: concernsPlan(id),
  });
  const selection = useSignal<ReadonlySet<number>>(new Set());
  useEffect(() => {
    selection.value = new Set();
  }, [state, reason]);
  const { shown, menu } = useColumns("tasks", taskColumns(settingsOf(plan.settings).packages.length > 1));
  const choose = (nextState: string, nextReason: string): void => setQuery({ state: nextState, reason: nextReason });
  const selected = rows.rows.filter((task) => selection.value.has(task.id));
  return (
    <>
      <section class="plan-picture" aria-label={words.states}>
        <StateBar counts={counts} />
        <StateLegend counts={counts} chosen={state} onChoose={(next) => choose(next, "")} />
        <PlanChart plan={plan} />
      </section>
      <ReasonChips items={reasons.value?.items ?? []} state={state} reason={reason} onChoose={choose} />
      <div class="filters">
        <div class="filters-end">
          {state === "" && reason === "" ? null : (
            <button type="button" class="button" onClick={() => choose("", "")}>
              {words.clearFilter}
            </button>
          )}
          <a class="button" href={address("/export/tasks", { format: "csv", ...filter })} download>
            {texts.value.common.exportCsv}
          </a>
          <a class="button" href={address("/export/tasks", { format: "jsonl", ...filter })} download>
            {words.exportJsonl}
          </a>
          {menu}
        </div>
      </div>
      <div class={opened > 0 ? "plan-split plan-split-open" : "plan-split"}>
        <div class="plan-table">
          <Table
            label={words.tab.devices}
            columns={opened > 0 ? shown.filter((column) => !WIDE_ONLY.has(column.id)) : shown}
            rows={rows}
            keyOf={(task) => task.id}
            idOf={(task) => task.id}
            total={filteredTotal(counts, reasons.value?.items, state, reason)}
            onOpen={(task) => setQuery({ task: String(task.id) })}
            isOpen={(task) => task.id === opened}
            {...(mayOperate.value ? { selection } : {})}
            {...(state === "" ? { empty: <p class="quiet">{words.noTasks}</p> } : {})}
          />
          {selected.length === 0 ? null : (
            <RetrySelected
              planId={id}
              selected={selected.length}
              tasks={selected.filter(mayRetry).map((task) => task.id)}
              onDone={() => {
                selection.value = new Set();
                rows.reload();
              }}
            />
          )}
        </div>
        {opened > 0 ? (
          <TaskPanel key={opened} planId={id} taskId={opened} onClose={() => setQuery({ task: "" })} />
        ) : null}
      </div>
    </>
  );
}
