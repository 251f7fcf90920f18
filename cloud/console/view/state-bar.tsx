import type { TaskStateName } from "../../operator/types.js";
import { locale, texts } from "../state/language.js";
import { wholeNumber } from "../text/numbers.js";
import { wordOf } from "../text/words.js";
import { TASK_TONES, TaskMark } from "./mark.js";

type Counts = { readonly [state in TaskStateName]: number };

/** In the order of the bar: what is good on the left, what is open on the right. */
export const BAR_ORDER: readonly TaskStateName[] = [
  "succeeded",
  "trial",
  "burning",
  "downloading",
  "asked",
  "offered",
  "failed",
  "silent",
  "declined",
  "cancelled",
  "superseded",
  "waiting",
];

export function totalOf(counts: Counts): number {
  return BAR_ORDER.reduce((sum, state) => sum + counts[state], 0);
}

/** The picture of a plan: a bar in which each state has its part of all devices. */
export function StateBar({ counts, size = "large" }: { readonly counts: Counts; readonly size?: "large" | "small" }) {
  const total = totalOf(counts);
  const words = texts.value.codes.taskState;
  const label = BAR_ORDER.filter((state) => counts[state] > 0)
    .map((state) => `${wordOf(words, state)} ${counts[state]}`)
    .join(", ");
  return (
    <div class={`bar bar-${size}`} role="img" aria-label={label === "" ? texts.value.common.none : label}>
      {BAR_ORDER.filter((state) => counts[state] > 0).map((state) => (
        <span
          key={state}
          class={`bar-part bar-${state} tone-${TASK_TONES[state]}`}
          title={`${wordOf(words, state)} ${counts[state]}`}
          style={{ flexGrow: String(counts[state] / Math.max(1, total)) }}
        />
      ))}
    </div>
  );
}

/** What the parts of the bar are, each with its count; a click chooses one. */
export function StateLegend(props: {
  readonly counts: Counts;
  readonly chosen?: string;
  onChoose?(state: TaskStateName | ""): void;
}) {
  const { counts, chosen, onChoose } = props;
  return (
    <ul class="legend">
      {BAR_ORDER.filter((state) => counts[state] > 0 || state === chosen).map((state) => (
        <li key={state}>
          <button
            type="button"
            class="legend-item"
            disabled={onChoose === undefined}
            aria-pressed={onChoose === undefined ? undefined : state === chosen}
            onClick={() => onChoose?.(state === chosen ? "" : state)}
          >
            <TaskMark state={state} /> <span class="figure">{wholeNumber(counts[state], locale.value)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
