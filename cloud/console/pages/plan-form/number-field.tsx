import type { ComponentChildren } from "preact";
import { texts } from "../../state/language.js";
import { Field } from "../../view/field.js";
import { type Amount, BYTE_UNITS, type ByteUnit, DURATION_UNITS, type DurationUnit } from "./plan-form-state.js";

interface NumberFieldProps {
  readonly label: string;
  readonly help?: ComponentChildren;
  readonly error?: string | undefined;
  readonly value: string;
  /** Stands behind the number: `%`. */
  readonly unit?: string;
  onValue(value: string): void;
}

/** A number as it is typed: one that is not right stays where it is, beside what is wrong with it. */
export function NumberField({ label, help, error, value, unit, onValue }: NumberFieldProps) {
  return (
    <Field label={label} help={help} error={error}>
      {(ids) => (
        <span class="plan-form-number">
          <input
            {...ids}
            inputMode="numeric"
            autocomplete="off"
            value={value}
            onInput={(event) => onValue(event.currentTarget.value)}
          />
          {unit === undefined ? null : <span class="quiet">{unit}</span>}
        </span>
      )}
    </Field>
  );
}

interface AmountFieldProps<Unit extends string> {
  readonly label: string;
  readonly help?: ComponentChildren;
  readonly error?: string | undefined;
  readonly value: Amount<Unit>;
  onValue(value: Amount<Unit>): void;
}

export function DurationField(props: AmountFieldProps<DurationUnit>) {
  return <AmountField {...props} units={Object.keys(DURATION_UNITS) as DurationUnit[]} />;
}

export function SizeField(props: AmountFieldProps<ByteUnit>) {
  return <AmountField {...props} units={Object.keys(BYTE_UNITS) as ByteUnit[]} />;
}

function AmountField<Unit extends DurationUnit | ByteUnit>(
  props: AmountFieldProps<Unit> & { readonly units: readonly Unit[] },
) {
  const { label, help, error, value, units, onValue } = props;
  const { planForm } = texts.value;
  return (
    <Field label={label} help={help} error={error}>
      {(ids) => (
        <span class="plan-form-number">
          <input
            {...ids}
            inputMode="decimal"
            autocomplete="off"
            value={value.amount}
            onInput={(event) => onValue({ ...value, amount: event.currentTarget.value })}
          />
          <select
            aria-label={`${label}, ${planForm.unit}`}
            value={value.unit}
            onChange={(event) => onValue({ ...value, unit: event.currentTarget.value as Unit })}
          >
            {units.map((unit) => (
              <option key={unit} value={unit}>
                {planForm.units[unit]}
              </option>
            ))}
          </select>
        </span>
      )}
    </Field>
  );
}
