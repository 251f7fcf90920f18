import { useId, useState } from "preact/hooks";
import { locale, texts } from "../../state/language.js";
import { wholeNumber } from "../../text/numbers.js";
import { TextField } from "../../view/field.js";
import type { StepProps } from "./step-props.js";

/** The versions that devices run, each with how many; one that nobody runs yet can be written. */
export function VersionChoice({ form, reference, change, errorOf }: StepProps) {
  const { common, planForm } = texts.value;
  const id = useId();
  const [other, setOther] = useState("");
  const { from, packages } = form;
  const components = packages.map(({ component }) => component);
  const running = (reference.versions ?? []).filter(({ component }) => components.includes(component));
  const known = [...new Set([...running.map(({ version }) => version), ...from])];
  const countOf = (version: string): string =>
    running
      .filter((each) => each.version === version)
      .map((each) => {
        const count = wholeNumber(each.devices, locale.value);
        return components.length > 1 ? `${each.component} ${count}` : common.devices(each.devices);
      })
      .join(", ");
  const add = (): void => {
    const version = other.trim();
    if (version !== "" && !from.includes(version)) change({ from: [...from, version] });
    setOther("");
  };
  const error = errorOf("from");
  return (
    <fieldset class={error === undefined ? "field" : "field field-wrong"}>
      <legend>{planForm.fromVersions}</legend>
      {error === undefined ? null : <p class="field-error">{error}</p>}
      {known.length === 0 ? <p class="quiet">{planForm.noVersions}</p> : null}
      {known.map((version, index) => (
        <div key={version} class="field-check">
          <input
            id={`${id}-${index}`}
            type="checkbox"
            checked={from.includes(version)}
            onChange={(event) =>
              change({
                from: event.currentTarget.checked ? [...from, version] : from.filter((each) => each !== version),
              })
            }
          />
          <label for={`${id}-${index}`}>
            <span class="id">{version}</span> <span class="quiet">{countOf(version)}</span>
          </label>
        </div>
      ))}
      <div class="plan-form-add">
        <TextField label={planForm.otherVersion} value={other} onValue={setOther} />
        <button type="button" class="button" disabled={other.trim() === ""} onClick={add}>
          {planForm.addVersion}
        </button>
      </div>
    </fieldset>
  );
}
