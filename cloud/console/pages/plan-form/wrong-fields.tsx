import { texts } from "../../state/language.js";
import { wordOf } from "../../text/words.js";
import type { FormError } from "./errors.js";
import type { Step } from "./steps.js";

/** What is missing or wrong, each with a way to its step. */
export function WrongFields(props: {
  readonly title: string;
  readonly errors: readonly FormError[];
  onStep(step: Step): void;
}) {
  const { title, errors, onStep } = props;
  return (
    <div class="plan-form-wrong">
      <p>{title}</p>
      <ul>
        {errors.map(({ field, step, text }, index) => (
          <li key={`${field} ${index}`}>
            <button type="button" class="button plain" onClick={() => onStep(step)}>
              {fieldWords(field)}
            </button>{" "}
            {text}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** @returns the field's name: that of its key in plan.json, and the number or the language behind it */
function fieldWords(field: string): string {
  const { fields, languages, textBody, textTitle } = texts.value.planForm;
  const [, key = "", place, more = "", part] = /^([^.[]*)(?:\[(\d+)\])?(?:\.([^.]*))?(?:\.(.*))?/.exec(field) ?? [];
  const word = wordOf(fields, key);
  if (place !== undefined) return `${word} ${Number(place) + 1}`;
  if (key !== "texts" || more === "") return word;
  return `${wordOf(languages, more)}: ${part === "body" ? textBody : part === "title" ? textTitle : word}`;
}
