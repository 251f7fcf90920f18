import { useState } from "preact/hooks";
import { plans } from "../../api/cloud.js";
import { texts } from "../../state/language.js";
import { showNotice } from "../../state/notices.js";
import { Button } from "../../view/button.js";
import { Confirm } from "../../view/dialog.js";

/** What can be done with the selected rows: those that ended without success get a further try. */
export function RetrySelected(props: {
  readonly planId: number;
  /** Rows that are selected. */
  readonly selected: number;
  /** Those of them that can be retried. */
  readonly tasks: readonly number[];
  onDone(): void;
}) {
  const { planId, selected, tasks, onDone } = props;
  const { common, plans: words } = texts.value;
  const [isAsked, setAsked] = useState(false);
  const retry = async (): Promise<void> => {
    await plans.retry(planId, tasks);
    showNotice(words.done.retry);
    onDone();
  };
  return (
    <div class="selection-bar" role="status">
      <span>{common.selected(selected)}</span>
      {tasks.length === 0 ? (
        <span class="quiet">{words.retryNone}</span>
      ) : (
        <Button onPress={() => setAsked(true)}>{words.retrySelected(tasks.length)}</Button>
      )}
      {isAsked ? (
        <Confirm
          title={words.retrySelected(tasks.length)}
          action={words.retrySelected(tasks.length)}
          kind="primary"
          onConfirm={retry}
          onClose={() => setAsked(false)}
        >
          <p>{words.confirm.retryTasks(tasks.length)}</p>
        </Confirm>
      ) : null}
    </div>
  );
}
