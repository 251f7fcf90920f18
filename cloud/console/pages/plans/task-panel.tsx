import { useEffect, useRef, useState } from "preact/hooks";
import type { TaskView } from "../../../operator/types.js";
import { tasks } from "../../api/cloud.js";
import { texts } from "../../state/language.js";
import { showNotice } from "../../state/notices.js";
import { useResource } from "../../state/resource.js";
import { mayOperate } from "../../state/session.js";
import { Button } from "../../view/button.js";
import { Confirm } from "../../view/dialog.js";
import { Link } from "../../view/link.js";
import { TaskMark } from "../../view/mark.js";
import { Problem } from "../../view/problem.js";
import { TaskLog } from "../log/task-log.js";
import { isOpen } from "./plan-counts.js";
import { ReasonText } from "./task-columns.js";
import { loadTaskHistory } from "./task-history.js";

/** The log of a device beside its row. Escape closes it. */
export function TaskPanel(props: { readonly planId: number; readonly taskId: number; onClose(): void }) {
  const { planId, taskId, onClose } = props;
  const { common, log, plans: words } = texts.value;
  const panel = useRef<HTMLElement>(null);
  const deviceName = useRef("");
  const { value, error, isLoading, reload } = useResource(
    (signal) => loadTaskHistory(planId, taskId, signal),
    [planId, taskId],
    (change) =>
      change.kind === "event" &&
      (change.event.taskId === taskId || change.event.device?.deviceName === deviceName.current),
  );
  deviceName.current = value?.task.deviceName ?? "";
  useEffect(() => panel.current?.focus({ preventScroll: true }), []);
  const close = (): void => {
    document.querySelector<HTMLElement>("tr[aria-current='true']")?.focus({ preventScroll: true });
    onClose();
  };
  const task = value?.task;
  return (
    <aside
      ref={panel}
      class="plan-panel"
      tabIndex={-1}
      aria-label={words.openLog(task?.deviceName ?? "")}
      onKeyDown={(event: KeyboardEvent) => {
        if (event.key === "Escape" && !(event.target as Element).closest("dialog")) close();
      }}
    >
      <header class="plan-panel-head">
        <h2 class="id">{task?.deviceName ?? log.title}</h2>
        <button type="button" class="notice-close" aria-label={common.close} onClick={close}>
          ×
        </button>
      </header>
      {error === undefined ? null : <Problem error={error} onRetry={reload} />}
      {value === undefined && error === undefined ? (
        <p class="quiet">{isLoading ? common.loading : common.nothingFound}</p>
      ) : null}
      {task === undefined ? null : (
        <p>
          <Link to={`/devices/${encodeURIComponent(task.productId)}/${encodeURIComponent(task.deviceName)}`}>
            {words.toDevice}
          </Link>
        </p>
      )}
      {value?.sections.map((section) => (
        <section key={section.task.id}>
          <TaskHead task={section.task} withComponent={value.sections.length > 1} onDone={reload} />
          <TaskLog label={words.openLog(section.task.deviceName)} events={section.events} />
        </section>
      ))}
      {value?.isCut === true ? <p class="quiet">{words.logTooLong}</p> : null}
    </aside>
  );
}

function TaskHead(props: { readonly task: TaskView; readonly withComponent: boolean; onDone(): void }) {
  const { task, withComponent, onDone } = props;
  const words = texts.value.plans;
  const [isAsked, setAsked] = useState(false);
  const cancel = async (): Promise<void> => {
    await tasks.cancel(task.id);
    showNotice(words.done.cancelTask);
    onDone();
  };
  return (
    <div class="plan-task">
      {withComponent ? <h3>{task.component}</h3> : null}
      <p>
        <TaskMark state={task.state} /> <ReasonText task={task} /> <span class="id quiet">→ {task.version}</span>
      </p>
      {mayOperate.value && isOpen(task.state) ? (
        <Button kind="danger" onPress={() => setAsked(true)}>
          {words.cancelTask}
        </Button>
      ) : null}
      {isAsked ? (
        <Confirm title={words.cancelTask} action={words.cancelTask} onConfirm={cancel} onClose={() => setAsked(false)}>
          <p>{words.confirm.cancelTask(task.deviceName)}</p>
        </Confirm>
      ) : null}
    </div>
  );
}
