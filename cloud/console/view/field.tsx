import type { ComponentChildren, VNode } from "preact";
import { useId } from "preact/hooks";

export interface FieldIds {
  readonly id: string;
  readonly "aria-describedby": string | undefined;
  readonly "aria-invalid": boolean | undefined;
}

/** A field of a form: the label above it, one sentence of help below, and the error where the mistake is. */
export function Field(props: {
  readonly label: string;
  readonly help?: ComponentChildren;
  readonly error?: string | undefined;
  /** @param ids what the input must carry */
  readonly children: (ids: FieldIds) => VNode;
}) {
  const { label, help, error, children } = props;
  const id = useId();
  const describedBy = [...(help === undefined ? [] : [`${id}-help`]), ...(error === undefined ? [] : [`${id}-error`])];
  return (
    <div class={error === undefined ? "field" : "field field-wrong"}>
      <label for={id}>{label}</label>
      {children({
        id,
        "aria-describedby": describedBy.length === 0 ? undefined : describedBy.join(" "),
        "aria-invalid": error === undefined ? undefined : true,
      })}
      {error === undefined ? null : (
        <p class="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
      {help === undefined ? null : (
        <p class="field-help" id={`${id}-help`}>
          {help}
        </p>
      )}
    </div>
  );
}

interface TextFieldProps {
  readonly label: string;
  readonly help?: ComponentChildren;
  readonly error?: string | undefined;
  readonly value: string;
  readonly type?: "text" | "number" | "password" | "search";
  readonly placeholder?: string;
  readonly lines?: number;
  readonly disabled?: boolean;
  readonly maxLength?: number;
  onValue(value: string): void;
}

export function TextField(props: TextFieldProps) {
  const { label, help, error, value, type = "text", placeholder, lines, disabled, maxLength, onValue } = props;
  const common = { value, placeholder, disabled, maxLength };
  return (
    <Field label={label} help={help} error={error}>
      {(ids) =>
        lines === undefined ? (
          <input
            {...({ ...ids, ...common, type } as { type: "text" })}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => onValue(event.currentTarget.value)}
          />
        ) : (
          <textarea {...ids} {...common} rows={lines} onInput={(event) => onValue(event.currentTarget.value)} />
        )
      }
    </Field>
  );
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

export function SelectField(props: {
  readonly label: string;
  readonly help?: ComponentChildren;
  readonly error?: string | undefined;
  readonly value: string;
  readonly choices: readonly Choice[];
  readonly disabled?: boolean;
  onValue(value: string): void;
}) {
  const { label, help, error, value, choices, disabled, onValue } = props;
  return (
    <Field label={label} help={help} error={error}>
      {(ids) => (
        <select {...ids} value={value} disabled={disabled} onChange={(event) => onValue(event.currentTarget.value)}>
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function Check(props: {
  readonly label: string;
  readonly help?: ComponentChildren;
  readonly checked: boolean;
  onValue(checked: boolean): void;
}) {
  const { label, help, checked, onValue } = props;
  const id = useId();
  return (
    <div class="field field-check">
      <input
        id={id}
        type="checkbox"
        checked={checked}
        aria-describedby={help === undefined ? undefined : `${id}-help`}
        onChange={(event) => onValue(event.currentTarget.checked)}
      />
      <label for={id}>{label}</label>
      {help === undefined ? null : (
        <p class="field-help" id={`${id}-help`}>
          {help}
        </p>
      )}
    </div>
  );
}

/** One of a few, all of them visible. */
export function Radios(props: {
  readonly legend: string;
  readonly value: string;
  readonly choices: readonly (Choice & { readonly help?: string })[];
  onValue(value: string): void;
}) {
  const { legend, value, choices, onValue } = props;
  const name = useId();
  return (
    <fieldset class="field radios">
      <legend>{legend}</legend>
      {choices.map((choice) => (
        <div key={choice.value} class="field-check">
          <input
            id={`${name}-${choice.value}`}
            type="radio"
            name={name}
            checked={choice.value === value}
            onChange={() => onValue(choice.value)}
          />
          <label for={`${name}-${choice.value}`}>{choice.label}</label>
          {choice.help === undefined ? null : <p class="field-help">{choice.help}</p>}
        </div>
      ))}
    </fieldset>
  );
}
