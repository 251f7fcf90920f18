import { useEffect, useState } from "preact/hooks";
import { fleet } from "../../api/cloud.js";
import type { ApiError } from "../../api/request.js";
import { texts } from "../../state/language.js";
import { showNotice } from "../../state/notices.js";
import { asApiError, useResource } from "../../state/resource.js";
import { mayAdminister, noticeError } from "../../state/session.js";
import { TextField } from "../../view/field.js";
import { Problem, ProblemText } from "../../view/problem.js";

/** Days. */
const LEAST = 1;
const MOST = 3650;

/** How long events are kept. */
export function Retention() {
  const { settings: words, common } = texts.value;
  const loaded = useResource(fleet.settings, []);
  const [days, setDays] = useState("");
  const [error, setError] = useState<ApiError>();
  useEffect(() => {
    if (loaded.value !== undefined) setDays(String(loaded.value.keepEventsDays));
  }, [loaded.value]);
  const count = Number(days);
  const isWrong = days.trim() === "" || !Number.isInteger(count) || count < LEAST || count > MOST;
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await fleet.changeSettings({ keepEventsDays: count });
      setError(undefined);
      showNotice(common.saved);
      loaded.reload();
    } catch (thrown) {
      noticeError(thrown);
      setError(asApiError(thrown));
    }
  };
  return (
    <section class="panel" aria-labelledby="retention">
      <h2 id="retention">{words.retention}</h2>
      {loaded.error === undefined ? null : <Problem error={loaded.error} onRetry={loaded.reload} />}
      <form class="form" onSubmit={(event) => void save(event)}>
        <TextField
          label={words.keepEvents}
          help={words.keepEventsHelp}
          type="number"
          value={days}
          disabled={!mayAdminister.value}
          error={loaded.value !== undefined && isWrong ? words.daysWrong(LEAST, MOST) : undefined}
          onValue={setDays}
        />
        {error === undefined ? null : (
          <p class="field-error" role="alert">
            <ProblemText error={error} />
          </p>
        )}
        {mayAdminister.value ? (
          <div>
            <button type="submit" class="button" disabled={isWrong || count === loaded.value?.keepEventsDays}>
              {common.save}
            </button>
          </div>
        ) : null}
      </form>
    </section>
  );
}
