import { texts } from "../../state/language.js";
import { Button } from "../../view/button.js";
import { DURATION_UNITS, type DurationUnit, type RetryEntry } from "./plan-form-state.js";
import { RETRY_CODES } from "./problems.js";
import { retryCodeWord } from "./retry-words.js";
import type { StepProps } from "./step-props.js";

/** Which results are tried again, how often, and after how long. */
export function RetryTable({ form, change, errorOf }: StepProps) {
  const { common, planForm } = texts.value;
  const { retry } = form;
  const set = (index: number, patch: Partial<RetryEntry>): void =>
    change({ retry: retry.map((each, place) => (place === index ? { ...each, ...patch } : each)) });
  const unused = RETRY_CODES.find((code) => !retry.some((rule) => rule.code === code)) ?? "*";
  return (
    <fieldset class="field">
      <legend>{planForm.retry}</legend>
      <p class="field-help">{planForm.retryHelp}</p>
      {retry.length === 0 ? (
        <p class="quiet">{planForm.noRetry}</p>
      ) : (
        <table class="plan-form-retry">
          <thead>
            <tr>
              <th scope="col">{planForm.code}</th>
              <th scope="col">{planForm.times}</th>
              <th scope="col" colSpan={2}>
                {planForm.after}
              </th>
              <td />
            </tr>
          </thead>
          <tbody>
            {retry.map((rule, index) => (
              <RetryRow
                key={index}
                rule={rule}
                error={
                  errorOf(`retry[${index}].code`) ??
                  errorOf(`retry[${index}].times`) ??
                  errorOf(`retry[${index}].afterSeconds`)
                }
                onChange={(patch) => set(index, patch)}
                onRemove={() => change({ retry: retry.filter((_, place) => place !== index) })}
                remove={common.remove}
              />
            ))}
          </tbody>
        </table>
      )}
      <Button
        kind="plain"
        onPress={() =>
          change({ retry: [...retry, { code: unused, times: "1", after: { amount: "1", unit: "minutes" } }] })
        }
      >
        + {planForm.addRule}
      </Button>
    </fieldset>
  );
}

function RetryRow(props: {
  readonly rule: RetryEntry;
  readonly error: string | undefined;
  readonly remove: string;
  onChange(patch: Partial<RetryEntry>): void;
  onRemove(): void;
}) {
  const { rule, error, remove, onChange, onRemove } = props;
  const { planForm } = texts.value;
  const { code, times, after } = rule;
  const name = retryCodeWord(code);
  return (
    <>
      <tr class={error === undefined ? undefined : "field-wrong"}>
        <td>
          <select
            aria-label={planForm.code}
            value={code}
            onChange={(event) => onChange({ code: event.currentTarget.value })}
          >
            {RETRY_CODES.map((each) => (
              <option key={each} value={each}>
                {retryCodeWord(each)}
              </option>
            ))}
          </select>
        </td>
        <td>
          <input
            aria-label={`${name}: ${planForm.times}`}
            inputMode="numeric"
            autocomplete="off"
            value={times}
            onInput={(event) => onChange({ times: event.currentTarget.value })}
          />
        </td>
        <td>
          <input
            aria-label={`${name}: ${planForm.after}`}
            inputMode="decimal"
            autocomplete="off"
            value={after.amount}
            onInput={(event) => onChange({ after: { ...after, amount: event.currentTarget.value } })}
          />
        </td>
        <td>
          <select
            aria-label={`${name}: ${planForm.after}, ${planForm.unit}`}
            value={after.unit}
            onChange={(event) => onChange({ after: { ...after, unit: event.currentTarget.value as DurationUnit } })}
          >
            {Object.keys(DURATION_UNITS).map((unit) => (
              <option key={unit} value={unit}>
                {planForm.units[unit as DurationUnit]}
              </option>
            ))}
          </select>
        </td>
        <td>
          <button
            type="button"
            class="button plain"
            aria-label={`${name}: ${remove}`}
            title={remove}
            onClick={onRemove}
          >
            ×
          </button>
        </td>
      </tr>
      {error === undefined ? null : (
        <tr>
          <td colSpan={5} class="field-error">
            {error}
          </td>
        </tr>
      )}
    </>
  );
}
