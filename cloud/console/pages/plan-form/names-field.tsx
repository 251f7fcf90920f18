import type { ComponentChildren } from "preact";
import { useId, useMemo } from "preact/hooks";
import { texts } from "../../state/language.js";
import { saveFile } from "../../view/copy.js";
import { Button } from "../../view/button.js";
import { Field } from "../../view/field.js";
import { namesIn } from "./names.js";

/** A list of names, pasted or from a file. What can be no name is left out, and can be kept as a file. */
export function NamesField(props: {
  readonly label: string;
  readonly help?: ComponentChildren;
  readonly error?: string | undefined;
  /** Of the file with the rejected entries, without its ending. */
  readonly fileName: string;
  readonly value: string;
  onValue(value: string): void;
}) {
  const { label, help, error, fileName, value, onValue } = props;
  const { planForm } = texts.value;
  const file = useId();
  const { names, rejected } = useMemo(() => namesIn(value), [value]);
  const read = async (input: HTMLInputElement): Promise<void> => {
    const [chosen] = input.files ?? [];
    const text = await chosen?.text();
    // The same file can be chosen again.
    input.value = "";
    if (text !== undefined) onValue(value.trim() === "" ? text : `${value.trimEnd()}\n${text}`);
  };
  return (
    <div class="plan-form-names">
      <Field label={label} help={help} error={error}>
        {(ids) => (
          <textarea
            {...ids}
            rows={3}
            spellcheck={false}
            class="plan-form-code"
            value={value}
            onInput={(event) => onValue(event.currentTarget.value)}
          />
        )}
      </Field>
      <p class="plan-form-names-foot">
        <label class="button" for={file}>
          {planForm.fromFile}
        </label>
        <input
          id={file}
          type="file"
          class="hidden"
          accept=".txt,.csv,text/plain,text/csv"
          aria-label={`${label}: ${planForm.fromFile}`}
          onChange={(event) => void read(event.currentTarget)}
        />
        <span class="quiet" role="status">
          {value.trim() === "" ? "" : planForm.names(names.length)}
        </span>
      </p>
      {rejected.length === 0 ? null : (
        <p class="plan-form-rejected" role="status">
          {planForm.rejected(rejected.length)}{" "}
          <Button
            kind="plain"
            onPress={() => saveFile(`${fileName}-rejected.txt`, `${rejected.join("\n")}\n`, "text/plain")}
          >
            {planForm.saveRejected}
          </Button>
        </p>
      )}
    </div>
  );
}
