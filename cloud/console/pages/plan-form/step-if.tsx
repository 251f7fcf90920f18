import { texts } from "../../state/language.js";
import { Radios } from "../../view/field.js";
import { haltSentence } from "./halt-words.js";
import { DurationField, NumberField } from "./number-field.js";
import { isDemo } from "./proposals.js";
import { RetryTable } from "./retry-table.js";
import type { StepProps } from "./step-props.js";

export function StepIf(props: StepProps) {
  const { form, change, errorOf } = props;
  const { planForm } = texts.value;
  return (
    <>
      <fieldset class="field">
        <legend>{planForm.halt}</legend>
        <div class="field-row">
          <NumberField
            label={planForm.haltPercent}
            unit="%"
            value={form.haltPercent}
            error={errorOf("halt.percent")}
            onValue={(haltPercent) => change({ haltPercent })}
          />
          <NumberField
            label={planForm.haltAtLeast}
            value={form.haltAtLeast}
            error={errorOf("halt.atLeast")}
            onValue={(haltAtLeast) => change({ haltAtLeast })}
          />
        </div>
        <p class="field-help" role="status">
          {haltSentence(form.haltPercent, form.haltAtLeast)}
        </p>
      </fieldset>
      <RetryTable {...props} />
      <div class="field-row">
        <DurationField
          label={planForm.silentAfter}
          help={isDemo(form.product) ? planForm.silentDemo : planForm.silentAfterHelp}
          value={form.silentAfter}
          error={errorOf("silentAfterSeconds")}
          onValue={(silentAfter) => change({ silentAfter })}
        />
        <DurationField
          label={planForm.answerWithin}
          help={planForm.answerWithinHelp}
          value={form.answerWithin}
          error={errorOf("answerWithinSeconds")}
          onValue={(answerWithin) => change({ answerWithin })}
        />
      </div>
      <Radios
        legend={planForm.conflict}
        value={form.conflict}
        choices={[
          { value: "wait", label: planForm.conflicts.wait },
          { value: "replace", label: planForm.conflicts.replace },
        ]}
        onValue={(conflict) => change({ conflict: conflict === "replace" ? "replace" : "wait" })}
      />
    </>
  );
}
