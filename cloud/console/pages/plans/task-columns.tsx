import type { TaskView } from "../../../operator/types.js";
import { texts } from "../../state/language.js";
import { wordOf } from "../../text/words.js";
import { Id, Time } from "../../view/facts.js";
import { Link } from "../../view/link.js";
import { TaskMark } from "../../view/mark.js";
import type { Column } from "../../view/table.js";
import { taskReason } from "./task-reason.js";

/**
 * Columns of the tasks of a plan.
 *
 * @param withComponent whether the plan has several components
 */
export function taskColumns(withComponent: boolean): readonly Column<TaskView>[] {
  const { common, plans: words } = texts.value;
  const component: Column<TaskView> = {
    id: "component",
    title: common.component,
    width: "96px",
    rank: 3,
    cell: (task) => task.component,
  };
  return [
    { id: "device", title: common.device, cell: ({ deviceName }) => <Id text={deviceName} /> },
    ...(withComponent ? [component] : []),
    { id: "state", title: common.state, width: "144px", cell: ({ state }) => <TaskMark state={state} /> },
    { id: "reason", title: common.reason, width: "28%", rank: 2, cell: (task) => <ReasonText task={task} /> },
    {
      id: "progress",
      title: words.progress,
      width: "96px",
      numeric: true,
      rank: 3,
      cell: ({ percent }) => (percent === undefined ? "" : common.percent(percent)),
    },
    { id: "attempt", title: words.attempt, width: "56px", numeric: true, rank: 3, cell: ({ attempt }) => attempt },
    {
      id: "result",
      title: words.result,
      width: "16%",
      rank: 3,
      // The message of a person who declines is the reason, and stands there.
      cell: ({ state, resultMessage = "" }) =>
        state === "declined" ? "" : <span title={resultMessage}>{resultMessage}</span>,
    },
    {
      id: "changed",
      title: common.lastChange,
      width: "120px",
      rank: 2,
      cell: ({ updatedAt }) => <Time at={updatedAt} />,
    },
  ];
}

/** Why a task is in its state, in words; with the time at which a waiting is over. */
export function ReasonText({ task }: { readonly task: TaskView }) {
  const { codes, log, plans: words } = texts.value;
  const { code, match, component, planId, untilMs, quote } = taskReason(task);
  return (
    <span title={quote}>
      {quote === undefined ? null : <q class="given">{quote}</q>}
      {code === undefined ? null : wordOf(codes.reason, code)}
      {match === undefined ? null : ` ${wordOf(codes.match, match)}`}
      {component === undefined ? null : ` ${component}`}
      {planId === undefined ? null : (
        <>
          {" "}
          <Link to={`/plans/${planId}`}>{log.plan(planId)}</Link>
        </>
      )}
      {untilMs === undefined ? null : (
        <span class="quiet">
          {" "}
          {words.until} <Time at={untilMs} />
        </span>
      )}
    </span>
  );
}
