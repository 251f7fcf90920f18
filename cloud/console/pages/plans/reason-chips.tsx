import type { TaskStateName } from "../../../operator/types.js";
import type { ReasonCount } from "../../../operator/types.js";
import { locale, texts } from "../../state/language.js";
import { wholeNumber } from "../../text/numbers.js";
import { wordOf } from "../../text/words.js";
import { TASK_TONES } from "../../view/mark.js";
import { chipsOf } from "./chips.js";

/** How often which reason is there; a click filters by it. */
export function ReasonChips(props: {
  readonly items: readonly ReasonCount[];
  readonly state: string;
  readonly reason: string;
  onChoose(state: TaskStateName, reason: string): void;
}) {
  const { items, state, reason, onChoose } = props;
  const { codes, plans: words } = texts.value;
  const chips = chipsOf(items, state);
  if (chips.length === 0) return null;
  return (
    <fieldset class="chips" aria-label={words.reasons}>
      {chips.map((chip) => {
        const isChosen = chip.state === state && chip.reason === reason;
        return (
          <button
            key={`${chip.state} ${chip.reason}`}
            type="button"
            class={`chip tone-${TASK_TONES[chip.state]}`}
            aria-pressed={isChosen}
            onClick={() => onChoose(chip.state, isChosen ? "" : chip.reason)}
          >
            <span class="chip-state">{wordOf(codes.taskState, chip.state)}</span> {wordOf(codes.reason, chip.reason)}{" "}
            <span class="figure">{wholeNumber(chip.tasks, locale.value)}</span>
          </button>
        );
      })}
    </fieldset>
  );
}
