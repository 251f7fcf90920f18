import type { TaskView } from "../../../operator/types.js";
import { tasks } from "../../api/cloud.js";
import { texts } from "../../state/language.js";
import { useRows } from "../../state/rows.js";
import { reasonIn } from "../../text/words.js";
import { useColumns } from "../../view/columns.js";
import { Time } from "../../view/facts.js";
import { Link } from "../../view/link.js";
import { TaskMark } from "../../view/mark.js";
import { type Column, Table } from "../../view/table.js";

interface Named {
  readonly productId: string;
  readonly deviceName: string;
}

/** The tasks of a device's plans, the newest first. */
export function DeviceTasks({ device: { productId, deviceName } }: { readonly device: Named }) {
  const { devices: words, common, codes } = texts.value;
  const rows = useRows<TaskView>({
    load: (after, signal) =>
      tasks.list({ product: productId, device: deviceName, order: "newest", limit: 100, after }, signal),
    inputs: [productId, deviceName],
    concerns: (change) =>
      change.kind === "event" &&
      change.event.device?.productId === productId &&
      change.event.device.deviceName === deviceName,
  });
  const columns: readonly Column<TaskView>[] = [
    {
      id: "plan",
      title: words.plan,
      width: "110px",
      cell: ({ planId }) => <Link to={`/plans/${planId}`}>{words.planNumber(planId)}</Link>,
    },
    { id: "component", title: common.component, rank: 2, cell: ({ component }) => component },
    { id: "version", title: common.version, cell: ({ version }) => <span class="id">{version}</span> },
    {
      id: "state",
      title: common.state,
      cell: ({ state, percent }) => (
        <>
          <TaskMark state={state} />{" "}
          {percent === undefined || state !== "downloading" ? null : <span>{common.percent(percent)}</span>}
        </>
      ),
    },
    {
      id: "reason",
      title: common.reason,
      rank: 2,
      cell: ({ reason, resultMessage }) => (
        <span title={resultMessage}>{reason === "" ? "" : reasonIn(codes.reason, reason)}</span>
      ),
    },
    { id: "attempt", title: words.attempt, rank: 3, width: "90px", numeric: true, cell: ({ attempt }) => attempt },
    {
      id: "changed",
      title: common.lastChange,
      rank: 3,
      width: "120px",
      cell: ({ updatedAt }) => <Time at={updatedAt} />,
    },
  ];
  const { shown, menu } = useColumns("device-tasks", columns);
  return (
    <>
      <div class="filters">
        <div class="filters-end">{menu}</div>
      </div>
      <Table
        label={words.tabs.tasks}
        columns={shown}
        rows={rows}
        keyOf={({ id }) => id}
        pathOf={({ id, planId }) => `/plans/${planId}?task=${id}`}
        empty={<p class="quiet">{words.noTasks}</p>}
      />
    </>
  );
}
