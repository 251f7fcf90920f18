import { texts } from "../state/language.js";
import { dismiss, notices } from "../state/notices.js";
import { ProblemText } from "./problem.js";

/** What was done or went wrong, at the page's edge; a screen reader hears it. */
export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ id, text, error }) => (
        <div key={id} class={error === undefined ? "notice" : "notice notice-error"}>
          {error === undefined ? <span>{text}</span> : <ProblemText error={error} />}
          <button type="button" class="notice-close" aria-label={texts.value.common.close} onClick={() => dismiss(id)}>
            ×
          </button>
        </div>
      ))}
    </div>
  );
}
