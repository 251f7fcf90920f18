import { useState } from "preact/hooks";
import { locale, texts } from "../../state/language.js";
import { wholeNumber } from "../../text/numbers.js";
import { Button } from "../../view/button.js";
import { NumberField } from "./number-field.js";
import { stageWords } from "./stage-words.js";
import { stageSize, withCanary, withStage } from "./stages.js";
import { askedByDefault } from "./plan-form-state.js";
import type { StepProps } from "./step-props.js";

export function StepPace(props: StepProps) {
  const { form, change, errorOf } = props;
  const { planForm } = texts.value;
  const components = form.packages.map(({ component }) => component);
  return (
    <>
      <div class="field-row">
        <NumberField
          label={planForm.maxInFlight}
          help={planForm.maxInFlightHelp}
          value={form.maxInFlight}
          error={errorOf("pace.maxInFlight")}
          onValue={(maxInFlight) => change({ maxInFlight })}
        />
        <NumberField
          label={planForm.perMinute}
          value={form.perMinute}
          error={errorOf("pace.perMinute")}
          onValue={(perMinute) => change({ perMinute })}
        />
        {form.mode === "silent" ? null : (
          <NumberField
            label={planForm.maxAsked}
            help={planForm.maxAskedHelp(askedByDefault(Number(form.maxInFlight)))}
            value={form.maxAsked}
            error={errorOf("pace.maxAsked")}
            onValue={(maxAsked) => change({ maxAsked })}
          />
        )}
      </div>
      <Stages {...props} />
      <Canary {...props} />
      {components.length < 2 ? null : <p class="quiet">{planForm.orderNote(components.join(planForm.thenNext))}</p>}
    </>
  );
}

function Stages({ form, reference, change, errorOf }: StepProps) {
  const { common, planForm } = texts.value;
  const { stages } = form;
  const error = errorOf("pace.stages");
  return (
    <fieldset class={error === undefined ? "field" : "field field-wrong"}>
      <legend>{planForm.stages}</legend>
      <p class="field-help">{planForm.stagesHelp}</p>
      {error === undefined ? null : <p class="field-error">{error}</p>}
      <ol class="plan-form-stages">
        {stages.map((stage, index) => {
          const wrong = errorOf(`pace.stages[${index}]`);
          return (
            <li key={index} class={wrong === undefined ? undefined : "field-wrong"}>
              <span class="plan-form-number">
                <input
                  aria-label={`${planForm.stage(index + 1)}, %`}
                  aria-invalid={wrong === undefined ? undefined : true}
                  inputMode="numeric"
                  autocomplete="off"
                  value={stage}
                  onInput={(event) => {
                    const { value } = event.currentTarget;
                    change({ stages: stages.map((each, place) => (place === index ? value : each)) });
                  }}
                />
                <span class="quiet">%</span>
              </span>
              <span class="quiet">{stageWords(stage, reference.matches, form.packages.length)}</span>
              <button
                type="button"
                class="button plain"
                disabled={stages.length === 1}
                title={common.remove}
                aria-label={`${planForm.stage(index + 1)}: ${common.remove}`}
                onClick={() => change({ stages: stages.filter((_, place) => place !== index) })}
              >
                ×
              </button>
              {wrong === undefined ? null : <p class="field-error">{wrong}</p>}
            </li>
          );
        })}
      </ol>
      <Button kind="plain" onPress={() => change({ stages: withStage(stages) })}>
        + {planForm.addStage}
      </Button>
    </fieldset>
  );
}

const CANARY = "1";

function Canary({ form, reference, change }: StepProps) {
  const { planForm } = texts.value;
  const [wanted, setWanted] = useState(CANARY);
  const { matches } = reference;
  const count = Number(wanted);
  const isRight = Number.isInteger(count) && count >= 1;
  const least = stageSize(matches ?? 0, 1);
  const help =
    matches === undefined || matches === 0
      ? planForm.canaryUnknown
      : planForm.canaryHelp(wholeNumber(least, locale.value));
  return (
    <div class="plan-form-add">
      <NumberField label={planForm.canary} help={help} value={wanted} onValue={setWanted} />
      <button
        type="button"
        class="button"
        disabled={!isRight || matches === undefined || matches === 0}
        onClick={() => change({ stages: withCanary(form.stages, matches ?? 0, count) })}
      >
        {planForm.canarySet}
      </button>
    </div>
  );
}
